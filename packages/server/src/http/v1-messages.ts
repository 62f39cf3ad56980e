/** The messages of an address: browse without consuming, send, purge. */
import { checkValue, messageInput, ProblemError, problemError, problemOf } from '@millrace/contract';
import type { AddressMessages, MessageToSend } from '@millrace/controller';
import type { Authorizer } from '@millrace/security';
import type { z } from 'zod';
import { PAGE_LIMIT } from './paging.js';
import { demand } from './permission.js';
import { readJson, readText, requireMediaType } from './request-body.js';
import { integer, json, type Route } from './route.js';

const PATH = '/v1/addresses/{name}/messages';
const BODY = { 'application/json': messageInput, 'text/plain': undefined, 'application/octet-stream': undefined };
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function messageRoutes(messages: AddressMessages, authorizer: Authorizer): readonly Route[] {
  return [
    {
      method: 'GET',
      path: PATH,
      operation: 'browseMessages',
      summary: 'Oldest first, without consuming',
      query: [
        { name: 'limit', type: 'integer', summary: 'how many at most, 1 to 1000; 100 without it' },
        { name: 'after', type: 'integer', summary: 'id of the last message seen' },
      ],
      answers: { 200: { summary: 'messages', schema: 'MessagePage' } },
      handle: async ({ name, query, principal }) => {
        demand(authorizer, principal, 'recv', name);
        const limit = integer(query, 'limit', PAGE_LIMIT);
        const after = integer(query, 'after', { least: 0, most: Number.MAX_SAFE_INTEGER, otherwise: 0 });
        return json({ items: await messages.browse(name, { limit, after }) });
      },
    },
    {
      method: 'POST',
      path: PATH,
      operation: 'sendMessage',
      summary: 'Sends one message; answers when it was accepted',
      body: BODY,
      answers: { 200: { summary: 'accepted', schema: 'Sent' } },
      handle: async ({ name, request, principal }) => {
        demand(authorizer, principal, 'send', name);
        await messages.send(name, await readMessage(request));
        return json({ sent: 1 });
      },
    },
    {
      method: 'DELETE',
      path: PATH,
      operation: 'purgeMessages',
      summary: 'Deletes all stored messages',
      answers: { 200: { summary: 'how many', schema: 'Purged' } },
      handle: async ({ name, principal }) => {
        demand(authorizer, principal, 'manage', name);
        return json({ purged: await messages.purge(name) });
      },
    },
  ];
}

async function readMessage(request: Request): Promise<MessageToSend> {
  switch (requireMediaType(request, Object.keys(BODY))) {
    case 'text/plain':
      return { body: new TextEncoder().encode(await readText(request)), binary: false, contentType: 'text/plain' };
    case 'application/octet-stream':
      return { body: new Uint8Array(await request.arrayBuffer()), binary: true };
    default:
      return fromJson(await readJson(request));
  }
}

function fromJson(value: unknown): MessageToSend {
  const checked = checkValue<z.output<typeof messageInput>>(messageInput, value);
  if (!checked.ok) {
    throw new ProblemError(problemOf('invalid-document', checked.details[0]!.detail, checked.details));
  }
  const { body, bodyEncoding, ttl, ...others } = checked.value;
  const binary = bodyEncoding === 'base64';
  if (binary && !BASE64.test(body)) {
    const detail = 'body is not base64 (RFC 4648 §4, with padding)';
    throw problemError('invalid-document', detail, [{ pointer: '/body', code: 'format', detail }]);
  }
  const given = Object.fromEntries(Object.entries(others).filter(([, field]) => field !== undefined));
  const expiry = ttl === undefined ? {} : { ttlMs: ttl };
  return { ...given, ...expiry, body: Buffer.from(body, binary ? 'base64' : 'utf8'), binary };
}

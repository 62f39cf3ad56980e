/** The messages of an address: browse without consuming, send, purge; one alone; move and redrive. */
import { messageInput, moveInput, problemError, type RedriveInput, redriveInput } from '@millrace/contract';
import type { AddressMessages, MessageToSend, TransferOptions } from '@millrace/controller';
import type { Authorizer } from '@millrace/security';
import { conditionsOf } from './listing.js';
import { MESSAGE_LISTING, MESSAGE_PARAMETERS, messagePage } from './message-listing.js';
import { demand } from './permission.js';
import { checkedBody, readJson, readText, requireMediaType } from './request-body.js';
import { type Call, json, type Route } from './route.js';
import { operationAnswer, WAIT } from './v1-operations.js';

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
      query: MESSAGE_PARAMETERS,
      answers: { 200: { summary: 'messages', schema: 'MessagePage' } },
      handle: async ({ name, query, principal }) => {
        demand(authorizer, principal, 'recv', name);
        return json(await messagePage(messages, name, query));
      },
    },
    {
      method: 'POST',
      path: PATH,
      operation: 'sendMessage',
      summary: 'Sends one message; answers when it was accepted',
      idempotent: true,
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
    ...oneMessageRoutes(messages, authorizer),
    ...transferRoutes(messages, authorizer),
  ];
}

function oneMessageRoutes(messages: AddressMessages, authorizer: Authorizer): readonly Route[] {
  return [
    {
      method: 'GET',
      path: `${PATH}/{id}`,
      operation: 'getMessage',
      summary: 'One message, without consuming it',
      answers: { 200: { summary: 'the message', schema: 'Message' } },
      handle: async ({ name, id, principal }) => {
        demand(authorizer, principal, 'recv', name);
        return json(await messages.one(name, idOf(id)));
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/{id}`,
      operation: 'deleteMessage',
      summary: 'Deletes one message that no receiver holds',
      answers: { 204: { summary: 'deleted' } },
      handle: async ({ name, id, principal }) => {
        demand(authorizer, principal, 'manage', name);
        await messages.delete(name, idOf(id));
        return new Response(null, { status: 204 });
      },
    },
  ];
}

function transferRoutes(messages: AddressMessages, authorizer: Authorizer): readonly Route[] {
  const answers = {
    200: { summary: 'it has ended', schema: 'Operation' },
    202: { summary: 'it goes on; Location says where to look', schema: 'Operation' },
  };
  const transfer = async (
    { name, query, principal }: Call,
    { target, ...input }: RedriveInput & { target?: string },
  ) => {
    const allowed = (address: string) => authorizer.authorize(principal, 'send', address);
    const { limit = Number.MAX_SAFE_INTEGER, rate = Number.POSITIVE_INFINITY } = input;
    const options = { target, chosen: choiceOf(input), limit, ratePerSecond: rate, allowed };
    return operationAnswer(messages.operations, messages.transfer(name, options), query);
  };
  return [
    {
      method: 'POST',
      path: `${PATH}:move`,
      operation: 'moveMessages',
      summary: 'Moves messages to another address, a transaction for each batch',
      query: [WAIT],
      idempotent: true,
      body: { 'application/json': moveInput },
      answers,
      handle: async (call) => {
        demand(authorizer, call.principal, 'manage', call.name);
        // Who can move messages to where they receive has received them.
        demand(authorizer, call.principal, 'recv', call.name);
        const input = checkedBody(moveInput, await readJson(call.request));
        demand(authorizer, call.principal, 'send', input.target);
        return transfer(call, input);
      },
    },
    {
      method: 'POST',
      path: `${PATH}:redrive`,
      operation: 'redriveMessages',
      summary: 'Sends dead letters back to where they came from',
      query: [WAIT],
      idempotent: true,
      body: { 'application/json': redriveInput },
      answers,
      handle: async (call) => {
        demand(authorizer, call.principal, 'manage', call.name);
        return transfer(call, checkedBody(redriveInput, await readJson(call.request)));
      },
    },
  ];
}

function choiceOf({ filter = [], ids }: RedriveInput): TransferOptions['chosen'] {
  const conditions = conditionsOf(
    new URLSearchParams(filter.map((one): [string, string] => ['filter', one])),
    MESSAGE_LISTING,
  );
  const wanted = ids === undefined ? undefined : new Set(ids);
  return (message) => wanted?.has(message.id) !== false && conditions.every((holds) => holds(message));
}

function idOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw problemError('not-found', `${JSON.stringify(text.slice(0, 40))} is no id of a message: ids are whole numbers`);
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
  const { body, bodyEncoding, ttl, ...others } = checkedBody(messageInput, value);
  const binary = bodyEncoding === 'base64';
  if (binary && !BASE64.test(body)) {
    const detail = 'body is not base64 (RFC 4648 §4, with padding)';
    throw problemError('invalid-document', detail, [{ pointer: '/body', code: 'format', detail }]);
  }
  const given = Object.fromEntries(Object.entries(others).filter(([, field]) => field !== undefined));
  const expiry = ttl === undefined ? {} : { ttlMs: ttl };
  return { ...given, ...expiry, body: Buffer.from(body, binary ? 'base64' : 'utf8'), binary };
}

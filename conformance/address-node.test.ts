/** EnMasse's address API over AMQP: the node `$address`, asked by rhea with the original document. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import rhea, { type Connection, type EventContext } from 'rhea';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { event } from './harness/commands.js';
import { ROOT, Server } from './harness/server.js';

let server: Server;
let connection: Connection;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  connection = rhea.create_container().connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
  await event(connection, 'connection_open');
});
afterEach(() => connection.close());

interface Answer {
  readonly statusCode: unknown;
  readonly correlationId: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the request
  readonly body: any;
}

/** Sends requests one after the other and gives the answers. */
async function openNode(): Promise<(properties: Record<string, string>, body?: string) => Promise<Answer>> {
  const replies = connection.open_receiver({ source: { dynamic: true } as never });
  await event(replies, 'receiver_open');
  const sender = connection.open_sender('$address');
  await event(sender, 'sendable');
  let asked = 0;
  return async (properties, body) => {
    asked += 1;
    const answer = event(replies, 'message');
    const request = { reply_to: replies.source.address, correlation_id: `r-${asked}`, body };
    sender.send({ ...request, application_properties: properties });
    const [{ message }] = (await answer) as [EventContext];
    return {
      statusCode: message?.application_properties?.statusCode,
      correlationId: message?.correlation_id,
      body: JSON.parse(String(message?.body)),
    };
  };
}

const names = ({ body }: Answer): readonly string[] =>
  body.items.map((item: { metadata: { name: string } }) => item.metadata.name).sort();

test('declares, reads and deletes addresses over AMQP', async () => {
  const ask = await openNode();
  const declared = await ask({ method: 'PUT' }, readFileSync(join(ROOT, 'addresses/addresses.json'), 'utf8'));
  expect([declared.statusCode, declared.correlationId, names(declared)]).toEqual([200, 'r-1', ['max', 'temperature']]);
  const one = await ask({ method: 'GET', address: 'max' });
  expect(one.body).toEqual((await server.http('/v3/address/max')).json);
  expect(names(await ask({ method: 'DELETE', address: 'max' }))).toEqual(['temperature']);
  expect((await server.http('/v3/address/max')).status).toBe(404);
});

test('is told over AMQP what is wrong, as over HTTP', async () => {
  const ask = await openNode();
  const answer = await ask({ method: 'PUT' }, '{"kind": ');
  expect(answer.statusCode).toBe(400);
  expect(answer.body.type).toMatch(/malformed-body$/);
});

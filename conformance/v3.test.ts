/**
 * EnMasse's v3 address API, case by case as its users knew it: the table of verbs and paths, the shape of documents and lists,
 * flavors, the four semantics, the same over AMQP, and the faults that are mended. Over HTTP by fetch, over AMQP by rhea.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import rhea, { type Connection, type EventContext } from 'rhea';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { event } from './harness/commands.js';
import { ROOT, Server } from './harness/server.js';

const DEMO = readFileSync(join(ROOT, 'addresses/addresses.json'), 'utf8');

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the request
  readonly body: any;
}

interface Api {
  /** @param name of one address; '' for all */
  ask(method: string, name: string, body?: unknown): Promise<Answer>;
}

let server: Server;
let connection: Connection;
const apis: Partial<Record<'HTTP' | 'AMQP', Api>> = {};

beforeAll(async () => {
  server = await Server.start();
  connection = rhea.create_container().connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
  await event(connection, 'connection_open');
  apis.HTTP = { ask: overHttp };
  apis.AMQP = await overAmqp(connection);
});
afterAll(async () => {
  connection?.close();
  await server?.stop();
});
beforeEach(async () => {
  await overHttp('PUT', '', list());
});

async function overHttp(method: string, name: string, body?: unknown): Promise<Answer> {
  const path = name === '' ? '/v3/address' : `/v3/address/${encodeURIComponent(name)}`;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const init =
    body === undefined ? { method } : { method, body: text, headers: { 'content-type': 'application/json' } };
  const { status, json } = await server.http(path, init);
  return { status, body: json };
}

async function overAmqp(opened: Connection): Promise<Api> {
  const replies = opened.open_receiver({ source: { dynamic: true } as never });
  await event(replies, 'receiver_open');
  const sender = opened.open_sender('$address');
  await event(sender, 'sendable');
  let asked = 0;
  return {
    async ask(method, name, body) {
      asked += 1;
      const correlation = `request-${asked}`;
      const answer = event(replies, 'message');
      const properties = name === '' ? { method } : { method, address: name };
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      const request = { reply_to: replies.source.address, correlation_id: correlation, body: text };
      sender.send({ ...request, application_properties: properties });
      const [{ message }] = (await answer) as [EventContext];
      // EnMasse's answers had none, so a client with two requests could not tell them apart.
      expect(message?.correlation_id).toBe(correlation);
      return { status: Number(message?.application_properties?.statusCode), body: JSON.parse(String(message?.body)) };
    },
  };
}

function address(name: string, spec: object = {}) {
  return {
    ...{ apiVersion: 'v3', kind: 'Address', metadata: { name } },
    spec: { store_and_forward: true, multicast: false, flavor: 'vanilla-queue', ...spec },
  };
}

function list(...items: readonly object[]) {
  return { apiVersion: 'v3', kind: 'AddressList', items };
}

const names = ({ body }: Answer): readonly string[] =>
  body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name).sort();

describe.each(['HTTP', 'AMQP'] as const)('the table of verbs over %s', (protocol) => {
  const ask: Api['ask'] = (...request) => apis[protocol]!.ask(...request);

  test('GET all: 200 AddressList', async () => {
    const { status, body } = await ask('GET', '');
    expect([status, body]).toEqual([200, { apiVersion: 'v3', kind: 'AddressList', items: [] }]);
  });

  test('PUT all: 200, replaces the whole set; EnMasse’s own addresses.json', async () => {
    expect(names(await ask('PUT', '', DEMO))).toEqual(['max', 'temperature']);
    const answer = await ask('PUT', '', list(address('other')));
    expect([answer.status, names(answer)]).toEqual([200, ['other']]);
  });

  test('GET one: 200 Address with the fields that were sent, uuid and status; 404', async () => {
    await ask('PUT', '', DEMO);
    const { status, body } = await ask('GET', 'temperature');
    expect([status, body]).toMatchObject([
      200,
      {
        ...address('temperature'),
        metadata: { name: 'temperature', uuid: expect.any(String) },
        status: { ready: true },
      },
    ]);
    expect((await ask('GET', 'nothing')).status).toBe(404);
  });

  test('POST: 200 full list; upserts an Address, or an AddressList', async () => {
    await ask('PUT', '', DEMO);
    const one = await ask('POST', '', address('a'));
    expect([one.status, names(one)]).toEqual([200, ['a', 'max', 'temperature']]);
    const topic = { multicast: true, flavor: 'vanilla-topic' };
    const several = await ask('POST', '', list(address('b'), address('a', topic)));
    expect(names(several)).toEqual(['a', 'b', 'max', 'temperature']);
    expect((await ask('GET', 'a')).body.spec).toEqual({ store_and_forward: true, ...topic });
  });

  test('PUT one: 200 Address, as was documented; 422 when the names differ', async () => {
    const { status, body } = await ask('PUT', 'a', address('a'));
    expect([status, body.kind, body.metadata.name]).toEqual([200, 'Address', 'a']);
    expect((await ask('PUT', 'a', address('b'))).status).toBe(422);
  });

  test('DELETE one: 200 remaining list, also for unknown names', async () => {
    await ask('PUT', '', DEMO);
    const gone = await ask('DELETE', 'max');
    expect([gone.status, names(gone)]).toEqual([200, ['temperature']]);
    const unknown = await ask('DELETE', 'max');
    expect([unknown.status, names(unknown)]).toEqual([200, ['temperature']]);
  });

  test('metadata.uuid, spec.group and group_id come back', async () => {
    const uuid = '3f3a4e2c-7f3e-4f63-9a0c-6a0f0a1b2c3d';
    const document = address('a', { group: 'plant' });
    const { body } = await ask('PUT', 'a', { ...document, metadata: { name: 'a', uuid } });
    expect([body.metadata.uuid, body.spec.group]).toEqual([uuid, 'plant']);
    expect((await ask('PUT', 'b', address('b', { group_id: 'g' }))).body.spec.group).toBe('g');
  });

  test.each([
    ['anycast', false, false, undefined],
    ['multicast', false, true, undefined],
    ['queue', true, false, 'large-persisted-queue'],
    ['topic', true, true, 'small-persisted-topic'],
  ])('the semantics: %s', async (type, stored, multicast, flavor) => {
    const spec = { store_and_forward: stored, multicast, flavor };
    const { body } = await ask('PUT', 'x', address('x', spec));
    expect(body).toMatchObject({ spec: { store_and_forward: stored, multicast }, status: { ready: true } });
    const { json } = await server.http('/v1/addresses/x');
    expect((json as { spec: { type: string } }).spec.type).toBe(type);
  });
});

describe.each(['HTTP', 'AMQP'] as const)('the faults that are mended, over %s', (protocol) => {
  const ask: Api['ask'] = (...request) => apis[protocol]!.ask(...request);

  test('an unknown flavor is told at once, with what is right, and nothing is changed', async () => {
    const { status, body } = await ask('POST', '', address('a', { flavor: 'vanila-queue' }));
    expect([status, body.errors[0]]).toMatchObject([
      422,
      { pointer: '/spec/flavor', detail: expect.stringContaining('did you mean vanilla-queue?') },
    ]);
    expect(names(await ask('GET', ''))).toEqual([]);
  });

  test('malformed input: 400 with a body that says where', async () => {
    const { status, body } = await ask('PUT', '', '{"kind": ');
    expect([status, body.type]).toEqual([400, expect.stringMatching(/malformed-body$/)]);
  });

  test('A/b and a-b are two, and names with / can be read and deleted', async () => {
    await ask('PUT', '', list(address('A/b'), address('a-b')));
    expect(names(await ask('GET', ''))).toEqual(['A/b', 'a-b']);
    expect((await ask('GET', 'A/b')).body.metadata.name).toBe('A/b');
    expect(names(await ask('DELETE', 'A/b'))).toEqual(['a-b']);
  });

  test('a status that says why, beside ready', async () => {
    const { body } = await ask('PUT', 'a', address('a'));
    expect(body.status.conditions).toMatchObject([
      { type: 'Accepted', status: 'True' },
      { type: 'Ready', status: 'True', reason: 'Ready' },
    ]);
  });

  test('what would throw stored messages away is 409, and with force it is done', async () => {
    await ask('PUT', '', list(address('a')));
    const headers = { 'content-type': 'text/plain' };
    await server.http('/v1/addresses/a/messages', { method: 'POST', headers, body: 'x' });
    expect((await ask('PUT', '', list())).status).toBe(409);
    expect((await ask('DELETE', 'a')).status).toBe(409);
    expect((await server.http('/v3/address/a?force=true', { method: 'DELETE' })).status).toBe(200);
  });
});

describe('over HTTP alone', () => {
  test('a plain / in a path is part of the name', async () => {
    await overHttp('PUT', 'A/b', address('A/b'));
    expect((await server.http('/v3/address/A/b')).json).toMatchObject({ metadata: { name: 'A/b' } });
  });

  test('PUT of a list leaves what others made', async () => {
    const body = JSON.stringify({
      ...{ apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name: 'own' } },
      spec: { type: 'queue' },
    });
    const headers = { 'content-type': 'application/json' };
    await server.http('/v1/addresses/own', { method: 'PUT', headers, body });
    expect(names(await overHttp('PUT', '', list(address('a'))))).toEqual(['a', 'own']);
    await server.http('/v1/addresses/own', { method: 'DELETE' });
  });

  test('flavors: the six, each with type and description; one; 404', async () => {
    const { json } = await server.http('/v3/flavor');
    const { kind, items } = json as {
      kind: string;
      items: { metadata: { name: string }; spec: { type: string; description: string } }[];
    };
    const found = items.map(({ metadata, spec }) => `${metadata.name} ${spec.type}`).sort();
    const expected = ['vanilla', 'small-persisted', 'large-persisted'].flatMap((size) => [
      `${size}-queue queue`,
      `${size}-topic topic`,
    ]);
    expect([kind, found]).toEqual(['FlavorList', expected.sort()]);
    for (const { spec } of items) expect(spec.description).not.toBe('');
    expect((await server.http('/v3/flavor/vanilla-topic')).json).toMatchObject({ spec: { type: 'topic' } });
    expect((await server.http('/v3/flavor/vanilla')).status).toBe(404);
  });

  test('what the paths do not take: 405 with Allow', async () => {
    const response = await fetch(`${server.httpUrl}/v3/address`, { method: 'PATCH' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, PUT, POST, HEAD']);
  });
});

test('PUT, DELETE and POST over AMQP need what they need', async () => {
  const ask: Api['ask'] = (...request) => apis.AMQP!.ask(...request);
  expect((await ask('DELETE', '')).status).toBe(400);
  expect((await ask('FETCH', '')).status).toBe(405);
  expect((await ask('POST', '', '')).status).toBe(400);
});

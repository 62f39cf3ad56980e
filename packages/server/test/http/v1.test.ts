import { createClient, ProblemError } from '@millrace/contract';
import { ANONYMOUS, type Authorizer, matchesPattern, type Verb } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import { MAX_SQL, queue } from '../../../controller/test/support/world.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

function document(kind: 'Address' | 'Job', name: string, spec: object, labels?: Record<string, string>) {
  return { apiVersion: 'millrace.dev/v1', kind, metadata: { name, ...(labels && { labels }) }, spec };
}

const QUEUE = document('Address', 'a', { type: 'queue' });
const JOB = document('Job', 'max-temperature', { sql: MAX_SQL });

describe('documents', () => {
  it('are created, changed and left as they are, each with its status and ETag', async () => {
    const { call } = await createHttpWorld();
    const created = await call('PUT', '/v1/addresses/a', { body: QUEUE });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('/v1/addresses/a');
    expect(created.headers.get('etag')).toBe('"uid-1.1"');
    expect(created.headers.get('millrace-outcome')).toBe('created');
    expect(created.body).toMatchObject({ kind: 'Address', metadata: { generation: 1 }, status: { phase: 'Ready' } });
    const same = await call('PUT', '/v1/addresses/a', { body: created.body });
    expect([same.status, same.headers.get('millrace-outcome'), same.headers.get('etag')]).toEqual([
      200,
      'unchanged',
      '"uid-1.1"',
    ]);
    const changed = await call('PUT', '/v1/addresses/a', {
      body: document('Address', 'a', { type: 'queue', ttl: '5s' }),
    });
    expect([changed.status, changed.headers.get('etag'), changed.body.spec.ttl]).toEqual([200, '"uid-1.2"', 5000]);
    const read = await call('GET', '/v1/addresses/a');
    expect([read.headers.get('etag'), read.body]).toEqual(['"uid-1.2"', changed.body]);
    expect((await call('DELETE', '/v1/addresses/a')).status).toBe(204);
    expect(problemIn(await call('GET', '/v1/addresses/a'))).toMatchObject({ status: 404, slug: 'not-found' });
    expect(problemIn(await call('DELETE', '/v1/addresses/a'))).toMatchObject({ status: 404, slug: 'not-found' });
  });

  it('with names that hold a slash', async () => {
    const { call } = await createHttpWorld();
    const path = '/v1/addresses/devices%2F1%2Ftemperature';
    const body = document('Address', 'devices/1/temperature', { type: 'topic' });
    expect((await call('PUT', path, { body })).headers.get('location')).toBe(path);
    expect((await call('POST', `${path}/messages`, { body: { body: '21' } })).status).toBe(200);
    expect((await call('GET', `${path}/messages`)).body.items).toHaveLength(1);
    expect(problemIn(await call('GET', '/v1/addresses/devices/1/temperature')).slug).toBe('no-such-path');
  });

  it('are guarded by If-Match and If-None-Match', async () => {
    const { call } = await createHttpWorld();
    const create = { body: QUEUE, headers: { 'if-none-match': '*' } };
    const etag = (await call('PUT', '/v1/addresses/a', create)).headers.get('etag')!;
    expect(problemIn(await call('PUT', '/v1/addresses/a', create))).toMatchObject({
      status: 412,
      slug: 'precondition-failed',
    });
    const patch = {
      body: { spec: { ttl: 5 } },
      headers: { 'if-match': etag, 'content-type': 'application/merge-patch+json' },
    };
    expect((await call('PATCH', '/v1/addresses/a', patch)).status).toBe(200);
    expect(problemIn(await call('PATCH', '/v1/addresses/a', patch)).status).toBe(412);
    expect(problemIn(await call('DELETE', '/v1/addresses/a', { headers: { 'if-match': etag } })).status).toBe(412);
    expect((await call('DELETE', '/v1/addresses/a', { headers: { 'if-match': '*' } })).status).toBe(204);
  });

  it('?dryRun=true checks and changes nothing; a mistyped one is refused', async () => {
    const { call, messaging } = await createHttpWorld();
    const dry = await call('PUT', '/v1/addresses/a?dryRun=true', { body: QUEUE });
    expect([dry.status, dry.headers.get('millrace-outcome')]).toEqual([200, 'created']);
    const typo = problemIn(await call('PUT', '/v1/addresses/a?dryrun=true', { body: QUEUE }));
    expect(typo).toMatchObject({ status: 400, slug: 'invalid-parameter' });
    expect(typo.problem.detail).toContain('did you mean dryRun?');
    expect(problemIn(await call('PUT', '/v1/addresses/a?dryRun=yes', { body: QUEUE })).slug).toBe('invalid-parameter');
    expect(messaging.requests).toEqual([]);
  });

  it('are refused when path and body do not name the same', async () => {
    const { call } = await createHttpWorld();
    const names = problemIn(await call('PUT', '/v1/addresses/b', { body: QUEUE }));
    expect(names).toMatchObject({ status: 422, problem: { errors: [{ pointer: '/metadata/name' }] } });
    const kinds = problemIn(await call('PUT', '/v1/jobs/a', { body: QUEUE }));
    expect(kinds).toMatchObject({ status: 422, problem: { errors: [{ pointer: '/kind' }] } });
  });

  it('with stored messages are deleted by force alone', async () => {
    const { call } = await createHttpWorld();
    await call('PUT', '/v1/addresses/a', { body: QUEUE });
    await call('POST', '/v1/addresses/a/messages', { body: { body: 'x' } });
    expect(problemIn(await call('DELETE', '/v1/addresses/a'))).toMatchObject({
      status: 409,
      slug: 'would-lose-messages',
    });
    expect((await call('DELETE', '/v1/addresses/a?force')).status).toBe(204);
  });

  it('are listed in pages, filtered by labels', async () => {
    const { call, controller } = await createHttpWorld();
    for (let index = 0; index < 25; index += 1) {
      const name = `q${String(index).padStart(2, '0')}`;
      const labels = { parity: index % 2 === 0 ? 'even' : 'odd', text: 'a,b=c' };
      await call('PUT', `/v1/addresses/${name}`, { body: document('Address', name, { type: 'queue' }, labels) });
    }
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const { body } = await call('GET', `/v1/addresses?limit=10${cursor}`);
      seen.push(...body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      cursor = `&cursor=${body.next}`;
      // What was seen may go: the next page goes on behind it.
      await controller.delete('Address', seen.at(-1)!);
      if (page === 2) expect(body).not.toHaveProperty('next');
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `q${String(index).padStart(2, '0')}`));
    const odd = await call('GET', '/v1/addresses?labels=parity%3Dodd&labels=text%3Da%2Cb%3Dc');
    // Twelve are odd; q09 and q19 were deleted on the way.
    expect(odd.body.items).toHaveLength(10);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'cursor=%00', 'labels=parity', 'sort=colour']) {
      expect(problemIn(await call('GET', `/v1/addresses?${query}`)), query).toMatchObject({
        status: 400,
        slug: 'invalid-parameter',
      });
    }
  });
});

describe('jobs', () => {
  it('wait, run, pause, resume and show results', async () => {
    const { call } = await createHttpWorld();
    const { status, body } = await call('PUT', '/v1/jobs/max-temperature', { body: JOB });
    expect([status, body.status.phase]).toEqual([201, 'Pending']);
    expect(body.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', reason: 'WaitingForAddress' }),
    );
    for (const name of ['temperature', 'max']) {
      await call('PUT', `/v1/addresses/${name}`, { body: document('Address', name, { type: 'queue' }) });
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect((await call('GET', '/v1/jobs/max-temperature')).body.status.phase).toBe('Running');
    expect((await call('POST', '/v1/jobs/max-temperature:pause')).body).toMatchObject({
      spec: { paused: true },
      status: { phase: 'Paused' },
    });
    expect((await call('POST', '/v1/jobs/max-temperature:resume')).body.status.phase).toBe('Running');
    expect((await call('GET', '/v1/jobs/max-temperature/results')).body.items).toMatchObject([
      { address: 'max', row: { body: '21' } },
    ]);
    expect(problemIn(await call('POST', '/v1/jobs/none:pause')).slug).toBe('not-found');
    expect(problemIn(await call('GET', '/v1/jobs/max-temperature:pause')).slug).toBe('method-not-allowed');
    expect(problemIn(await call('POST', '/v1/jobs/max-temperature:stop')).slug).toBe('no-such-path');
  });

  it('with wrong SQL are refused with span and remedy', async () => {
    const { call } = await createHttpWorld();
    const body = document('Job', 'j', { sql: 'SELECT oops' });
    const { problem } = problemIn(await call('PUT', '/v1/jobs/j', { body }));
    expect(problem).toMatchObject({
      status: 422,
      errors: [{ pointer: '/spec/sql', span: { start: 7, end: 11 }, fixes: ['body'] }],
    });
  });
});

describe('messages', () => {
  async function withQueue(spec: object = {}) {
    const world = await createHttpWorld();
    await world.controller.put(queue('a', spec));
    return world;
  }

  it('are sent as JSON, text or bytes, browsed and purged', async () => {
    const { call } = await withQueue();
    const path = '/v1/addresses/a/messages';
    const full = {
      body: 'AQID',
      bodyEncoding: 'base64',
      subject: 's',
      messageId: 'm',
      durable: true,
      priority: 9,
      ttl: 5,
      properties: { k: 'v' },
    };
    for (const sent of [
      { body: full },
      { body: '23', headers: { 'content-type': 'text/plain' } },
      { body: '23', headers: { 'content-type': 'application/octet-stream' } },
    ]) {
      expect((await call('POST', path, sent)).body).toEqual({ sent: 1 });
    }
    const { body } = await call('GET', path);
    expect(body.items).toMatchObject([
      {
        body: 'AQID',
        bodyEncoding: 'base64',
        subject: 's',
        messageId: 'm',
        durable: true,
        priority: 9,
        properties: { k: 'v' },
      },
      { body: '23', bodyEncoding: 'utf8', contentType: 'text/plain' },
      { body: 'MjM=', bodyEncoding: 'base64' },
    ]);
    expect((await call('GET', `${path}?after=1&limit=1`)).body.items).toHaveLength(1);
    expect((await call('DELETE', path)).body).toEqual({ purged: 3 });
  });

  it.each([
    ['no address', '/v1/addresses/nope/messages', { body: 'x' }, {}, 404, 'not-found'],
    ['no body', '/v1/addresses/a/messages', {}, {}, 422, 'invalid-document'],
    ['bad base64', '/v1/addresses/a/messages', { body: '!', bodyEncoding: 'base64' }, {}, 422, 'invalid-document'],
    [
      'a form, which is what curl -d sends',
      '/v1/addresses/a/messages',
      '23',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported-media-type',
    ],
  ])('with %s are refused', async (_, path, body, headers, status, slug) => {
    const { call, messaging } = await withQueue();
    expect(problemIn(await call('POST', path, { body, headers }))).toMatchObject({ status, slug });
    expect(messaging.addresses.get('a')!.messages).toEqual([]);
  });

  it('to a full address are told so', async () => {
    const { call } = await withQueue({ limits: { messages: 1 } });
    await call('POST', '/v1/addresses/a/messages', { body: { body: '1' } });
    const full = problemIn(await call('POST', '/v1/addresses/a/messages', { body: { body: '2' } }));
    expect(full).toMatchObject({ status: 507, slug: 'address-full' });
  });
});

describe('what the server tells of itself', () => {
  const connection = (id: string) => ({
    id,
    protocol: 'amqp' as const,
    container: 'c',
    host: '127.0.0.1',
    user: 'anonymous',
    encrypted: false,
    openedAt: '2026-01-01T00:00:00Z',
    properties: {},
    links: [],
  });

  it('connections, status, probes and a page', async () => {
    const { call, messaging, controller } = await createHttpWorld();
    messaging.connections = [connection('c2'), connection('c1')];
    await controller.put(queue('a'));
    expect((await call('GET', '/v1/connections?limit=1')).body).toMatchObject({
      items: [{ id: 'c1' }],
      next: expect.any(String),
    });
    expect((await call('GET', '/v1/connections/c2')).body.id).toBe('c2');
    expect(problemIn(await call('DELETE', '/v1/connections/c9')).slug).toBe('not-found');
    expect((await call('GET', '/v1/status')).body).toMatchObject({
      version: '1.2.3',
      ready: true,
      planes: { messaging: 'fake', processing: 'fake' },
      addresses: { total: 1, ready: 1 },
      connections: 2,
      store: { kind: 'memory', state: 'open' },
    });
    expect((await call('GET', '/healthz')).status).toBe(200);
    expect((await call('GET', '/readyz')).status).toBe(200);
    controller.stop();
    expect((await call('GET', '/healthz')).status).toBe(200);
    expect(problemIn(await call('GET', '/readyz'))).toMatchObject({ status: 503, slug: 'not-ready' });
  });

  it.each([
    ['open', 200],
    ['full', 200],
    ['failed', 503],
  ] as const)('readiness with a store that is %s', async (state, status) => {
    const store = () => ({ kind: 'disk', state, message: 'store /srv: EIO', directory: '/srv' }) as const;
    const { call } = await createHttpWorld({ store });
    const answer = await call('GET', '/readyz');
    expect(answer.status).toBe(status);
    if (status === 503)
      expect(problemIn(answer)).toMatchObject({ slug: 'store-failed', problem: { detail: 'store /srv: EIO' } });
    expect((await call('GET', '/healthz')).status).toBe(200);
    expect((await call('GET', '/v1/status')).body.store).toEqual(store());
  });

  it('the page shows what comes from elsewhere as text', async () => {
    const endpoint = {
      name: '<script>alert(1)</script>',
      protocol: 'amqp',
      host: '127.0.0.1',
      port: 5672,
      tls: false,
    } as const;
    const { call } = await createHttpWorld({ endpoints: () => [endpoint] });
    const { headers, body } = await call('GET', '/');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(body).toContain('amqp://127.0.0.1:5672');
    expect(body).not.toContain('<script>');
  });
});

describe('permissions', () => {
  const PATHS: readonly [string, string, Verb, string, unknown?][] = [
    ['GET', '/v1/addresses/a', 'view', 'a'],
    ['PUT', '/v1/addresses/a', 'manage', 'a', QUEUE],
    ['PATCH', '/v1/addresses/a', 'manage', 'a', {}],
    ['DELETE', '/v1/addresses/a', 'manage', 'a'],
    ['GET', '/v1/addresses/a/messages', 'recv', 'a'],
    ['POST', '/v1/addresses/a/messages', 'send', 'a', { body: '1' }],
    ['DELETE', '/v1/addresses/a/messages', 'manage', 'a'],
    ['GET', '/v1/jobs/max-temperature', 'view', 'job/max-temperature'],
    ['PUT', '/v1/jobs/max-temperature', 'manage', 'job/max-temperature', JOB],
    ['PUT', '/v1/jobs/max-temperature', 'recv', 'temperature', JOB],
    ['PUT', '/v1/jobs/max-temperature', 'send', 'max', JOB],
    ['PATCH', '/v1/jobs/max-temperature', 'recv', 'temperature', {}],
    ['DELETE', '/v1/jobs/max-temperature', 'manage', 'job/max-temperature'],
    ['POST', '/v1/jobs/max-temperature:pause', 'manage', 'job/max-temperature'],
    ['GET', '/v1/jobs/max-temperature/results', 'view', 'job/max-temperature'],
    ['GET', '/v1/jobs/max-temperature/results', 'recv', 'max'],
    ['GET', '/v1/connections', 'view', '#'],
    ['DELETE', '/v1/connections/c', 'manage', '#'],
    ['GET', '/v1/status', 'view', '#'],
    ['GET', '/', 'view', '#'],
    ['GET', '/v3/address/a', 'view', 'a'],
    ['PUT', '/v3/address', 'manage', 'b', { apiVersion: 'v3', kind: 'AddressList', items: [v3('b')] }],
    ['PUT', '/v3/address', 'manage', 'mine-by-v3', { apiVersion: 'v3', kind: 'AddressList', items: [] }],
    ['POST', '/v3/address', 'manage', 'b', v3('b')],
    ['PUT', '/v3/address/b', 'manage', 'b', v3('b')],
    ['DELETE', '/v3/address/a', 'manage', 'a'],
  ];

  function v3(name: string) {
    return {
      apiVersion: 'v3',
      kind: 'Address',
      metadata: { name },
      spec: { store_and_forward: true, multicast: false },
    };
  }

  it.each(PATHS)('%s %s asks for %s on %s', async (method, path, verb, address, body) => {
    let closed = false;
    const authorizer: Authorizer = { authorize: (_, asked, name) => !(closed && asked === verb && name === address) };
    const { call, controller, messaging, processing } = await createHttpWorld({ authorizer });
    await call('POST', '/v3/address', { body: v3('mine-by-v3') });
    for (const name of ['a', 'temperature', 'max']) await controller.put(queue(name));
    await call('PUT', '/v1/jobs/max-temperature', { body: JOB });
    const requests = [...messaging.requests, ...processing.requests];
    const before = (await call('GET', '/v1/addresses')).body;
    closed = true;
    expect(problemIn(await call(method, path, { body }))).toMatchObject({ status: 403, slug: 'not-allowed' });
    closed = false;
    expect([...messaging.requests, ...processing.requests]).toEqual(requests);
    expect((await call('GET', '/v1/addresses')).body).toEqual(before);
  });

  it('a listing shows what may be viewed', async () => {
    const authorizer: Authorizer = {
      authorize: (_, verb, name) => verb === 'view' && matchesPattern('devices/#', name),
    };
    const { call, controller } = await createHttpWorld({ authorizer });
    for (const name of ['devices/1', 'devices/2', 'secret']) await controller.put(queue(name));
    for (const path of ['/v1/addresses', '/v3/address']) expect((await call('GET', path)).body.items).toHaveLength(2);
  });

  it('whoever authenticate names is asked about', async () => {
    const names: string[] = [];
    const { call } = await createHttpWorld({
      authenticate: (request) => ({ name: request.headers.get('authorization') ?? '', authenticated: true }),
      authorizer: { authorize: ({ name }) => names.push(name) > 0 },
    });
    await call('GET', '/v1/status', { headers: { authorization: 'ada' } });
    expect(names).toEqual(['ada']);
    expect(ANONYMOUS.authenticated).toBe(false);
  });
});

it('the client of the contract does all of it', async () => {
  const { app, messaging } = await createHttpWorld();
  const client = createClient({ server: 'http://127.0.0.1:8080', fetch: async (request) => app.fetch(request) });
  const address = { ...QUEUE, kind: 'Address', apiVersion: 'millrace.dev/v1', spec: { type: 'queue' } } as const;
  const job = { apiVersion: 'millrace.dev/v1', kind: 'Job', metadata: { name: 'j' }, spec: { sql: MAX_SQL } } as const;
  expect((await client.apply(address)).outcome).toBe('created');
  const { outcome, etag } = await client.apply(address);
  expect(outcome).toBe('unchanged');
  expect((await client.addresses.patch('a', { spec: { ttl: 5 } }, { ifMatch: etag })).document.spec.ttl).toBe(5);
  await expect(client.addresses.put(address, { createOnly: true })).rejects.toMatchObject({ exitCode: 5 });
  expect((await client.apply(job)).document.status.phase).toBe('Pending');
  expect((await client.jobs.pause('j')).spec.paused).toBe(true);
  expect((await client.jobs.resume('j')).spec.paused).toBe(false);
  expect(await client.jobs.results('j')).toEqual([]);
  await client.send('a', { body: '21', properties: { k: 'v' } });
  expect(await client.browse('a', { limit: 5, after: 0 })).toMatchObject([{ body: '21', properties: { k: 'v' } }]);
  await expect(client.addresses.delete('a')).rejects.toMatchObject({ slug: 'would-lose-messages', exitCode: 5 });
  expect(await client.purge('a')).toBe(1);
  await client.addresses.delete('a');
  await expect(client.addresses.get('a')).rejects.toBeInstanceOf(ProblemError);
  await expect(client.addresses.get('a')).rejects.toMatchObject({ exitCode: 4 });
  expect((await client.jobs.list()).map(({ metadata }) => metadata.name)).toEqual(['j']);
  expect(await client.connections()).toEqual([]);
  expect((await client.status()).jobs.total).toBe(1);
  for (let index = 0; index < 1_100; index += 1) {
    messaging.connections.push({
      id: `c${index}`,
      protocol: 'mqtt',
      container: '',
      host: '',
      user: '',
      encrypted: false,
      openedAt: '',
      properties: {},
      links: [],
    });
  }
  expect(await client.connections()).toHaveLength(1_100);
});

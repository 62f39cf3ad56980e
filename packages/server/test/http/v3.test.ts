import { readFileSync } from 'node:fs';
import { AddressService, V3Addresses } from '@millrace/controller';
import { ANONYMOUS, OPEN_AUTHORIZER } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import { queue } from '../../../controller/test/support/world.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

const ENMASSE_DOCUMENT = readFileSync(new URL('../fixtures/addresses.json', import.meta.url), 'utf8');

function address(name: string, spec: object = {}) {
  return {
    apiVersion: 'v3',
    kind: 'Address',
    metadata: { name },
    spec: { store_and_forward: true, multicast: false, flavor: 'vanilla-queue', ...spec },
  };
}

function list(...items: object[]) {
  return { apiVersion: 'v3', kind: 'AddressList', items };
}

function names(answer: { body: { items: { metadata: { name: string } }[] } }): string[] {
  return answer.body.items.map(({ metadata }) => metadata.name);
}

async function withDemo() {
  const world = await createHttpWorld();
  expect((await world.call('PUT', '/v3/address', { body: ENMASSE_DOCUMENT })).status).toBe(200);
  return world;
}

describe('/v3/address', () => {
  it('takes EnMasse’s own addresses.json and answers with the list, ready', async () => {
    const { call, messaging } = await createHttpWorld();
    const { status, body } = await call('PUT', '/v3/address', { body: ENMASSE_DOCUMENT });
    expect(status).toBe(200);
    const sent = JSON.parse(ENMASSE_DOCUMENT);
    expect(body).toMatchObject({ apiVersion: 'v3', kind: 'AddressList' });
    expect(names({ body })).toEqual(['max', 'temperature']);
    for (const item of sent.items) {
      const found = body.items.find((one: typeof item) => one.metadata.name === item.metadata.name);
      expect(found).toMatchObject({
        ...item,
        status: { ready: true, conditions: [{}, { type: 'Ready', status: 'True' }] },
      });
    }
    expect(messaging.addresses.get('temperature')!.spec).toMatchObject({ type: 'queue', durability: 'message' });
  });

  it('GET: the list, empty and not', async () => {
    const { call } = await createHttpWorld();
    expect((await call('GET', '/v3/address')).body).toEqual({ apiVersion: 'v3', kind: 'AddressList', items: [] });
    await call('POST', '/v3/address', { body: address('a') });
    expect(names(await call('GET', '/v3/address'))).toEqual(['a']);
  });

  it('GET of one: 200, or 404', async () => {
    const { call } = await withDemo();
    expect((await call('GET', '/v3/address/max')).body).toMatchObject({ kind: 'Address', metadata: { name: 'max' } });
    expect(problemIn(await call('GET', '/v3/address/min'))).toMatchObject({ status: 404, slug: 'not-found' });
  });

  it('PUT of a list replaces what v3 made, and nothing else', async () => {
    const { call, controller } = await withDemo();
    await controller.put(queue('made-by-v1'));
    const { status, body } = await call('PUT', '/v3/address', { body: list(address('max'), address('new')) });
    expect([status, names({ body })]).toEqual([200, ['made-by-v1', 'max', 'new']]);
  });

  it('PUT of a list that names an address made otherwise does not make it v3’s', async () => {
    const { call, controller } = await createHttpWorld();
    await controller.put(queue('mine', { ttl: 7 }));
    await call('PUT', '/v3/address', { body: list(address('mine')) });
    expect(controller.require('Address', 'mine').spec.ttl).toBe(7);
    expect(names(await call('PUT', '/v3/address', { body: list() }))).toEqual(['mine']);
  });

  it('POST of one, and of a list, leaves the others', async () => {
    const { call } = await withDemo();
    const one = await call('POST', '/v3/address', { body: address('a', { multicast: true, flavor: 'vanilla-topic' }) });
    expect([one.status, names(one)]).toEqual([200, ['a', 'max', 'temperature']]);
    const several = await call('POST', '/v3/address', { body: list(address('b'), address('c')) });
    expect(names(several)).toEqual(['a', 'b', 'c', 'max', 'temperature']);
  });

  it('PUT of one, which EnMasse documented and never had', async () => {
    const { call } = await withDemo();
    const { status, body } = await call('PUT', '/v3/address/a', {
      body: address('a', { flavor: 'small-persisted-queue' }),
    });
    expect([status, body.kind, body.spec.flavor]).toEqual([200, 'Address', 'small-persisted-queue']);
    expect(names(await call('GET', '/v3/address'))).toEqual(['a', 'max', 'temperature']);
    const other = await call('PUT', '/v3/address/a', { body: address('b') });
    expect(problemIn(other)).toMatchObject({ status: 422, problem: { errors: [{ pointer: '/metadata/name' }] } });
  });

  it('DELETE: the remaining list, also for an unknown name', async () => {
    const { call } = await withDemo();
    const known = await call('DELETE', '/v3/address/max');
    expect([known.status, names(known)]).toEqual([200, ['temperature']]);
    const unknown = await call('DELETE', '/v3/address/max');
    expect([unknown.status, names(unknown)]).toEqual([200, ['temperature']]);
  });

  it.each([
    ['/', 'A%2Fb', 'A/b'],
    ['/ sent plainly', 'A/b/c', 'A/b/c'],
    ['%', '50%25', '50%'],
    ['%2F that is meant', 'a%252Fb', 'a%2Fb'],
    ['a space and more', 'caf%C3%A9%20%3F%26', 'café ?&'],
  ])('names with %s are put, found and deleted', async (_, path, name) => {
    const { call } = await createHttpWorld();
    await call('POST', '/v3/address', { body: address('A-b') });
    expect((await call('PUT', `/v3/address/${path}`, { body: address(name) })).status).toBe(200);
    expect((await call('GET', `/v3/address/${path}`)).body.metadata.name).toBe(name);
    expect(names(await call('DELETE', `/v3/address/${path}`))).toEqual(['A-b']);
  });

  it('a name that is not percent-encoded UTF-8 is a problem, not a crash', async () => {
    const { call } = await createHttpWorld();
    expect(problemIn(await call('GET', '/v3/address/%E0%A4%A'))).toMatchObject({ status: 400, slug: 'malformed-name' });
  });

  it.each([
    ['an unknown flavor', address('a', { flavor: 'vanilla-quueue' }), '/spec/flavor', 'did you mean vanilla-queue?'],
    ['a flavor against the semantics', address('a', { flavor: 'vanilla-topic' }), '/spec/flavor', 'vanilla-queue'],
    [
      'a stored flavor for a direct address',
      address('a', { store_and_forward: false, flavor: 'small-persisted-queue' }),
      '/spec/flavor',
      'or none',
    ],
    ['a word for a flag', address('a', { multicast: 'no' }), '/spec/multicast', 'a boolean is right'],
    ['an unknown key', address('a', { multycast: true }), '/spec/multycast', 'did you mean multicast?'],
    ['a wildcard', address('a/#'), '/metadata/name', 'wildcards'],
    ['a name of the server', address('$address'), '/metadata/name', '$'],
    ['another kind', { ...address('a'), kind: 'Flavor' }, '/kind', 'Address or AddressList'],
    ['another version', { ...address('a'), apiVersion: 'v1' }, '/apiVersion', 'v3'],
    [
      'an item that is wrong',
      list(address('a'), address('b', { flavor: 'x' })),
      '/items/1/spec/flavor',
      'vanilla-queue',
    ],
    ['an array', [], '/kind', 'missing'],
  ])('%s is refused with its place and what is right, and nothing is changed', async (_, body, pointer, words) => {
    const { call, messaging } = await createHttpWorld();
    for (const method of ['PUT', 'POST']) {
      const { problem, ...answer } = problemIn(await call(method, '/v3/address', { body }));
      expect(answer).toMatchObject({ status: 422, slug: 'invalid-document' });
      expect(problem.errors![0]!.pointer).toBe(pointer);
      expect(problem.errors![0]!.detail).toContain(words);
    }
    expect(messaging.requests).toEqual([]);
  });

  it('malformed JSON is a problem that says where, not an empty 500', async () => {
    const { call } = await createHttpWorld();
    const answer = problemIn(await call('PUT', '/v3/address', { body: '{"apiVersion":"v3",' }));
    expect(answer).toMatchObject({ status: 400, slug: 'malformed-body' });
    expect(problemIn(await call('PUT', '/v3/address', { body: '' }))).toMatchObject({ status: 400 });
  });

  it('what would throw away messages is 409 unless forced, and then nothing at all was done', async () => {
    const { call, messaging } = await withDemo();
    await messaging.send('max', { body: Buffer.from('21'), binary: false });
    const before = (await call('GET', '/v3/address')).body;
    for (const [method, path, body] of [
      ['PUT', '/v3/address', list(address('new'), address('temperature'))],
      ['DELETE', '/v3/address/max', undefined],
      ['POST', '/v3/address', list(address('new'), address('max', { multicast: true, flavor: 'vanilla-topic' }))],
      ['PUT', '/v3/address/max', address('max', { multicast: true, flavor: 'vanilla-topic' })],
    ] as const) {
      const answer = problemIn(await call(method, path, { body }));
      expect(answer, `${method} ${path}`).toMatchObject({ status: 409, slug: 'would-lose-messages' });
      expect(answer.problem.detail).toContain('max holds 1 message');
      expect((await call('GET', '/v3/address')).body).toEqual(before);
    }
    expect(names(await call('PUT', '/v3/address?force=true', { body: list(address('new')) }))).toEqual(['new']);
  });

  it('status says why an address is not ready', async () => {
    const { call, messaging } = await createHttpWorld();
    messaging.fault = () => {
      throw new Error('no route to broker');
    };
    const { body } = await call('PUT', '/v3/address/a', { body: address('a') });
    expect(body.status.ready).toBe(false);
    expect(body.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Ready',
        status: 'False',
        reason: 'PlaneUnavailable',
        message: 'no route to broker',
      }),
    );
  });

  it('the flavor says how it is stored', async () => {
    const { call, controller } = await createHttpWorld();
    await call('PUT', '/v3/address/a', { body: address('a', { flavor: 'large-persisted-queue' }) });
    expect(controller.require('Address', 'a').spec).toMatchObject({
      durability: 'always',
      limits: { bytes: 10 * 1024 ** 3 },
    });
    await call('PUT', '/v3/address/b', { body: address('b', { store_and_forward: false, flavor: undefined }) });
    expect(controller.require('Address', 'b').spec.type).toBe('anycast');
  });

  it('uuid and group come back', async () => {
    const { call } = await createHttpWorld();
    const body = { ...address('a', { group_id: 'g1' }), metadata: { name: 'a', uuid: 'u-7' } };
    const first = await call('PUT', '/v3/address/a', { body });
    expect(first.body).toMatchObject({ metadata: { uuid: 'u-7' }, spec: { group: 'g1' } });
    // What was read can be sent back.
    expect((await call('PUT', '/v3/address/a', { body: first.body })).status).toBe(200);
  });
});

describe('/v3/flavor', () => {
  it('GET: all, one, or 404', async () => {
    const { call } = await createHttpWorld();
    expect(names(await call('GET', '/v3/flavor')).sort()).toEqual([
      'large-persisted-queue',
      'large-persisted-topic',
      'small-persisted-queue',
      'small-persisted-topic',
      'vanilla-queue',
      'vanilla-topic',
    ]);
    expect((await call('GET', '/v3/flavor/vanilla-topic')).body.spec).toMatchObject({
      type: 'topic',
      description: expect.any(String),
    });
    expect(problemIn(await call('GET', '/v3/flavor/chocolate'))).toMatchObject({ status: 404, slug: 'not-found' });
  });
});

describe('$address', () => {
  async function createService() {
    const world = await createHttpWorld();
    const service = new AddressService(new V3Addresses(world.controller, OPEN_AUTHORIZER));
    const ask = async (applicationProperties: Record<string, unknown>, body?: unknown) => {
      const answer = await service.handle({ applicationProperties, body }, ANONYMOUS);
      return { ...answer.applicationProperties, body: JSON.parse(answer.body) };
    };
    return { ...world, ask };
  }

  it('does what /v3/address does', async () => {
    const { ask, call } = await createService();
    expect(await ask({ method: 'PUT' }, ENMASSE_DOCUMENT)).toMatchObject({
      statusCode: 200,
      contentType: 'application/json',
    });
    expect((await ask({ method: 'GET' })).body).toEqual((await call('GET', '/v3/address')).body);
    expect((await ask({ method: 'GET', address: 'max' })).body).toEqual((await call('GET', '/v3/address/max')).body);
    expect(
      (await ask({ method: 'POST' }, new TextEncoder().encode(JSON.stringify(address('a'))))).body.items,
    ).toHaveLength(3);
    expect((await ask({ method: 'PUT', address: 'b/c' }, JSON.stringify(address('b/c')))).body.kind).toBe('Address');
    expect((await ask({ method: 'DELETE', address: 'b/c' })).body.items).toHaveLength(3);
    expect((await ask({ method: 'PUT' }, JSON.stringify(list()))).body.items).toEqual([]);
  });

  it('answers faults as problems', async () => {
    const { ask, messaging } = await createService();
    await ask({ method: 'PUT' }, ENMASSE_DOCUMENT);
    await messaging.send('max', { body: Buffer.from('21'), binary: false });
    const cases = [
      [{ method: 'GET', address: 'min' }, undefined, 404],
      [{ method: 'PATCH' }, undefined, 405],
      [{ method: 7 }, undefined, 400],
      [{ method: 'DELETE' }, undefined, 400],
      [{ method: 'PUT' }, '{', 400],
      [{ method: 'PUT' }, undefined, 400],
      [{ method: 'PUT' }, '{}', 422],
      [{ method: 'DELETE', address: 'max' }, undefined, 409],
      [{ method: 'DELETE', address: 'max', force: true }, undefined, 200],
    ] as const;
    for (const [properties, body, statusCode] of cases) {
      const answer = await ask(properties, body);
      expect(answer, JSON.stringify(properties)).toMatchObject({ statusCode });
      if (statusCode !== 200)
        expect(answer.body).toMatchObject({ status: statusCode, type: expect.stringContaining('https://') });
    }
  });
});

import { createClient, type DocumentInput } from '@millrace/contract';
import { type Authorizer, OPEN_AUTHORIZER } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import { createHttpWorld, problemIn } from '../support/http-world.js';

const MAX = { sql: 'INSERT INTO max SELECT max(body) AS body FROM STREAM temperature' };

function document(kind: 'Address' | 'Job' | 'User', name: string, spec: object, labels: Record<string, string> = {}) {
  return { apiVersion: 'millrace.dev/v1', kind, metadata: { name, labels }, spec };
}

const queue = (name: string, spec: object = {}) => document('Address', name, { type: 'queue', ...spec });
const DEMO = [document('Job', 'max', MAX), queue('temperature'), queue('max')];

async function world(authorizer: Authorizer = OPEN_AUTHORIZER) {
  const made = await createHttpWorld({ authorizer });
  const apply = (documents: readonly unknown[], query = '') =>
    made.call('POST', `/v1/documents:apply${query}`, { body: { documents } });
  const outcomes = async (documents: readonly object[], query = '') => {
    const { status, body } = await apply(documents, query);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body.results.map(({ name, outcome }: { name: string; outcome: string }) => `${name} ${outcome}`);
  };
  return { ...made, apply, outcomes };
}

describe('applying many documents', () => {
  it('creates, changes and leaves them, and each can be used at once', async () => {
    const { outcomes, controller, messaging, processing } = await world();
    expect(await outcomes(DEMO)).toEqual(['max created', 'temperature created', 'max created']);
    expect([messaging.addresses.size, processing.jobs.size]).toEqual([2, 1]);
    expect(controller.get('Job', 'max')?.status.phase).toBe('Running');
    expect(await outcomes([...DEMO.slice(0, 2), queue('max', { ttl: '5s' })])).toEqual([
      'max unchanged',
      'temperature unchanged',
      'max changed',
    ]);
  });

  it('prunes what the same set applied before, and nothing else', async () => {
    const { outcomes, controller } = await world();
    await outcomes([queue('own')]);
    await outcomes([queue('other')], '?applySet=other');
    await outcomes(DEMO, '?applySet=demo&prune');
    expect(controller.get('Address', 'max')?.metadata.labels).toEqual({ 'millrace.dev/apply-set': 'demo' });
    expect(await outcomes([queue('temperature')], '?applySet=demo')).toEqual(['temperature unchanged']);
    expect(await outcomes([queue('temperature')], '?applySet=demo&prune&dryRun')).toEqual([
      'temperature unchanged',
      'max pruned',
      'max pruned',
    ]);
    expect(controller.names('Job')).toEqual(['max']);
    expect(await outcomes([queue('temperature')], '?applySet=demo&prune')).toContain('max pruned');
    expect([controller.names('Address'), controller.names('Job')]).toEqual([['other', 'own', 'temperature'], []]);
    // Without a set a document stays in its own.
    expect(await outcomes([queue('temperature')])).toEqual(['temperature unchanged']);
  });

  it('does not take a document from another set, nor prunes without one', async () => {
    const { apply, outcomes } = await world();
    await outcomes([queue('a')], '?applySet=one');
    const taken = problemIn(await apply([queue('b'), queue('a')], '?applySet=two'));
    expect([taken.slug, taken.problem.errors]).toMatchObject([
      'conflict',
      [{ pointer: '/documents/1/metadata/name', code: 'other-set' }],
    ]);
    expect(problemIn(await apply([queue('a')], '?prune')).slug).toBe('invalid-parameter');
    expect(problemIn(await apply([queue('a')], '?applySet=%20')).slug).toBe('invalid-parameter');
  });

  it('tells all faults with their places, and changes nothing', async () => {
    const { apply, messaging } = await world();
    const wrong = problemIn(await apply([queue('a'), queue('b', { typ: 1 }), document('Job', '-', MAX), 7]));
    expect([wrong.slug, wrong.problem.errors?.map(({ pointer }) => pointer)]).toEqual([
      'invalid-document',
      ['/documents/1/spec/typ', '/documents/2/metadata/name', '/documents/3'],
    ]);
    const refused = problemIn(
      await apply([
        queue('a', { expiry: 'a' }),
        document('Job', 'j', { sql: 'INSERT INTO max SELECT oops FROM STREAM t' }),
        queue('ok'),
      ]),
    );
    expect(refused.problem.errors?.map(({ pointer }) => pointer)).toEqual([
      '/documents/0/spec/expiry',
      '/documents/1/spec/sql',
    ]);
    expect(problemIn(await apply([queue('a'), queue('a')])).problem.errors?.[0]).toMatchObject({ code: 'duplicate' });
    expect(messaging.requests).toEqual([]);
  });

  it('judges jobs by the addresses that come with them', async () => {
    const { apply, outcomes } = await world();
    const job = document('Job', 'wet', { sql: 'INSERT INTO max SELECT humidity AS body FROM STREAM air' });
    const air = (column: string) =>
      queue('air', { schema: { format: 'json', columns: [{ name: column, type: 'INT' }] } });
    expect(problemIn(await apply([air('pressure'), job, queue('max')])).slug).toBe('invalid-sql');
    expect(await outcomes([air('humidity'), job, queue('max')])).toHaveLength(3);
  });

  it('asks for each document, for the ends of jobs, and for what is pruned', async () => {
    const denied = new Set<string>();
    const authorizer: Authorizer = { authorize: (_principal, verb, address) => !denied.has(`${verb} ${address}`) };
    const { apply, outcomes } = await world(authorizer);
    await outcomes([queue('temperature'), queue('max'), queue('old')], '?applySet=s');
    for (const [permission, documents] of [
      ['manage temperature', DEMO],
      ['manage job/max', DEMO],
      ['recv temperature', DEMO],
      ['send max', DEMO],
      ['manage old', [queue('temperature'), queue('max')]],
    ] as const) {
      denied.clear();
      denied.add(permission);
      expect(problemIn(await apply(documents, '?applySet=s&prune')).slug, permission).toBe('not-allowed');
    }
  });

  it('guards stored messages, of what is pruned too', async () => {
    const { apply, outcomes, call } = await world();
    await outcomes([queue('a'), queue('b')], '?applySet=s');
    await call('POST', '/v1/addresses/b/messages', { body: { body: 'x' } });
    expect(problemIn(await apply([queue('a')], '?applySet=s&prune')).slug).toBe('would-lose-messages');
    expect(await outcomes([queue('a')], '?applySet=s&prune&force')).toEqual(['a unchanged', 'b pruned']);
  });

  it('takes YAML, with the place of a fault', async () => {
    const { call } = await world();
    const yaml = (body: string) =>
      call('POST', '/v1/documents:apply', { body, headers: { 'content-type': 'application/yaml' } });
    const good = 'apiVersion: millrace.dev/v1\nkind: Address\nmetadata: {name: a}\nspec: {type: queue}\n';
    expect((await yaml(`${good}---\n${good.replace('name: a', 'name: b')}`)).body.results).toHaveLength(2);
    const { problem } = problemIn(await yaml(good.replace('queue', 'quue')));
    expect(problem.errors?.[0]).toMatchObject({
      pointer: '/documents/0/spec/type',
      detail: expect.stringContaining('line 4, column'),
    });
  });
});

describe('users among them', () => {
  const user = (name: string, verbs: readonly string[], password?: string) =>
    document('User', name, {
      authentication: { type: 'password', ...(password === undefined ? {} : { password }) },
      permissions: [{ verbs, addresses: ['#'] }],
    });

  it('nothing of a password is in what would change', async () => {
    const { apply, outcomes, call } = await world();
    const created = await apply([user('ann', ['manage'], 'first secret'), user('bob', ['recv'], 'other secret')]);
    expect([created.status, created.body.results.length]).toEqual([200, 2]);
    const documents = [user('ann', ['manage'], 'second secret'), user('bob', ['send'])];
    const answers = [
      await apply(documents, '?dryRun'),
      await call('PUT', '/v1/users/ann?dryRun', { body: documents[0] }),
      await apply(documents),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(JSON.stringify(answers)).not.toMatch(/secret|storedKey|serverKey|salt/);
    expect(answers[0]!.body.results[1].changes).toMatchObject([{ pointer: '/spec/permissions' }]);
    expect(await outcomes([user('bob', ['send'])])).toEqual(['bob unchanged']);
  });

  it('somebody must be left who may manage the server, whatever goes together', async () => {
    const { apply, outcomes } = await world();
    expect(problemIn(await apply([user('eve', ['recv'], 'a secret')])).slug).toBe('conflict');
    // In one request the order does not matter.
    await outcomes([user('eve', ['recv'], 'a secret'), user('ann', ['manage'], 'b secret')], '?applySet=s');
    await outcomes([user('bob', ['manage'], 'c secret')]);
    await outcomes([user('eve', ['recv']), user('ann', ['manage']), user('bob', ['manage'])], '?applySet=s');
    expect(problemIn(await apply([user('eve', ['recv'])], '?applySet=s&prune')).slug).toBe('conflict');
    expect(problemIn(await apply([], '?applySet=s&prune')).slug).toBe('conflict');
    expect(await outcomes([user('ann', ['manage'])], '?applySet=s&prune')).toEqual([
      'ann unchanged',
      'bob pruned',
      'eve pruned',
    ]);
  });
});

it('a dry run says what would change', async () => {
  const { app, outcomes } = await world();
  await outcomes([queue('a', { ttl: '5s' })]);
  const client = createClient({ server: 'http://127.0.0.1:8080', fetch: async (request) => app.request(request) });
  const next = document('Address', 'a', { type: 'queue', limits: { messages: 5 } }, { team: 'x' }) as DocumentInput;
  const expected = [
    { pointer: '/metadata/labels/team', after: 'x' },
    { pointer: '/spec/limits/messages', before: 1_000_000, after: 5 },
    { pointer: '/spec/ttl', before: 5000 },
  ];
  expect(await client.apply(next, { dryRun: true })).toMatchObject({ outcome: 'changed', changes: expected });
  expect((await client.applyAll([next], { dryRun: true })).results).toMatchObject([
    { outcome: 'changed', changes: expected },
  ]);
  expect(await client.addresses.get('a')).not.toHaveProperty('changes');
  expect((await client.apply(next)).changes).toBeUndefined();
});

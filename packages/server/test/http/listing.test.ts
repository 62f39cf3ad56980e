import { expect, it } from 'vitest';
import { MAX_SQL, maxJob, queue } from '../../../controller/test/support/world.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

type Item = { metadata: { name: string } };

async function filled() {
  const world = await createHttpWorld();
  const { controller, messaging, call } = world;
  for (const [name, stored] of [
    ['alpha', 3],
    ['beta', 1],
    ['gamma', 3],
    ['delta', 0],
  ] as const) {
    await controller.put(queue(name, name === 'delta' ? { type: 'topic' } : {}));
    for (let index = 0; index < stored; index += 1) {
      await messaging.send(name, { body: Buffer.from('x'), binary: false });
    }
  }
  const names = async (query: string) =>
    (await call('GET', `/v1/addresses?${query}`)).body.items.map((item: Item) => item.metadata.name);
  return { ...world, names };
}

it('sorts, with equal ones by name, and goes on from page to page though things change', async () => {
  const { call, controller, names } = await filled();
  expect(await names('sort=-stored')).toEqual(['gamma', 'alpha', 'beta', 'delta'].sort(byStored));
  const first = await call('GET', '/v1/addresses?sort=-stored&limit=2&total');
  expect([first.body.items.map((item: Item) => item.metadata.name), first.body.total]).toEqual([['alpha', 'gamma'], 4]);
  await controller.delete('Address', 'gamma', { force: true });
  await controller.put(queue('aaa'));
  expect(await names(`sort=-stored&limit=2&cursor=${first.body.next}`)).toEqual(['beta', 'aaa']);
  const mixed = problemIn(await call('GET', `/v1/addresses?sort=name&cursor=${first.body.next}`));
  expect(mixed.problem.detail).toContain('another order');
});

function byStored(left: string, right: string): number {
  const stored: Record<string, number> = { alpha: 3, beta: 1, gamma: 3, delta: 0 };
  return stored[right]! - stored[left]! || (left < right ? -1 : 1);
}

it.each([
  ['filter=A', ['alpha', 'beta', 'delta', 'gamma']],
  ['filter=ph', ['alpha']],
  ['filter=stored>=1&filter=stored<3', ['beta']],
  ['filter=type!=queue', ['delta']],
  ['filter=name~ET', ['beta']],
  ['filter=phase=Ready&filter=name!~a', []],
  ['filter=labels.team=a', []],
])('%s', async (query, expected) => {
  const { names } = await filled();
  expect(await names(query)).toEqual(expected);
});

it.each([
  'sort=x',
  'sort=',
  'sort=-constructor',
  'filter=colour=red',
  'filter=stored>many',
  'filter=constructor=1',
  'sort=name&sort=-name',
])('%s is refused with what would be right', async (query) => {
  const { call } = await filled();
  const { slug, problem } = problemIn(await call('GET', `/v1/addresses?${query}`));
  expect([slug, problem.errors?.length]).toEqual(['invalid-parameter', 1]);
});

it('connections, jobs and subscriptions can be sorted and filtered too', async () => {
  const { call, controller, messaging } = await filled();
  await controller.put(queue('temperature'));
  await controller.put(queue('max'));
  await controller.put(maxJob());
  expect((await call('GET', '/v1/jobs?filter=rowsIn>6&sort=-backlog')).body.items[0].spec.sql).toBe(MAX_SQL);
  const connection = { container: 'c', host: 'h', user: 'u', encrypted: false, openedAt: '', links: [] };
  messaging.connections = [
    { ...connection, id: 'b', protocol: 'mqtt', properties: { version: '5' } },
    { ...connection, id: 'a', protocol: 'amqp', properties: {} },
    { ...connection, id: 'job-x', protocol: 'job', properties: {} },
  ];
  const ids = async (query: string) =>
    (await call('GET', `/v1/connections?${query}`)).body.items.map(({ id }: { id: string }) => id);
  expect([await ids(''), await ids('sort=-id&limit=1'), await ids('filter=properties.version=5')]).toEqual([
    ['a', 'b', 'job-x'],
    ['job-x'],
    ['b'],
  ]);
  expect(problemIn(await call('DELETE', '/v1/connections/job-x')).slug).toBe('conflict');
  const subscription = { owner: 'any', container: '', storedBytes: 0, receivers: 0, links: [] } as const;
  messaging.subscriptions = [
    { ...subscription, name: 'b', source: 't', stored: 2 },
    { ...subscription, name: 'a', source: 't/#', stored: 0 },
    {
      ...subscription,
      name: 'job/max-temperature',
      source: 't',
      stored: 0,
      owner: 'job',
      container: 'max-temperature',
    },
  ];
  const page = await call('GET', '/v1/subscriptions?filter=source=t&sort=stored');
  expect(page.body.items.map(({ name }: { name: string }) => name)).toEqual(['job/max-temperature', 'b']);
  expect((await call('GET', '/v1/subscriptions/a')).body).toMatchObject({ source: 't/#' });
  expect(problemIn(await call('DELETE', '/v1/subscriptions/b')).slug).toBe('would-lose-messages');
  expect(problemIn(await call('DELETE', '/v1/subscriptions/job%2Fmax-temperature')).slug).toBe('conflict');
  expect((await call('DELETE', '/v1/subscriptions/b?force=true')).status).toBe(204);
  expect(problemIn(await call('DELETE', '/v1/subscriptions/b')).slug).toBe('not-found');
});

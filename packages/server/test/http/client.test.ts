import { createClient, type ServerSentEvent } from '@millrace/contract';
import { expect, it } from 'vitest';
import { maxJob, queue } from '../../../controller/test/support/world.js';
import { createHttpWorld } from '../support/http-world.js';

async function world() {
  const made = await createHttpWorld();
  for (const name of ['a', 'b', 'temperature', 'max']) await made.controller.put(queue(name));
  await made.controller.put(maxJob());
  const client = createClient({ server: 'http://127.0.0.1:8080', fetch: async (request) => made.app.request(request) });
  return { ...made, client };
}

it('the typed client pages, moves, redrives, and looks at what it started', async () => {
  const { client, messaging } = await world();
  for (const body of ['1', '2', '3']) await client.send('a', { body });
  await client.sendOnce('a', { body: '4' }, 'key');
  await client.sendOnce('a', { body: '4' }, 'key');
  const page = await client.addresses.page({ sort: '-stored', limit: 1, total: true, filter: ['type=queue'] });
  expect([page.items[0]?.metadata.name, page.total, page.next]).toEqual(['a', 4, expect.any(String)]);
  expect((await client.addresses.list({ filter: ['stored>0'] })).map(({ metadata }) => metadata.name)).toEqual(['a']);
  expect((await client.messages('a', { filter: ['body=4'] })).items).toHaveLength(1);
  expect(await client.message('a', 2)).toMatchObject({ body: '2', inDelivery: false });
  await client.deleteMessage('a', 2);
  const moved = await client.move('a', { target: 'b', filter: ['body!=1'] });
  expect(moved).toMatchObject({ kind: 'move', state: 'done', done: 2 });
  expect([await client.operation(moved.id), (await client.operations()).length]).toEqual([moved, 1]);
  await client.cancelOperation(moved.id);
  expect(await client.redrive('b', {}, 1)).toMatchObject({ kind: 'redrive', state: 'failed', skipped: 2 });
  const subscription = { owner: 'any', container: '', storedBytes: 0, receivers: 0, links: [] } as const;
  messaging.subscriptions = [{ ...subscription, name: 's/1', source: 't', stored: 2 }];
  expect((await client.subscriptions({ filter: ['stored>1'] })).items).toEqual([await client.subscription('s/1')]);
  await client.deleteSubscription('s/1', { force: true });
  expect((await client.subscriptions()).items).toEqual([]);
});

it('the typed client checks and completes SQL', async () => {
  const { client } = await world();
  expect(await client.checkSql('SELECT body FROM STREAM a')).toMatchObject({ valid: true, source: 'a' });
  expect((await client.completeSql('SELECT body FROM STREAM te', 26)).items[0]?.label).toBe('temperature');
});

it('the typed client hears events, and ends them', async () => {
  const { client, controller } = await world();
  const leaving = new AbortController();
  const events: ServerSentEvent[] = [];
  for await (const event of await client.events(['addresses:a', 'jobs'], { signal: leaving.signal })) {
    events.push(event);
    if (event.event === 'bookmark') await controller.put(queue('a', { ttl: 5 }));
    if (event.event === 'modified') break;
  }
  expect(events.map(({ event }) => event)).toEqual(['snapshot', 'snapshot', 'bookmark', 'modified']);
  expect(events.at(-1)?.data).toMatchObject({ topic: 'addresses', items: [{ spec: { ttl: 5 } }] });
  const { id } = events.at(-1)!;
  for await (const event of await client.events(['jobs'], { lastEventId: id })) {
    expect(event.event).toBe('bookmark');
    break;
  }
  await expect(client.events(['jobs'], { lastEventId: 'x' })).rejects.toMatchObject({ problem: { status: 410 } });
  await expect(client.previewSql('SELECT body FROM STREAM a')).rejects.toMatchObject({ problem: { status: 422 } });
});

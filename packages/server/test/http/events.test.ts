import { type Authorizer, OPEN_AUTHORIZER } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import { ManualTimers } from '../../../controller/test/support/manual-timers.js';
import { queue } from '../../../controller/test/support/world.js';
import { TopicLog } from '../../src/http/events/topic-log.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

interface Event {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of all shapes
  readonly data: any;
}

class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #timers: ManualTimers;

  constructor(response: Response, timers: ManualTimers) {
    this.#reader = response.body!.getReader();
    this.#timers = timers;
  }

  /** Reads a piece, turning the clock until there is one. */
  async piece(): Promise<readonly Event[]> {
    let read: { readonly value?: Uint8Array | undefined } | undefined;
    void this.#reader.read().then((result) => {
      read = result;
    });
    for (let turn = 0; turn < 100 && read === undefined; turn += 1) await this.#timers.advance(250);
    return read?.value === undefined ? [] : eventsIn(new TextDecoder().decode(read.value));
  }

  /** Until this event. */
  async until(event: string): Promise<readonly Event[]> {
    const all: Event[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      all.push(...(await this.piece()));
      if (all.some((one) => one.event === event)) return all;
    }
    throw new Error(`no ${event}: ${JSON.stringify(all)}`);
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

function eventsIn(text: string): readonly Event[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('event: '))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      return { event: field('event')!, id: field('id'), data: JSON.parse(field('data')!) };
    });
}

async function world(authorizer: Authorizer = OPEN_AUTHORIZER) {
  const timers = new ManualTimers();
  const made = await createHttpWorld({ timers, authorizer });
  for (const name of ['a', 'b/c']) await made.controller.put(queue(name));
  const listen = async (topics: string, lastEventId?: string) => {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const response = await made.app.request(`http://127.0.0.1:8080/v1/events?topics=${topics}`, { headers });
    if (response.status !== 200) throw new Error(await response.text());
    return new Listener(response, timers);
  };
  return { ...made, timers, listen };
}

const names = (event: Event | undefined) =>
  event?.data.items.map((item: { metadata: { name: string } }) => item.metadata.name);

describe('events', () => {
  it('tell what there is, then what changes, with the place to go on from', async () => {
    const { listen, controller } = await world();
    const listener = await listen('addresses,jobs');
    const first = await listener.until('bookmark');
    expect(first.map(({ event, data }) => [event, data.topic, data.more])).toEqual([
      ['snapshot', 'addresses', false],
      ['snapshot', 'jobs', false],
      ['bookmark', undefined, undefined],
    ]);
    expect([names(first[0]), first[0]!.id, first[2]!.id]).toEqual([
      ['a', 'b/c'],
      undefined,
      expect.stringMatching(/-4$/),
    ]);
    await controller.put(queue('d'));
    await controller.put(queue('a', { ttl: 5 }));
    await controller.delete('Address', 'b/c');
    const changes = await listener.piece();
    expect(changes.map(({ event, data, id }) => [event, data.keys ?? data.items.length, id !== undefined])).toEqual([
      ['added', 1, false],
      ['modified', 1, false],
      ['deleted', ['b/c'], true],
    ]);
    expect(changes[1]!.data.items[0].spec.ttl).toBe(5);
    await listener.close();
  });

  it('come together: of many changes of one thing the last, and it is said that others were left out', async () => {
    const { listen, controller, timers } = await world();
    const listener = await listen('addresses:a');
    await listener.until('bookmark');
    for (let ttl = 1; ttl <= 10; ttl += 1) await controller.put(queue('a', { ttl }));
    await controller.put(queue('b/c', { ttl: 1 }));
    const changes = await listener.piece();
    expect(changes.map(({ event, data }) => [event, data.items.length, data.leftOut])).toEqual([['modified', 1, 9]]);
    expect(changes[0]!.data.items[0].spec.ttl).toBe(10);
    // And not more often than four times a second.
    await controller.put(queue('a', { ttl: 11 }));
    const [before, next] = [timers.now(), await listener.piece()];
    expect([timers.now() - before, next.length]).toEqual([250, 1]);
    await listener.close();
  });

  it('go on where a stream ended, and say when that is not known', async () => {
    const { listen, controller, call } = await world();
    const before = await listen('addresses');
    const id = (await before.until('bookmark')).at(-1)!.id!;
    await before.close();
    await controller.put(queue('d'));
    const after = await listen('addresses', id);
    const changes = await after.piece();
    expect(changes.map((one) => [one.event, names(one)])).toEqual([['added', ['d']]]);
    await after.close();
    for (const unknown of ['x', `other-1`, id.replace(/\d+$/, '99')]) {
      const headers = { 'last-event-id': unknown };
      expect(problemIn(await call('GET', '/v1/events?topics=addresses', { headers })).slug).toBe('events-gone');
    }
  });

  it('say that they live when nothing happens', async () => {
    const { listen, timers } = await world();
    const listener = await listen('addresses');
    await listener.until('bookmark');
    const began = timers.now();
    const [event] = await listener.piece();
    expect([event?.event, timers.now() - began]).toEqual(['bookmark', expect.closeTo(15_000, -3)]);
    await listener.close();
  });

  it('tell figures of what has changed alone, by name where that is asked for', async () => {
    const { listen, messaging } = await world();
    const listener = await listen('address-statistics');
    const first = await listener.until('bookmark');
    expect(first[0]!.data.items.map((item: { name: string }) => item.name)).toEqual(['a', 'b/c']);
    await messaging.send('b/c', { body: Buffer.from('x'), binary: false });
    const [change] = await listener.piece();
    expect(change).toMatchObject({ event: 'modified', data: { topic: 'address-statistics' } });
    expect(change!.data.items).toMatchObject([{ name: 'b/c', stored: 1, messagesIn: 1 }]);
    const one = await listen('address-statistics:b%252Fc&topics=server');
    expect((await one.until('bookmark')).map(({ data }) => [data.topic, data.items?.length])).toEqual([
      ['address-statistics', 1],
      ['server', 1],
      [undefined, undefined],
    ]);
    await listener.close();
    await one.close();
  });

  it('tell of connections that come and go', async () => {
    const { listen, messaging } = await world();
    const connection = {
      protocol: 'amqp',
      container: 'c',
      host: 'h',
      user: 'u',
      encrypted: false,
      openedAt: '',
    } as const;
    const link = { name: 'l', role: 'sender', address: 'a', credit: 1, unsettled: 0, deliveries: 0 } as const;
    const listener = await listen('connections,connection-statistics');
    await listener.until('bookmark');
    messaging.connections = [{ ...connection, id: 'c-1', properties: {}, links: [link] }];
    const came = await listener.piece();
    expect(came.map(({ event, data }) => [event, data.topic])).toEqual([
      ['added', 'connections'],
      ['added', 'connection-statistics'],
    ]);
    messaging.connections = [{ ...connection, id: 'c-1', properties: {}, links: [{ ...link, deliveries: 5 }] }];
    expect((await listener.piece()).map(({ data }) => data.topic)).toEqual(['connection-statistics']);
    messaging.connections = [];
    expect((await listener.piece()).map(({ event, data }) => [event, data.keys])).toEqual([
      ['deleted', ['c-1']],
      ['deleted', ['c-1']],
    ]);
    await listener.close();
  });

  it('show what one may view and no more', async () => {
    const authorizer: Authorizer = { authorize: (_principal, _verb, address) => address === 'a' };
    const { listen, controller, call } = await world(authorizer);
    const listener = await listen('addresses');
    expect(names((await listener.until('bookmark'))[0])).toEqual(['a']);
    await controller.put(queue('secret'));
    await controller.delete('Address', 'secret');
    await controller.put(queue('a', { ttl: 1 }));
    expect((await listener.piece()).map((one) => [one.event, names(one)])).toEqual([['modified', ['a']]]);
    await listener.close();
    expect(problemIn(await call('GET', '/v1/events?topics=connections')).slug).toBe('not-allowed');
  });

  it('end with the server', async () => {
    const stopping = new AbortController();
    const { app } = await createHttpWorld({ stopping: stopping.signal });
    const response = await app.request('http://127.0.0.1:8080/v1/events?topics=server');
    stopping.abort();
    expect(await response.text()).not.toContain('added');
  });

  it('a slow client gets fewer events, and is let go when it takes nothing at all', async () => {
    const { listen, controller, timers, call } = await world();
    const open: Listener[] = [];
    for (let count = 0; count < 200; count += 1) open.push(await listen('addresses'));
    expect(problemIn(await call('GET', '/v1/events?topics=addresses')).slug).toBe('too-many-streams');
    await open[0]!.until('bookmark');
    await controller.put(queue('a', { ttl: 1 }));
    await timers.advance(70_000);
    expect((await call('HEAD', '/v1/events?topics=addresses')).status).toBe(200);
    await Promise.all(open.map((listener) => listener.close()));
  });

  it.each(['', 'topics=', 'topics=adresses', 'topics=addresses:%25', 'topic=addresses'])(
    '%s is refused',
    async (query) => {
      const { call } = await world();
      expect(problemIn(await call('GET', `/v1/events?${query}`)).slug).toBe('invalid-parameter');
    },
  );
});

describe('a log of changes', () => {
  it('forgets the oldest, and says so', () => {
    const log = new TopicLog(0, 2);
    for (let version = 1; version <= 4; version += 1)
      log.note({ key: `k${version}`, type: 'added', guard: '' }, version);
    expect([log.since(0), log.since(2)?.changes.map(({ key }) => key), log.since(4)?.changes]).toEqual([
      undefined,
      ['k3', 'k4'],
      [],
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import { type AddressType, Outcome } from '../src/index.js';
import { Host, message, textOf } from './support/host.js';

describe('declaring', () => {
  test.each([
    ['', 'queue'],
    ['a/+', 'topic'],
    ['#', 'queue'],
    ['$temporary/1', 'queue'],
  ])('%j is not a name', (name, type) => {
    expect(new Host().broker.declare(name, { type: type as AddressType })?.reason).toBe('invalid');
  });

  test.each([
    [{ limits: { messages: 0 } }],
    [{ limits: { bytes: -1 } }],
    [{ maxDeliveries: 1.5 }],
    [{ ttlMs: -1 }],
    [{ type: 'heap' }],
  ])('%j is not allowed', (settings) => {
    expect(new Host().broker.declare('q', { type: 'queue', ...settings } as never)?.reason).toBe('invalid');
  });

  test('again changes it and keeps what is stored', () => {
    const host = new Host();
    host.broker.declare('q', { type: 'queue', limits: { messages: 2 } });
    const sender = host.producer('q');
    for (const text of ['a', 'b']) sender.send(text);
    host.turn();
    expect([sender.producer.capacity(), sender.capacityChanges]).toEqual([0, 1]);
    host.broker.declare('q', { type: 'queue', limits: { messages: 10 } });
    host.turn();
    expect(sender.capacityChanges).toBe(2);
    expect(sender.send('c')).toBe('accepted');
    expect(host.subscribe('q').texts).toEqual(['a', 'b', 'c']);
  });

  test('another type is refused while messages are stored or somebody uses it', () => {
    const host = new Host();
    host.broker.declare('q', { type: 'queue' });
    const sender = host.producer('q');
    sender.send('a');
    expect(host.broker.declare('q', { type: 'topic' })?.reason).toBe('would-lose-messages');
    host.broker.purge('q');
    expect(host.broker.declare('q', { type: 'topic' })?.reason).toBe('in-use');
    sender.producer.close();
    expect(host.broker.declare('q', { type: 'topic' })).toBeUndefined();
    host.subscribe('q', { durableName: 'd' }).subscription.close();
    expect(host.broker.declare('q', { type: 'queue' })?.reason).toBe('in-use');
    host.producer('q').send('a');
    expect(host.broker.declare('q', { type: 'queue' })?.reason).toBe('would-lose-messages');
  });
});

describe('removing', () => {
  test('what would lose messages is refused unless forced; all links are told', () => {
    const host = new Host();
    expect(host.broker.remove('q')?.reason).toBe('not-found');
    host.broker.declare('q', { type: 'queue' });
    const sender = host.producer('q');
    const consumer = host.subscribe('q', { capacity: 1 });
    for (const text of ['a', 'b']) sender.send(text);
    expect(host.broker.remove('q')?.reason).toBe('would-lose-messages');
    expect(host.broker.remove('q', { force: true })).toBeUndefined();
    expect([sender.deleted, consumer.end, sender.send('c')]).toEqual([true, 'deleted', 'rejected']);
    expect(sender.producer.refusal).toBe('deleted');
    consumer.settle(0, Outcome.released);
    consumer.give(10);
    consumer.subscription.close();
    sender.producer.close();
    host.turn();
    expect(consumer.texts).toEqual(['a']);
    host.broker.declare('q', { type: 'queue' });
    expect(host.broker.address('q')).toMatchObject({ stored: 0, senders: 0, receivers: 0, counters: { in: 0 } });
  });

  test.each(['topic', 'anycast', 'multicast'] as const)('%s: all links are told', (type) => {
    const host = new Host();
    host.broker.declare('x', { type });
    const sender = host.producer('x');
    const consumer = host.subscribe('x');
    const filter = host.subscribe('#');
    sender.send('a');
    expect(host.broker.remove('x')).toBeUndefined();
    host.turn();
    expect([sender.deleted, consumer.end, filter.end]).toEqual([true, 'deleted', undefined]);
    expect(sender.send('b')).toBe('rejected');
    expect(sender.outcomes.map((one) => one.reason)).toEqual(type === 'anycast' ? ['deleted'] : []);
  });

  test('a topic with messages in a durable subscription', () => {
    const host = new Host();
    host.broker.declare('t', { type: 'topic' });
    host.subscribe('t', { durableName: 'd' }).subscription.close();
    host.producer('t').send('a');
    expect(host.broker.remove('t')?.reason).toBe('would-lose-messages');
    expect(host.broker.remove('t', { force: true })).toBeUndefined();
    expect(host.broker.subscriptions()).toEqual([]);
  });
});

describe('temporary queues', () => {
  test('live as long as their owner', () => {
    const host = new Host();
    const owner = {};
    const [first, second] = [host.broker.createTemporary(owner), host.broker.createTemporary(owner)];
    expect(first).not.toBe(second);
    const sender = host.producer(first);
    expect(sender.send('a', { durable: true })).toBe('accepted');
    expect(host.subscribe(first).texts).toEqual(['a']);
    expect(host.broker.address(first)).toMatchObject({ temporary: true, stored: 1 });
    host.broker.removeTemporary(second);
    host.broker.removeTemporaries(owner);
    expect([sender.deleted, host.broker.addresses()]).toEqual([true, []]);
  });
});

describe('looking and purging', () => {
  function filled() {
    const host = new Host();
    host.broker.declare('q', { type: 'queue', maxDeliveries: 100 });
    const sender = host.producer('q');
    for (const text of ['a', 'b', 'c', 'd']) sender.send(text);
    return { host, broker: host.broker, sender };
  }

  test('pages through what is stored, messages in delivery too', () => {
    const { host, broker } = filled();
    const consumer = host.subscribe('q', { capacity: 3 });
    consumer.settle(0, Outcome.accepted);
    consumer.settle(1, Outcome.modifiedFailed);
    const page = broker.browse('q', { limit: 2 })!;
    expect(page.map((one) => [textOf(one.message), one.deliveryCount, one.inDelivery])).toEqual([
      ['b', 1, false],
      ['c', 0, true],
    ]);
    expect(broker.browse('q', { limit: 9, after: page[1]!.id })!.map((one) => textOf(one.message))).toEqual(['d']);
    expect(broker.browse('x', { limit: 1 })).toBeUndefined();
  });

  test('a browsing consumer takes nothing, and nothing that others settle moves it', () => {
    const { host, broker, sender } = filled();
    const browser = host.subscribe('q', { browse: true, capacity: 2 });
    expect(browser.texts).toEqual(['a', 'b']);
    const consumer = host.subscribe('q');
    consumer.settle(0, Outcome.accepted);
    consumer.settle(2, Outcome.accepted);
    sender.send('e');
    expect(browser.subscription.backlog()).toBe(2);
    browser.settleAll(Outcome.rejected);
    browser.give(10);
    expect(browser.texts).toEqual(['a', 'b', 'd', 'e']);
    expect(browser.subscription.backlog()).toBe(0);
    sender.send('f');
    expect(browser.texts.at(-1)).toBe('f');
    expect(broker.address('q')).toMatchObject({ stored: 4, receivers: 2 });
    browser.subscription.close();
    expect(broker.address('q')?.receivers).toBe(1);
  });

  test('a browser that settles and sends from within goes on in order', () => {
    const { host, sender } = filled();
    for (let i = 0; i < 1500; i++) sender.send(`${i}`);
    const consumer = host.subscribe('q', { capacity: 10_000 });
    const browser = host.subscribe('q', { browse: true, capacity: 0 });
    const seen: string[] = [];
    browser.deliver = (one) => {
      seen.push(textOf(one));
      const at = seen.length - 1;
      consumer.deliveries[at]?.settle(Outcome.accepted);
      if (at < 1000) sender.send(`late ${at}`);
    };
    browser.give(1);
    expect(seen.slice(0, 5)).toEqual(['a', 'b', 'c', 'd', '0']);
    expect(seen).toHaveLength(4 + 1500 + 1000);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('purge deletes what nobody holds', () => {
    const { host, broker } = filled();
    const consumer = host.subscribe('q', { capacity: 2 });
    consumer.settle(0, Outcome.released);
    expect(broker.purge('q')).toBe(3);
    expect(broker.address('q')?.stored).toBe(1);
    consumer.settle(1, Outcome.released);
    host.turn();
    consumer.give(5);
    expect(consumer.texts).toEqual(['a', 'b', 'b']);
    expect(broker.purge('x')).toBeUndefined();
  });
});

describe('retained messages', () => {
  test('the last one of a topic, until an empty one', () => {
    const { broker } = new Host();
    for (const text of ['1', '2']) expect(broker.retain(message('a/b', text))).toBeUndefined();
    broker.retain(message('a', 'x'));
    expect(broker.retainedMatching('a/#').map(textOf).sort()).toEqual(['2', 'x']);
    broker.retain(message('a/b', ''));
    broker.retain(message('never', ''));
    expect(broker.retainedMatching('#').map(textOf)).toEqual(['x']);
  });

  test('bounded, and one that is replaced does not count twice', () => {
    const { broker } = new Host({ retained: { messages: 2, bytes: 10 } });
    expect(broker.retain(message('a', '12345'))).toBeUndefined();
    expect(broker.retain(message('b', '12345'))).toBeUndefined();
    expect(broker.retain(message('a', '54321'))).toBeUndefined();
    expect(broker.retain(message('a', '123456'))).toBe('resource-limit-exceeded');
    broker.retain(message('b', '1'));
    expect(broker.retain(message('c', '1'))).toBe('resource-limit-exceeded');
    expect(broker.retainedMatching('+').map(textOf).sort()).toEqual(['1', '54321']);
  });

  test('expire', () => {
    const host = new Host();
    host.broker.retain(message('a', 'x', { ttlMs: 100 }));
    expect(host.broker.retainedMatching('a')).toHaveLength(1);
    host.turn();
    host.nowMs += 100;
    expect(host.broker.retainedMatching('a')).toHaveLength(0);
    host.broker.retain(message('b', 'y', { ttlMs: 100 }));
    host.broker.retain(message('c', 'z'));
    host.broker.tick(host.nowMs + 100);
    expect(host.broker.retainedMatching('#').map(textOf)).toEqual(['z']);
  });
});

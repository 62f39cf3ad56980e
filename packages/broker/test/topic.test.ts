import { describe, expect, test } from 'vitest';
import { Outcome } from '../src/index.js';
import { Host, textOf } from './support/host.js';

function topic(settings: object = {}) {
  const host = new Host();
  expect(host.broker.declare('t', { type: 'topic', ...settings })).toBeUndefined();
  return { host, broker: host.broker, sender: host.producer('t') };
}

describe('a topic', () => {
  test('gives every subscription its own copy in order, from when it subscribed', () => {
    const { host, sender } = topic();
    sender.send('before');
    const first = host.subscribe('t');
    const second = host.subscribe('t', { settles: 'on-delivery' });
    sender.send('a');
    sender.send('b');
    expect([first.texts, second.texts]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test('stores a body once for all subscriptions', () => {
    const { host, broker, sender } = topic();
    const consumers = [1, 2, 3].map(() => host.subscribe('t'));
    sender.send('a');
    expect(new Set(consumers.map((one) => one.messages[0])).size).toBe(1);
    expect(broker.address('t')).toMatchObject({ stored: 3, receivers: 3, counters: { in: 1, out: 3 } });
    for (const one of consumers) one.settleAll(Outcome.accepted);
    expect(broker.address('t')).toMatchObject({ stored: 0, bytes: 0 });
  });

  test('is open to a subscriber that keeps up without owning a byte', () => {
    const { host, sender } = topic();
    const consumer = host.subscribe('t', { settles: 'on-delivery' });
    expect(sender.send('a', { durable: true })).toBe('accepted');
    expect(consumer.texts).toEqual(['a']);
    expect(consumer.messages).toEqual([]);
  });

  test('a durable message is pending only where a durable subscription stores it', () => {
    const { host, sender } = topic();
    host.subscribe('t');
    expect(sender.send('a', { durable: true })).toBe('accepted');
    host.subscribe('t', { durableName: 'd' });
    expect(sender.send('b', { durable: true })).toBe('pending');
    host.turn();
    expect(sender.outcomes).toEqual([{ tag: 1, outcome: Outcome.accepted, reason: undefined }]);
  });

  test('accepts passes messages by', () => {
    const { host, sender } = topic();
    const consumer = host.subscribe('t', { settles: 'on-delivery', accepts: (one) => textOf(one) !== 'mine' });
    for (const text of ['mine', 'yours']) sender.send(text);
    expect(consumer.texts).toEqual(['yours']);
  });
});

describe('a durable subscription', () => {
  test('keeps messages while nobody consumes, and is there again', () => {
    const { host, broker, sender } = topic();
    const first = host.subscribe('t', { durableName: 'd' });
    expect(first.subscription.existed).toBe(false);
    sender.send('a');
    first.subscription.close();
    sender.send('b');
    expect(broker.subscriptions()).toMatchObject([{ durableName: 'd', source: 't', stored: 2, receivers: 0 }]);
    const again = host.subscribe('t', { durableName: 'd' });
    expect(again.subscription.existed).toBe(true);
    expect(again.texts).toEqual(['a', 'b']);
    again.subscription.unsubscribe();
    expect(broker.subscriptions()).toEqual([]);
    expect(broker.address('t')?.stored).toBe(0);
  });

  test('the newest consumer takes over', () => {
    const { host, sender } = topic();
    const first = host.subscribe('t', { durableName: 'd' });
    sender.send('a');
    const second = host.subscribe('t', { durableName: 'd' });
    expect([first.end, second.texts, second.deliveries[0]?.redelivered]).toEqual(['taken-over', ['a'], true]);
    first.settle(0, Outcome.accepted);
    first.subscription.close();
    first.subscription.unsubscribe();
    expect(host.broker.subscriptions()).toMatchObject([{ stored: 1, receivers: 1 }]);
  });

  test('shared consumers compete, and the last one forgets it', () => {
    const { host, broker, sender } = topic();
    const [first, second] = [1, 2].map(() => host.subscribe('t', { durableName: 'd', shared: true }));
    for (const text of ['a', 'b', 'c', 'd']) sender.send(text);
    expect([first!.texts, second!.texts]).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ]);
    first!.subscription.unsubscribe();
    host.turn();
    expect(second!.texts).toEqual(['b', 'd', 'a', 'c']);
    second!.subscription.unsubscribe();
    expect(broker.subscriptions()).toEqual([]);
  });

  test('a name that is used for another source is forgotten for the first, not when it is shared', () => {
    const { host, broker, sender } = topic();
    broker.declare('u', { type: 'topic' });
    const first = host.subscribe('t', { durableName: 'd', shared: true });
    expect(broker.subscribe('u', first, { settles: 'explicit', durableName: 'd', shared: true })).toBe('not-allowed');
    const second = host.subscribe('u', { durableName: 'd' });
    expect([first.end, second.subscription.existed]).toEqual(['deleted', false]);
    sender.send('a');
    expect(second.texts).toEqual([]);
  });

  test('can be forgotten without a consumer', () => {
    const { host, broker } = topic();
    host.subscribe('t', { durableName: 'd' }).subscription.close();
    expect([broker.forgetSubscription('d'), broker.forgetSubscription('d')]).toEqual([true, false]);
  });
});

describe('a shared subscription without a durable name', () => {
  test('competes within its group and source, and is gone with its last consumer', () => {
    const { host, sender } = topic();
    const first = host.subscribe('t', { group: 'g' });
    const second = host.subscribe('t', { group: 'g' });
    const other = host.subscribe('t', { group: 'h' });
    for (const text of ['a', 'b']) sender.send(text);
    expect([first.texts, second.texts, other.texts]).toEqual([['a'], ['b'], ['a', 'b']]);
    first.subscription.close();
    host.turn();
    expect(second.texts).toEqual(['b', 'a']);
    second.subscription.close();
    sender.send('c');
    expect(host.subscribe('t', { group: 'g' }).texts).toEqual([]);
  });
});

describe('a slow receiver', () => {
  const limits = { messages: 2 };

  test('that settles on delivery loses its oldest and harms nobody', () => {
    const { host, broker, sender } = topic({ limits });
    const slow = host.subscribe('t', { settles: 'on-delivery', capacity: 0 });
    const fast = host.subscribe('t', { settles: 'on-delivery' });
    for (const text of ['a', 'b', 'c', 'd']) expect(sender.send(text)).toBe('accepted');
    expect(sender.producer.capacity()).toBeGreaterThan(0);
    expect(fast.texts).toEqual(['a', 'b', 'c', 'd']);
    slow.give(10);
    expect(slow.texts).toEqual(['c', 'd']);
    expect(broker.address('t')?.counters).toMatchObject({ in: 4, out: 6, dropped: 2 });
  });

  test.each([
    ['block', 0],
    ['reject', 65_535],
  ] as const)('under %s refuses the whole message', (whenFull, capacity) => {
    const { host, sender } = topic({ limits, whenFull });
    const slow = host.subscribe('t', { capacity: 0 });
    const fast = host.subscribe('t');
    for (const text of ['a', 'b']) sender.send(text);
    fast.settleAll(Outcome.accepted);
    expect(sender.producer.capacity()).toBe(capacity);
    expect(sender.send('c')).toBe('rejected');
    expect(fast.texts).toEqual(['a', 'b']);
    host.turn();
    slow.subscription.close();
    host.turn();
    expect(sender.capacityChanges).toBe(capacity === 0 ? 2 : 0);
    expect(sender.send('d')).toBe('accepted');
    expect(fast.texts).toEqual(['a', 'b', 'd']);
  });

  test('may ask for another answer than its address gives', () => {
    const { host, sender } = topic({ limits });
    const slow = host.subscribe('t', { capacity: 0, whenFull: 'dropOldest' });
    for (const text of ['a', 'b', 'c']) expect(sender.send(text)).toBe('accepted');
    slow.give(5);
    expect(slow.texts).toEqual(['b', 'c']);
  });

  test('of a filter can hold senders back when it asks for it', () => {
    const host = new Host({ memoryBytes: 1_000_000 });
    const sender = host.producer('devices/1', { undeclared: 'topic' });
    const job = host.subscribe('devices/#', { durableName: 'job/a', whenFull: 'block', capacity: 0 });
    for (let i = 0; i < 2000 && sender.producer.capacity() > 0; i++) sender.send('x', { size: 1000 });
    host.turn();
    expect(sender.capacityChanges).toBe(1);
    job.subscription.unsubscribe();
    host.turn();
    expect(sender.capacityChanges).toBe(2);
    expect(sender.producer.capacity()).toBeGreaterThan(0);
  });
});

describe('a topic without a document', () => {
  test('is there while it is used', () => {
    const host = new Host();
    const sender = host.producer('x/y', { undeclared: 'topic' });
    const consumer = host.subscribe('x/y', { undeclared: 'topic', settles: 'on-delivery' });
    sender.send('a');
    expect(consumer.texts).toEqual(['a']);
    expect(host.broker.address('x/y')).toMatchObject({ implicit: true, senders: 1, receivers: 1 });
    sender.producer.close();
    expect(host.broker.address('x/y')).toBeDefined();
    consumer.subscription.close();
    expect(host.broker.address('x/y')).toBeUndefined();
  });

  test('is refused to those who do not ask for it', () => {
    const host = new Host();
    const sender = host.producer('x', { undeclared: 'topic' });
    expect(host.broker.openProducer('x', sender)).toBe('not-found');
    expect(host.broker.openProducer('y', sender)).toBe('not-found');
    expect(host.broker.subscribe('y', host.subscribe('x', { undeclared: 'topic' }), { settles: 'explicit' })).toBe(
      'not-found',
    );
  });

  test('there are only so many', () => {
    const host = new Host({ implicitTopics: 2 });
    const first = host.producer('a', { undeclared: 'topic' });
    host.producer('b', { undeclared: 'topic' });
    expect(host.broker.openProducer('c', first, { undeclared: 'topic' })).toBe('resource-limit-exceeded');
    first.producer.close();
    expect(typeof host.broker.openProducer('c', first, { undeclared: 'topic' })).toBe('object');
  });

  test('gets a document and goes on, or gives way to a queue', () => {
    const host = new Host();
    const sender = host.producer('x', { undeclared: 'topic' });
    const consumer = host.subscribe('x', { undeclared: 'topic' });
    host.broker.declare('x', { type: 'topic' });
    sender.send('a');
    expect(consumer.texts).toEqual(['a']);
    const other = host.producer('y', { undeclared: 'topic' });
    const another = host.subscribe('y', { undeclared: 'topic' });
    expect(host.broker.declare('y', { type: 'queue' })).toBeUndefined();
    expect([other.deleted, another.end, other.send('b')]).toEqual([true, 'deleted', 'rejected']);
    expect(other.producer.refusal).toBe('deleted');
  });
});

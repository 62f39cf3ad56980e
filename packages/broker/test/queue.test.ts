import { describe, expect, test } from 'vitest';
import { Outcome } from '../src/index.js';
import { Host } from './support/host.js';

function queue(settings: object = {}) {
  const host = new Host();
  expect(host.broker.declare('q', { type: 'queue', ...settings })).toBeUndefined();
  return { host, broker: host.broker, sender: host.producer('q') };
}

describe('a queue', () => {
  test('stores messages and hands them out in order', () => {
    const { host, broker, sender } = queue();
    for (const text of ['a', 'b', 'c']) expect(sender.send(text)).toBe('accepted');
    expect(broker.address('q')).toMatchObject({ stored: 3, bytes: 3, senders: 1, receivers: 0 });
    const consumer = host.subscribe('q');
    expect(consumer.texts).toEqual(['a', 'b', 'c']);
    consumer.settleAll(Outcome.accepted);
    expect(broker.address('q')).toMatchObject({ stored: 0, bytes: 0, receivers: 1, counters: { in: 3, out: 3 } });
  });

  test('lets consumers take turns, one message each, while they have capacity', () => {
    const { host, sender } = queue();
    const first = host.subscribe('q', { capacity: 2 });
    const second = host.subscribe('q', { capacity: 10 });
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) sender.send(text);
    expect(first.texts).toEqual(['a', 'c']);
    expect(second.texts).toEqual(['b', 'd', 'e', 'f']);
  });

  test('waits for capacity and goes on when woken', () => {
    const { host, sender } = queue();
    const consumer = host.subscribe('q', { capacity: 1 });
    for (const text of ['a', 'b', 'c']) sender.send(text);
    expect(consumer.texts).toEqual(['a']);
    expect(consumer.subscription.backlog()).toBe(2);
    consumer.give(5);
    expect(consumer.texts).toEqual(['a', 'b', 'c']);
    expect(consumer.subscription.backlog()).toBe(0);
  });

  test('passes a message straight on to a consumer that settles on delivery', () => {
    const { host, broker, sender } = queue();
    const consumer = host.subscribe('q', { settles: 'on-delivery' });
    expect(sender.send('a', { durable: true })).toBe('accepted');
    expect(consumer.texts).toEqual(['a']);
    expect(consumer.messages).toEqual([]);
    expect(broker.address('q')).toMatchObject({ stored: 0, counters: { in: 1, out: 1 } });
  });

  test.each([
    ['released', Outcome.released, 0],
    ['failed', Outcome.modifiedFailed, 1],
  ])('what is %s comes again in its order, ahead of the rest', (_name, outcome, count) => {
    const { host, sender } = queue();
    const consumer = host.subscribe('q', { capacity: 3 });
    for (const text of ['a', 'b', 'c', 'd']) sender.send(text);
    consumer.settle(2, outcome);
    consumer.settle(0, outcome);
    host.turn();
    consumer.give(3);
    expect(consumer.texts).toEqual(['a', 'b', 'c', 'a', 'c', 'd']);
    expect(consumer.deliveries.slice(3).map((one) => [one.deliveryCount, one.redelivered])).toEqual([
      [count, true],
      [count, true],
      [0, false],
    ]);
  });

  test('settling twice does nothing the second time', () => {
    const { host, broker, sender } = queue();
    const consumer = host.subscribe('q');
    sender.send('a');
    consumer.settle(0, Outcome.released);
    consumer.settle(0, Outcome.accepted);
    host.turn();
    expect(consumer.texts).toEqual(['a', 'a']);
    consumer.settle(0, Outcome.accepted);
    expect(broker.address('q')?.stored).toBe(1);
  });

  test('what a consumer holds when it closes goes to the others in order', () => {
    const { host, sender } = queue();
    const first = host.subscribe('q', { capacity: 3 });
    for (const text of ['a', 'b', 'c', 'd']) sender.send(text);
    first.settle(1, Outcome.accepted);
    const second = host.subscribe('q', { capacity: 0 });
    first.subscription.close();
    second.give(10);
    expect(second.texts).toEqual(['a', 'c', 'd']);
    first.settle(0, Outcome.accepted);
    expect(host.broker.address('q')?.stored).toBe(3);
  });

  test('a consumer that gives back at once does not hang the broker', () => {
    const { host, sender } = queue();
    let given = 0;
    const consumer = host.subscribe('q', { capacity: 1_000_000 });
    consumer.deliver = (_message, delivery) => {
      given++;
      delivery!.settle(Outcome.released);
    };
    sender.send('a');
    host.turn();
    expect(given).toBeGreaterThan(0);
    expect(given).toBeLessThan(20);
  });
});

describe('failure', () => {
  test('rejected goes to the dead letters at once, as a new message with its old facts', () => {
    const { host, broker, sender } = queue();
    const consumer = host.subscribe('q');
    sender.send('a', { ttlMs: 60_000 });
    host.nowMs += 1000;
    host.turn();
    consumer.settle(0, Outcome.rejected);
    host.turn();
    expect(broker.address('q')).toMatchObject({ stored: 0, counters: { deadLettered: 1, dropped: 0 } });
    const dead = host.subscribe('dead-letters');
    expect(dead.texts).toEqual(['a']);
    expect(dead.messages[0]).toMatchObject({ address: 'q', ttlMs: 60_000, expiresAt: 0 });
    expect(dead.messages[0]!.time).toBe(consumer.messages[0]!.time + 1000);
  });

  test('after maxDeliveries failures a message is a dead letter', () => {
    const { host, broker, sender } = queue({ maxDeliveries: 3 });
    const consumer = host.subscribe('q');
    sender.send('a');
    for (let i = 0; i < 3; i++) {
      expect(consumer.deliveries[i]?.deliveryCount).toBe(i);
      consumer.settle(i, Outcome.modifiedFailed);
      host.turn();
    }
    expect(consumer.texts).toHaveLength(3);
    expect(broker.address('dead-letters')?.stored).toBe(1);
  });

  test('what fails among the dead letters stays; what is rejected there is gone', () => {
    const { host, broker, sender } = queue({ maxDeliveries: 1 });
    const consumer = host.subscribe('q');
    sender.send('a');
    consumer.settle(0, Outcome.modifiedFailed);
    host.turn();
    const dead = host.subscribe('dead-letters');
    for (let i = 0; i < 15; i++) {
      dead.settle(i, Outcome.modifiedFailed);
      host.turn();
    }
    expect(broker.address('dead-letters')?.stored).toBe(1);
    dead.settle(15, Outcome.rejected);
    host.turn();
    expect(broker.address('dead-letters')).toMatchObject({ stored: 0, counters: { dropped: 1 } });
  });

  test('an address without dead letters drops and counts', () => {
    const { host, broker, sender } = queue({ deadLetter: '' });
    const consumer = host.subscribe('q');
    sender.send('a');
    consumer.settle(0, Outcome.rejected);
    host.turn();
    expect(broker.address('q')).toMatchObject({ stored: 0, counters: { dropped: 1, deadLettered: 0 } });
    expect(broker.address('dead-letters')).toBeUndefined();
  });

  test('not to this consumer again: another one gets it in its order', () => {
    const { host, sender } = queue();
    const first = host.subscribe('q', { capacity: 1 });
    sender.send('a');
    const second = host.subscribe('q', { capacity: 0 });
    first.settle(0, Outcome.modifiedUndeliverable);
    sender.send('b');
    host.turn();
    first.give(5);
    expect(first.texts).toEqual(['a', 'b']);
    first.settle(1, Outcome.released);
    first.subscription.close();
    second.give(5);
    expect(second.texts).toEqual(['a', 'b']);
  });

  test('not to this consumer again, and no other there: dead letter', () => {
    const { host, broker, sender } = queue();
    const first = host.subscribe('q');
    const second = host.subscribe('q');
    sender.send('a');
    first.settle(0, Outcome.modifiedUndeliverable);
    host.turn();
    second.settle(0, Outcome.modifiedUndeliverable);
    host.turn();
    expect(broker.address('dead-letters')?.stored).toBe(1);
  });
});

describe('bounds', () => {
  const limits = { messages: 16, bytes: 1000, messageBytes: 100 };

  test('block: capacity falls to 0 with room for what is under way, then sends are refused', () => {
    const { host, sender } = queue({ limits });
    expect(sender.producer.capacity()).toBeGreaterThan(0);
    for (let i = 0; i < 14; i++) expect(sender.send(`${i}`)).toBe('accepted');
    expect(sender.producer.capacity()).toBe(0);
    expect(sender.capacityChanges).toBe(0);
    host.turn();
    expect(sender.capacityChanges).toBe(1);
    expect([sender.send('14'), sender.send('15'), sender.send('16')]).toEqual(['accepted', 'accepted', 'rejected']);
    expect(sender.producer.refusal).toBe('resource-limit-exceeded');
    expect(host.broker.address('q')).toMatchObject({ stored: 16, counters: { in: 16, rejected: 1 } });
  });

  test('capacity is back only when a quarter is free', () => {
    const { host, sender } = queue({ limits });
    for (let i = 0; i < 14; i++) sender.send(`${i}`);
    host.turn();
    const consumer = host.subscribe('q');
    for (let i = 0; i < 3; i++) consumer.settle(i, Outcome.accepted);
    host.turn();
    expect([sender.producer.capacity(), sender.capacityChanges]).toEqual([0, 1]);
    consumer.settle(3, Outcome.accepted);
    host.turn();
    expect(sender.producer.capacity()).toBe(4);
    expect(sender.capacityChanges).toBe(2);
  });

  test('who has read 0 hears of room that came back within the same turn', () => {
    const { host, sender } = queue({ limits });
    const other = host.producer('q');
    for (let i = 0; i < 14; i++) sender.send(`${i}`);
    expect(sender.producer.capacity()).toBe(0);
    host.broker.purge('q');
    host.turn();
    expect([sender.capacityChanges, other.capacityChanges]).toEqual([1, 0]);
    host.turn();
    expect(sender.capacityChanges).toBe(1);
  });

  test('bytes bound too', () => {
    const { host, sender } = queue({ limits });
    for (let i = 0; i < 10; i++) expect(sender.send('x', { size: 100 })).toBe('accepted');
    expect(sender.producer.capacity()).toBe(0);
    expect(sender.send('x', { size: 1 })).toBe('rejected');
    expect(host.broker.address('q')?.bytes).toBe(1000);
  });

  test('a message that is too large is refused', () => {
    const { sender } = queue({ limits });
    expect(sender.send('x', { size: 101 })).toBe('rejected');
    expect(sender.producer.refusal).toBe('message-too-large');
  });

  test('reject: capacity stays, the send is refused', () => {
    const { sender } = queue({ limits, whenFull: 'reject' });
    for (let i = 0; i < 16; i++) sender.send(`${i}`);
    expect(sender.producer.capacity()).toBeGreaterThan(0);
    expect(sender.send('x')).toBe('rejected');
  });

  test('dropOldest: the oldest that nobody holds goes', () => {
    const { host, broker, sender } = queue({ limits: { ...limits, messages: 3 }, whenFull: 'dropOldest' });
    for (const text of ['a', 'b', 'c']) sender.send(text);
    const consumer = host.subscribe('q', { capacity: 1 });
    for (const text of ['d', 'e']) expect(sender.send(text)).toBe('accepted');
    expect(broker.address('q')).toMatchObject({ stored: 3, counters: { dropped: 2 } });
    consumer.give(5);
    expect(consumer.texts).toEqual(['a', 'd', 'e']);
  });

  test('the whole broker has a bound, which all senders feel', () => {
    const host = new Host({ memoryBytes: 800 });
    host.broker.declare('p', { type: 'queue' });
    host.broker.declare('q', { type: 'queue' });
    const [p, q] = [host.producer('p'), host.producer('q')];
    for (let i = 0; i < 8; i++) expect(p.send('x', { size: 100 })).toBe('accepted');
    host.turn();
    expect([p.producer.capacity(), q.producer.capacity(), q.capacityChanges]).toEqual([0, 0, 1]);
    expect(q.send('x', { size: 100 })).toBe('rejected');
    expect(host.broker.purge('p')).toBe(8);
    host.turn();
    expect(q.capacityChanges).toBe(2);
    expect(q.send('x', { size: 100 })).toBe('accepted');
  });
});

describe('life of a message', () => {
  test('the time of acceptance is the clock of the turn, and never goes back', () => {
    const { host, sender } = queue();
    sender.send('a');
    host.nowMs += 5;
    sender.send('b');
    host.turn();
    sender.send('c');
    host.turn();
    host.nowMs -= 1000;
    sender.send('d');
    const times = host.subscribe('q').messages.map((one) => one.time - 1_000_000);
    expect(times).toEqual([0, 0, 5, 5]);
  });

  test('what has expired is not delivered, and goes to the expiry address', () => {
    const { host, broker, sender } = queue({ expiry: 'too-late' });
    broker.declare('too-late', { type: 'queue' });
    sender.send('a', { ttlMs: 100 });
    sender.send('b');
    host.turn();
    host.nowMs += 101;
    expect(host.subscribe('q').texts).toEqual(['b']);
    host.turn();
    expect(broker.address('q')).toMatchObject({ stored: 1, counters: { expired: 1 } });
    expect(host.subscribe('too-late').texts).toEqual(['a']);
  });

  test('tick removes what has expired, also behind others and after it came back', () => {
    const { host, broker, sender } = queue();
    sender.send('a');
    sender.send('b', { ttlMs: 100 });
    sender.send('c', { ttlMs: 1000 });
    const consumer = host.subscribe('q', { capacity: 2 });
    host.nowMs += 101;
    broker.tick(host.nowMs);
    expect(broker.address('q')?.stored).toBe(3);
    consumer.settle(1, Outcome.released);
    broker.tick(host.nowMs);
    expect(broker.address('q')).toMatchObject({ stored: 2, counters: { expired: 1 } });
    broker.tick(host.nowMs + 1000);
    expect(broker.address('q')).toMatchObject({ stored: 1, counters: { expired: 2 } });
  });

  test.each([
    [0, 500, 500],
    [200, 500, 200],
    [900, 500, 500],
    [0, 0, 0],
    [900, 0, 900],
  ])('a time to live of %d under a bound of %d is %d', (own, bound, life) => {
    const { host, sender } = queue({ ttlMs: bound });
    sender.send('a', { ttlMs: own });
    const [got] = host.subscribe('q').messages;
    expect(got!.expiresAt).toBe(life === 0 ? 0 : 1_000_000 + life);
    expect(got!.ttlMs).toBe(own);
  });
});

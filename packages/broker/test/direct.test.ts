import { describe, expect, test } from 'vitest';
import { Outcome } from '../src/index.js';
import { Host } from './support/host.js';

function direct(type: 'anycast' | 'multicast') {
  const host = new Host();
  host.broker.declare('d', { type });
  return { host, broker: host.broker, sender: host.producer('d') };
}

describe('direct anycast', () => {
  test('without a receiver there is no capacity, and what is sent is released', () => {
    const { broker, sender } = direct('anycast');
    expect(sender.producer.capacity()).toBe(0);
    expect(sender.send('a')).toBe('released');
    expect(sender.producer.refusal).toBe('no-receiver');
    expect(broker.address('d')).toMatchObject({ stored: 0, counters: { in: 0, rejected: 1 } });
  });

  test.each(Object.entries(Outcome))('the receiver says %s, and so it is for the sender', (_name, outcome) => {
    const { host, sender } = direct('anycast');
    const receiver = host.subscribe('d');
    expect(sender.send('a')).toBe('pending');
    host.turn();
    expect(sender.outcomes).toEqual([]);
    receiver.settle(0, outcome);
    receiver.settle(0, Outcome.rejected);
    expect(sender.outcomes).toEqual([]);
    host.turn();
    expect(sender.outcomes).toEqual([{ tag: 0, outcome, reason: undefined }]);
  });

  test('a receiver that settles within deliver answers at the end of the turn', () => {
    const { host, sender } = direct('anycast');
    const receiver = host.subscribe('d');
    receiver.deliver = (_message, delivery) => delivery!.settle(Outcome.accepted);
    expect([sender.send('a'), sender.outcomes]).toEqual(['pending', []]);
    host.turn();
    expect(sender.outcomes).toHaveLength(1);
  });

  test('is balanced over receivers with credit, which is the capacity of the senders', () => {
    const { host, sender } = direct('anycast');
    const first = host.subscribe('d', { capacity: 1 });
    const second = host.subscribe('d', { capacity: 3 });
    expect(sender.producer.capacity()).toBe(4);
    host.producer('d');
    expect(sender.producer.capacity()).toBe(2);
    for (const text of ['a', 'b', 'c', 'd']) expect(sender.send(text)).toBe('pending');
    expect(sender.send('e')).toBe('released');
    expect([first.texts, second.texts]).toEqual([['a'], ['b', 'c', 'd']]);
  });

  test('senders hear when capacity comes and goes', () => {
    const { host, sender } = direct('anycast');
    const receiver = host.subscribe('d', { capacity: 0 });
    host.turn();
    expect(sender.capacityChanges).toBe(0);
    receiver.give(1);
    host.turn();
    expect(sender.capacityChanges).toBe(1);
    sender.send('a');
    host.turn();
    expect(sender.capacityChanges).toBe(2);
    receiver.give(1);
    host.turn();
    receiver.subscription.close();
    host.turn();
    expect(sender.capacityChanges).toBe(4);
  });

  test('what a receiver held when it left was tried and failed', () => {
    const { host, sender } = direct('anycast');
    const receiver = host.subscribe('d');
    sender.send('a');
    receiver.subscription.close();
    host.turn();
    expect(sender.outcomes).toEqual([{ tag: 0, outcome: Outcome.modifiedFailed, reason: undefined }]);
  });

  test('pre-settled to pre-settled is borrowed and accepted', () => {
    const { host, sender } = direct('anycast');
    const receiver = host.subscribe('d', { settles: 'on-delivery' });
    expect(sender.send('a')).toBe('accepted');
    expect([receiver.texts, receiver.messages]).toEqual([['a'], []]);
  });
});

describe('direct multicast', () => {
  test('goes to every receiver that is there, settled from the start, and nothing is stored', () => {
    const { host, broker, sender } = direct('multicast');
    expect(sender.send('before', { durable: true })).toBe('accepted');
    const explicit = host.subscribe('d');
    const presettled = host.subscribe('d', { settles: 'on-delivery' });
    expect(sender.send('a', { durable: true })).toBe('accepted');
    expect([explicit.texts, presettled.texts]).toEqual([['a'], ['a']]);
    explicit.settle(0, Outcome.released);
    host.turn();
    expect(explicit.texts).toEqual(['a']);
    expect(broker.address('d')).toMatchObject({ stored: 0, counters: { in: 2, out: 2, dropped: 0 } });
  });

  test('a slow receiver misses messages, which is counted', () => {
    const { host, broker, sender } = direct('multicast');
    const slow = host.subscribe('d', { capacity: 1 });
    const fast = host.subscribe('d');
    for (const text of ['a', 'b', 'c']) sender.send(text);
    slow.give(10);
    sender.send('d');
    expect([slow.texts, fast.texts]).toEqual([
      ['a', 'd'],
      ['a', 'b', 'c', 'd'],
    ]);
    expect(broker.address('d')?.counters.dropped).toBe(2);
  });
});

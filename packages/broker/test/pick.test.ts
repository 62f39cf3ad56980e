import { describe, expect, test } from 'vitest';
import { type Delivery, Outcome, type RefusalReason } from '../src/index.js';
import { FailingJournal, Host, message, textOf } from './support/host.js';

function filled(journal = new FailingJournal({ fails: () => false })) {
  const host = new Host({ journal });
  host.broker.declare('q', { type: 'queue', maxDeliveries: 3 });
  host.broker.declare('to', { type: 'queue', limits: { messages: 2 } });
  const sender = host.producer('q');
  for (const text of ['1', '2', '3', '4', '5']) sender.send(text, { durable: true });
  host.turn();
  const { broker } = host;
  return { host, broker, texts: () => broker.browse('q', { limit: 100 })!.map((one) => textOf(one.message)) };
}

/** Moves what was picked to the address `to`, as one transaction. */
function move(host: Host, picked: readonly Delivery[]): readonly (RefusalReason | undefined)[] {
  const refusals: (RefusalReason | undefined)[] = [];
  const outputs = picked.map((delivery) => ({ address: 'to', message: message('to', textOf(delivery.message)) }));
  host.broker.commit({ consumed: picked, outputs }, (refusal) => {
    refusals.push(refusal);
    for (const delivery of picked) delivery.settle(Outcome.released);
  });
  host.turn();
  return refusals;
}

describe('picking', () => {
  test('takes what was asked for, and the others keep their order', () => {
    const { host, broker, texts } = filled();
    const picked = broker.pick('q', [2, 4, 99])!;
    expect(picked.map(({ message: read, deliveryCount }) => [textOf(read), deliveryCount])).toEqual([
      ['2', 0],
      ['4', 0],
    ]);
    expect(move(host, picked)).toEqual([undefined]);
    expect([texts(), broker.address('to')?.stored]).toEqual([['1', '3', '5'], 2]);
    expect(host.subscribe('q').texts).toEqual(['1', '3', '5']);
    expect([broker.lastId('q'), broker.lastId('nothing'), broker.pick('nothing', [1])]).toEqual([
      5,
      undefined,
      undefined,
    ]);
  });

  test('a move that is refused leaves everything in its place, for consumers that come and those that are there', () => {
    const { host, broker, texts } = filled();
    expect(move(host, broker.pick('q', [1, 3, 5])!)).toEqual([undefined]);
    expect(broker.address('to')?.stored).toBe(3);
    expect(move(host, broker.pick('q', [2, 4])!)).toEqual(['resource-limit-exceeded']);
    expect([texts(), broker.address('q')?.stored]).toEqual([['2', '4'], 2]);
    expect(host.subscribe('q').texts).toEqual(['2', '4']);
  });

  test('what a consumer holds is left to it, and what it gave back keeps its place and its count', () => {
    const { host, broker } = filled();
    const consumer = host.subscribe('q', { capacity: 3 });
    expect(broker.pick('q', [1, 2, 3])).toEqual([]);
    consumer.settle(1, Outcome.modifiedFailed);
    host.turn();
    const picked = broker.pick('q', [2])!;
    expect(picked.map(({ deliveryCount, redelivered }) => [deliveryCount, redelivered])).toEqual([[1, true]]);
    picked[0]!.settle(Outcome.released);
    host.turn();
    consumer.give(10);
    expect(consumer.texts).toEqual(['1', '2', '3', '2', '4', '5']);
    expect(consumer.deliveries[3]?.deliveryCount).toBe(1);
  });

  test('a consumer that comes to the place of what is being moved passes it by, and gets it when that fails', () => {
    const journal = new FailingJournal({ fails: (commit) => commit === 2, later: true });
    const { host, broker } = filled(journal);
    journal.report();
    const picked = broker.pick('q', [1, 3])!;
    const outputs = [{ address: 'to', message: message('to', 'x', { durable: true }) }];
    const refusals: unknown[] = [];
    broker.commit({ consumed: picked, outputs }, (refusal) => refusals.push(refusal));
    host.turn();
    const consumer = host.subscribe('q', { capacity: 2 });
    expect(consumer.texts).toEqual(['2', '4']);
    journal.report();
    host.turn();
    expect(refusals).toEqual(['journal-failed']);
    consumer.give(10);
    expect(consumer.texts).toEqual(['2', '4', '1', '3', '5']);
    expect(broker.address('to')?.stored).toBe(0);
  });

  test('accepting what was picked deletes it; purging, expiry and deletion leave it alone', () => {
    const { host, broker, texts } = filled();
    broker.pick('q', [5])![0]!.settle(Outcome.accepted);
    expect(texts()).toEqual(['1', '2', '3', '4']);
    const [held] = broker.pick('q', [2])!;
    expect(broker.purge('q')).toBe(3);
    held!.settle(Outcome.released);
    host.turn();
    expect([texts(), host.subscribe('q').texts]).toEqual([['2'], ['2']]);
    const [last] = broker.pick('to', [1]) ?? [];
    expect(last).toBeUndefined();
    broker.remove('q', { force: true });
    held!.settle(Outcome.accepted);
    host.turn();
  });
});

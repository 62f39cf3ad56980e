/** What a transaction consumes and sends on as failed. */
import { describe, expect, test } from 'vitest';
import type { AddressSettingsInput, DeadLetter, Delivery, RefusalReason, Transaction } from '../src/index.js';
import { FailingJournal, Host, message, textOf } from './support/host.js';

const SPLIT = 2;

/** The message with something noted before it. */
function noted({ message: failed }: Delivery): DeadLetter['message'] {
  return failed.renewedWith(Buffer.concat([Buffer.from('X:'), failed.bytes.subarray(failed.split, failed.end)]), SPLIT);
}

function plant(source: Partial<AddressSettingsInput> = {}, journal = new FailingJournal({ fails: () => false })) {
  const host = new Host({ journal });
  host.broker.declare('in', { type: 'queue', ...source });
  host.broker.declare('max', { type: 'queue' });
  const sender = host.producer('in');
  for (const text of ['1', '2', '3']) sender.send(text, { durable: true, ttlMs: 60_000 });
  const reader = host.subscribe('in');
  host.turn();
  const dones: (RefusalReason | undefined)[] = [];
  /** Consumes all, sends one output, and calls those of these numbers dead. */
  const commit = (...dead: readonly number[]) => {
    const transaction: Transaction = {
      consumed: reader.deliveries,
      outputs: [{ address: 'max', message: message('max', 'result') }],
      deadLetters: dead.map((index) => {
        const delivery = reader.deliveries[index]!;
        return { delivery, message: noted(delivery) };
      }),
    };
    host.broker.commit(transaction, (refusal) => dones.push(refusal));
    host.turn();
  };
  const stored = (address: string) => host.broker.browse(address, { limit: 9 })?.map((one) => textOf(one.message));
  return { host, broker: host.broker, reader, dones, commit, stored };
}

describe('dead letters of a transaction', () => {
  test('lie in the dead-letter queue with what was noted, the facts they had and no end of life', () => {
    const { broker, dones, commit, stored } = plant({ deadLetter: 'failed' });
    commit(0, 2);
    expect([dones, stored('failed'), stored('max'), stored('in')]).toEqual([[undefined], ['1', '3'], ['result'], []]);
    const [first] = broker.browse('failed', { limit: 1 })!;
    expect(first!.message.bytes.toString('latin1', first!.message.start, first!.message.split)).toBe('X:');
    expect(first!.message).toMatchObject({ address: 'in', durable: true, expiresAt: 0 });
    expect(broker.address('in')?.counters).toMatchObject({ deadLettered: 2, dropped: 0 });
  });

  test('stay where they were when the commit fails, and go when it is tried again, once', () => {
    const journal = new FailingJournal({ fails: (commit) => commit === 2 });
    const { broker, dones, commit, stored } = plant({}, journal);
    commit(0);
    expect([dones, stored('dead-letters'), stored('max')]).toEqual([['journal-failed'], [], []]);
    expect(broker.address('in')).toMatchObject({ stored: 3, counters: { deadLettered: 0 } });
    commit(0);
    expect([dones[1], stored('dead-letters'), stored('in')]).toEqual([undefined, ['1'], []]);
    expect(broker.address('in')?.counters.deadLettered).toBe(1);
  });

  test.each([
    ['which is full', { messages: 1, bytes: 1000, messageBytes: 1000 }],
    ['for which they are too large', { messages: 9, bytes: 1000, messageBytes: 2 }],
  ])('never hold it up: what the dead-letter address, %s, does not take is dropped and counted', (_name, limits) => {
    const { host, broker, dones, commit, stored } = plant({ deadLetter: 'failed' });
    broker.declare('failed', { type: 'queue', limits, whenFull: 'reject' });
    host.producer('failed').send('x');
    commit(0, 1);
    expect([dones, stored('failed'), stored('max'), stored('in')]).toEqual([[undefined], ['x'], ['result'], []]);
    expect(broker.address('in')?.counters).toMatchObject({ deadLettered: 0, dropped: 2 });
  });

  test('of a dead-letter queue itself go nowhere', () => {
    const { broker, dones, commit, stored } = plant({ deadLetter: 'in' });
    commit(1);
    expect([dones, stored('in'), broker.address('in')?.counters.dropped]).toEqual([[undefined], [], 1]);
  });

  test('for a direct address go to who listens there, when the commit is through', () => {
    const { host, dones, commit, broker } = plant({ deadLetter: 'direct' });
    broker.declare('direct', { type: 'multicast' });
    const listener = host.subscribe('direct');
    commit(0);
    expect([dones, listener.texts]).toEqual([[undefined], ['1']]);
  });

  test('of a direct address are rejected to their sender, the rest accepted', () => {
    const host = new Host();
    host.broker.declare('any', { type: 'anycast' });
    const reader = host.subscribe('any');
    const sender = host.producer('any');
    for (const text of ['1', '2']) sender.send(text);
    const [first] = reader.deliveries;
    const deadLetters = [{ delivery: first!, message: noted(first!) }];
    host.broker.commit({ consumed: reader.deliveries, outputs: [], deadLetters }, () => {});
    host.turn();
    expect(sender.outcomes.map(({ tag, outcome }) => [tag, outcome])).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
});

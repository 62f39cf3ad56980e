import { describe, expect, test } from 'vitest';
import { type Delivery, Outcome, type RefusalReason, type Transaction } from '../src/index.js';
import { FailingJournal, Host, message, textOf } from './support/host.js';

function job(journal = new FailingJournal({ fails: () => false }), maxLimit = 1000) {
  const host = new Host({ journal });
  host.broker.declare('in', { type: 'queue' });
  host.broker.declare('max', { type: 'queue', limits: { messages: maxLimit } });
  host.broker.declare('direct', { type: 'multicast' });
  const sender = host.producer('in');
  for (const text of ['1', '2', '3']) sender.send(text, { durable: true });
  const reader = host.subscribe('in');
  host.turn();
  return { host, broker: host.broker, reader, dones: [] as (RefusalReason | undefined)[] };
}

function transaction(consumed: readonly Delivery[], outputs: readonly (readonly [string, string])[]): Transaction {
  return {
    consumed,
    outputs: outputs.map(([address, text]) => ({ address, message: message(address, text) })),
    kept: [{ kind: '$state', key: 'job', bytes: Buffer.from('state') }],
  };
}

describe('a transaction', () => {
  test('may send in place of what it consumes though the broker is full', () => {
    const host = new Host({ memoryBytes: 1000 });
    host.broker.declare('in', { type: 'queue' });
    host.broker.declare('max', { type: 'queue' });
    const sender = host.producer('in');
    while (sender.send('x', { size: 100 }) === 'accepted');
    const reader = host.subscribe('in');
    const refusals: unknown[] = [];
    const max = (size: number) => ({ address: 'max', message: message('max', 'max', { size }) });
    const commit = (consumed: readonly Delivery[], size: number) => {
      host.broker.commit({ consumed, outputs: [max(size)] }, (refusal) => refusals.push(refusal));
      host.turn();
    };
    commit([], 100);
    commit(reader.deliveries.slice(0, 1), 101);
    commit(reader.deliveries.slice(0, 1), 100);
    expect(refusals).toEqual(['resource-limit-exceeded', 'resource-limit-exceeded', undefined]);
    expect(sender.send('x', { size: 100 })).toBe('rejected');
  });

  test('consumes, sends and keeps state, with one batch of the journal', () => {
    const journal = new FailingJournal({ fails: () => false, later: true });
    const { host, broker, reader, dones } = job(journal);
    journal.report();
    const commits = journal.commits;
    broker.commit(transaction(reader.deliveries.slice(0, 2), [['max', '2']]), (refusal) => dones.push(refusal));
    expect(dones).toEqual([]);
    host.turn();
    expect([journal.commits - commits, dones, broker.kept('$state').get('job')]).toEqual([1, [], undefined]);
    expect(broker.address('in')?.stored).toBe(3);
    journal.report();
    expect([dones, broker.kept('$state').get('job')?.toString()]).toEqual([[undefined], 'state']);
    expect([broker.address('in')?.stored, broker.address('max')?.stored]).toEqual([1, 1]);
    expect(host.subscribe('max').texts).toEqual(['2']);
    broker.forget('$state', 'job');
    expect(broker.kept('$state').get('job')).toBeUndefined();
  });

  test('that fails leaves inputs open, outputs unsent and state as it was', () => {
    const { host, broker, reader, dones } = job(new FailingJournal({ fails: (commit) => commit === 2 }));
    const listener = host.subscribe('direct');
    const outputs = [
      ['max', '2'],
      ['direct', '2'],
    ] as const;
    broker.commit(transaction(reader.deliveries.slice(0, 2), outputs), (refusal) => dones.push(refusal));
    reader.settle(0, Outcome.rejected);
    host.turn();
    expect([dones, broker.kept('$state').get('job'), listener.texts]).toEqual([['journal-failed'], undefined, []]);
    expect([broker.address('in')?.stored, broker.address('max')?.stored]).toEqual([3, 0]);
    broker.commit(transaction(reader.deliveries.slice(0, 2), outputs), (refusal) => dones.push(refusal));
    host.turn();
    expect([dones[1], broker.address('in')?.stored, broker.address('max')?.stored]).toEqual([undefined, 1, 1]);
    expect(listener.texts).toEqual(['2']);
  });

  test.each([
    ['an address that is not there', [['x', '1']], 'not-found'],
    [
      'an address without that much room',
      [
        ['full', '1'],
        ['full', '2'],
      ],
      'resource-limit-exceeded',
    ],
    ['a message that is too large', [['max', 'x'.repeat(11 * 1024 ** 2)]], 'message-too-large'],
  ] as const)('is refused as a whole for %s', (_name, outputs, reason) => {
    const { host, broker, reader, dones } = job(undefined, 2);
    broker.declare('full', { type: 'queue', limits: { messages: 2 } });
    host.producer('full').send('x');
    broker.commit(transaction(reader.deliveries, outputs), (refusal) => dones.push(refusal));
    host.turn();
    expect([dones, broker.kept('$state').get('job')]).toEqual([[reason], undefined]);
    expect([broker.address('in')?.stored, broker.address('max')?.stored]).toEqual([3, 0]);
    broker.commit(transaction(reader.deliveries, [['max', '3']]), (refusal) => dones.push(refusal));
    host.turn();
    expect([dones[1], broker.address('in')?.stored]).toEqual([undefined, 0]);
  });

  test('that is larger than the whole limit gets in when there is room for one more, and closes the door', () => {
    const host = new Host();
    const limits = { messages: 3, bytes: 100, messageBytes: 100 };
    host.broker.declare('max', { type: 'queue', limits });
    host.broker.declare('last', { type: 'queue', limits, whenFull: 'dropOldest' });
    host.broker.declare('t', { type: 'topic', limits });
    const durable = host.subscribe('t', { durableName: 'd', capacity: 0 });
    const told: unknown[] = [];
    const commit = (address: string, count: number, size = 1) => {
      const outputs = Array.from({ length: count }, (_, i) => ({
        address,
        message: message(address, `${i}`, { size }),
      }));
      host.broker.commit({ consumed: [], outputs }, (refusal) => told.push(refusal));
      host.turn();
      return told.pop();
    };
    const sender = host.producer('max');
    for (let i = 0; i < 3; i++) sender.send('x');
    expect([commit('max', 4), commit('max', 1)]).toEqual(['resource-limit-exceeded', 'resource-limit-exceeded']);
    host.broker.purge('max');
    sender.send('x');
    expect([commit('max', 3), commit('max', 4), commit('max', 4)]).toEqual([
      'resource-limit-exceeded',
      undefined,
      'resource-limit-exceeded',
    ]);
    expect([host.broker.address('max')?.stored, sender.send('x'), sender.producer.capacity()]).toEqual([
      5,
      'rejected',
      0,
    ]);
    host.broker.purge('max');
    expect([commit('max', 2, 99), host.broker.address('max')?.bytes]).toEqual([undefined, 198]);
    expect([commit('t', 7), commit('t', 7), durable.subscription.backlog()]).toEqual([
      undefined,
      'resource-limit-exceeded',
      7,
    ]);
    expect(commit('last', 7)).toBeUndefined();
    expect(host.broker.browse('last', { limit: 9 })?.map((one) => textOf(one.message))).toEqual(['4', '5', '6']);
  });

  test('never exceeds what the broker stores in all', () => {
    const host = new Host({ memoryBytes: 1000 });
    host.broker.declare('max', { type: 'queue', limits: { messages: 3 } });
    const told: unknown[] = [];
    const outputs = Array.from({ length: 11 }, () => ({ address: 'max', message: message('max', 'x', { size: 100 }) }));
    host.broker.commit({ consumed: [], outputs }, (refusal) => told.push(refusal));
    host.broker.commit({ consumed: [], outputs: outputs.slice(1) }, (refusal) => told.push(refusal));
    host.turn();
    expect(told).toEqual(['resource-limit-exceeded', undefined]);
  });

  test('is refused when a delivery is void, or given twice', () => {
    const { host, broker, reader, dones } = job();
    reader.settle(0, Outcome.accepted);
    const [settled, open] = [reader.deliveries[0]!, reader.deliveries[1]!];
    broker.commit(transaction([open, settled], []), (refusal) => dones.push(refusal));
    broker.commit(transaction([open, open], []), (refusal) => dones.push(refusal));
    broker.commit(transaction([open], []), (refusal) => dones.push(refusal));
    host.turn();
    expect(dones).toEqual(['deleted', 'deleted', undefined]);
    expect(broker.address('in')?.stored).toBe(1);
  });

  test.each([
    [false, ['3']],
    [true, ['3', '1', '2']],
  ])('of a reader that is gone when the journal reports: failed %s', (fails, texts) => {
    const journal = new FailingJournal({ fails: (commit) => fails && commit === 2, later: true });
    const { host, broker, reader, dones } = job(journal);
    journal.report();
    broker.commit(transaction(reader.deliveries.slice(0, 2), []), (refusal) => dones.push(refusal));
    reader.subscription.close();
    host.turn();
    const other = host.subscribe('in');
    expect(other.texts).toEqual(['3']);
    journal.report();
    host.turn();
    expect(other.texts).toEqual(texts);
    expect(broker.address('in')?.stored).toBe(texts.length);
  });

  test('may send to topics without a document, when asked', () => {
    const { host, broker, reader, dones } = job();
    const listener = host.subscribe('alerts/#');
    broker.commit({ ...transaction([], [['alerts/1', 'x']]), undeclared: 'topic' }, (refusal) => dones.push(refusal));
    host.turn();
    expect([dones, listener.texts, reader.end]).toEqual([[undefined], ['x'], undefined]);
    expect(broker.address('alerts/1')).toBeUndefined();
  });
});

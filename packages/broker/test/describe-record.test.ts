import { expect, test } from 'vitest';
import { describeRecord, Outcome, Recovery } from '../src/index.js';
import { RecordError } from '../src/log/record-type.js';
import { Host, message, textOf } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

const durable = { durable: true };

/** Every type of record that there is, as the broker writes it. */
function recordsOfAll(): RecordingJournal['records'] {
  const journal = new RecordingJournal();
  const recovery = new Recovery();
  const host = new Host({ journal, recovery });
  const { broker } = host;
  const turn = (): void => {
    host.turn();
    journal.succeed();
    host.turn();
    journal.succeed();
  };
  broker.declare('q', { type: 'queue' });
  broker.declare('t', { type: 'topic' });
  const sender = host.producer('q');
  for (const text of ['a', 'b', 'c']) sender.send(text, durable);
  const consumer = host.subscribe('q');
  turn();
  consumer.settle(0, Outcome.accepted);
  consumer.settle(1, Outcome.modifiedFailed);
  host.subscribe('t', { durableName: 'alarms' });
  broker.retain(message('t', 'retained', durable));
  broker.declare('once', { type: 'queue', deduplication: { ids: 9, windowMs: 1000 } });
  host.producer('once').sendOnce('text', 'id', durable);
  broker.keep('$state/job', 'key', Buffer.from('x'));
  broker.keep('document', 'Address/q', Buffer.from('{"kind":"Address"}'));
  turn();
  broker.retain(message('t', ''));
  broker.forget('document', 'Address/q');
  turn();
  broker.forgetSubscription('alarms');
  broker.remove('once', { force: true });
  turn();
  return journal.records;
}

test('each type of record is described', () => {
  const described = recordsOfAll().map(describeRecord);
  const kinds = new Set(described.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual([
    'delivery-count',
    'forgotten',
    'ids',
    'ids-gone',
    'kept',
    'message',
    'retained',
    'retained-gone',
    'settled',
    'store',
    'store-gone',
  ]);
  const first = described.find((one) => one.kind === 'message')!;
  if (first.kind !== 'message') throw new Error('none');
  expect([first.message.address, textOf(first.message), first.holders]).toEqual([
    'q',
    'a',
    [{ store: 1, sequence: expect.any(Number), failedDeliveries: 0 }],
  ]);
  const { sequence } = first.holders[0]!;
  expect(described).toContainEqual({ kind: 'settled', store: 1, ranges: [[sequence, sequence]] });
  expect(described).toContainEqual({
    kind: 'delivery-count',
    holder: { store: 1, sequence: sequence + 1, failedDeliveries: 1 },
  });
  const facts = { store: 2, storeKind: 'subscription', name: 'alarms', source: 't', whenFull: undefined };
  expect(described).toContainEqual({ kind: 'store', ...facts });
  const bytes = Buffer.from('{"kind":"Address"}');
  const version = expect.any(Number);
  expect(described).toContainEqual({ kind: 'kept', keptKind: 'document', key: 'Address/q', version, bytes });
});

test('a type that is not known is said to be so, and what is cut is a RecordError and nothing else', () => {
  expect(describeRecord({ type: 200, bytes: Buffer.from('x'), start: 0, end: 1 })).toEqual({
    kind: 'unknown',
    type: 200,
  });
  for (const { bytes, end, type } of recordsOfAll()) {
    for (let length = 0; length < end; length++) {
      try {
        describeRecord({ type, bytes, start: 0, end: length });
      } catch (error) {
        expect(error).toBeInstanceOf(RecordError);
      }
    }
  }
});

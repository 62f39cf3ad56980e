/** What holds for the subscriptions by which jobs read topics and filters: durable, blocking, on topics without a document. */
import { describe, expect, test } from 'vitest';
import { LOSSLESS_SETTINGS, Outcome, UNDECLARED_SETTINGS } from '../src/index.js';
import { Host, message } from './support/host.js';

const JOB = { durableName: 'job/j', whenFull: 'block', undeclared: 'topic' } as const;

function open(source: string) {
  const host = new Host();
  const reader = host.subscribe(source, { ...JOB, capacity: 0 });
  host.turn();
  const producers = ['devices/1/temperature', 'devices/2/temperature'].map((topic) =>
    host.producer(topic, { undeclared: 'topic' }),
  );
  return { host, reader, producers, other: host.producer('other', { undeclared: 'topic' }) };
}

/** Sends as listeners do, who ask before each message whether there is room. @returns how many were taken */
function fill(host: Host, producers: ReturnType<typeof open>['producers'], size: number): number {
  const sample = message(producers[0]!.producer.address, 'x', { size });
  let sent = 0;
  for (let refused = 0; ; sent++) {
    const { producer } = producers[sent % 2]!;
    if (producer.capacity() === 0) {
      host.turn();
      expect(refused).toBe(0);
      return sent;
    }
    sample.address = producer.address;
    if (producer.send(sample.reuse(), -1) !== 'accepted') refused++;
    if (sent % 5000 === 0) host.turn();
  }
}

describe.each([
  ['messages', 10, 'devices/+/temperature'],
  ['bytes', 65_536, 'devices/#'],
])('a job reader whose bound of %s is reached', (bound, size, source) => {
  test('holds back every producer of a matching topic, and tells each when room is back', () => {
    const { host, reader, producers, other } = open(source);
    const sent = fill(host, producers, size);
    const { limits } = LOSSLESS_SETTINGS;
    const filled = bound === 'messages' ? sent / limits.messages : (sent * size) / limits.bytes;
    expect(filled).toBeGreaterThan(0.85);
    expect(filled).toBeLessThanOrEqual(1);
    expect(producers.map((one) => [one.producer.capacity(), one.capacityChanges])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(other.producer.capacity()).toBeGreaterThan(0);
    // A producer that comes now is held back from the start.
    const late = host.producer('devices/3/temperature', { undeclared: 'topic' });
    expect(late.producer.capacity()).toBe(0);

    reader.give(sent);
    reader.settleAll(Outcome.accepted);
    host.turn();
    for (const one of [...producers, late]) {
      expect(one.producer.capacity()).toBeGreaterThan(0);
      expect(one.send('again')).toBe('accepted');
    }
    expect([...producers, late].map((one) => one.capacityChanges)).toEqual([2, 2, 1]);
    expect(other.capacityChanges).toBe(0);
    expect(reader.deliveries).toHaveLength(sent);
  });
});

describe('a job reader that is full', () => {
  test('refuses senders that ignore capacity, and loses nothing of what it took', () => {
    const { host, reader, producers } = open('devices/+/temperature');
    let accepted = fill(host, producers, 10);
    while (producers[1]!.send('x') === 'accepted') accepted++;
    expect(producers[1]!.producer.refusal).toBe('resource-limit-exceeded');
    expect(accepted).toBe(LOSSLESS_SETTINGS.limits.messages);
    expect(reader.subscription.backlog()).toBe(accepted);
    expect(producers[0]!.send('x')).toBe('rejected');
  });

  test('stays full while the job is paused, and frees its producers when it is forgotten', () => {
    const { host, reader, producers } = open('devices/+/temperature');
    fill(host, producers, 10);
    reader.subscription.close();
    host.turn();
    expect(producers[0]!.producer.capacity()).toBe(0);
    host.broker.forgetSubscription('job/j');
    host.turn();
    expect(producers.map((one) => [one.producer.capacity() > 0, one.capacityChanges])).toEqual([
      [true, 2],
      [true, 2],
    ]);
  });
});

describe('the bound of a durable subscription without a document', () => {
  test.each([
    ['a filter', 'devices/+/temperature', 'block', LOSSLESS_SETTINGS],
    ['a topic', 'devices/1/temperature', 'block', LOSSLESS_SETTINGS],
    ['one that rejects', 'devices/#', 'reject', LOSSLESS_SETTINGS],
    ['one that drops its oldest', 'devices/#', 'dropOldest', UNDECLARED_SETTINGS],
  ] as const)('%s', (_name, source, whenFull, { limits }) => {
    const host = new Host();
    host.subscribe(source, { ...JOB, whenFull, capacity: 0 });
    const sender = host.producer('devices/1/temperature', { undeclared: 'topic' });
    for (let i = 0; i <= limits.messages; i++) sender.send('x');
    host.turn();
    expect(host.broker.subscriptions()[0]?.stored).toBe(limits.messages);
    expect(sender.send('x')).toBe(whenFull === 'dropOldest' ? 'accepted' : 'rejected');
  });

  test('is that of the document when there is one, and again without', () => {
    const host = new Host();
    const reader = host.subscribe('t', { ...JOB, capacity: 0 });
    const sender = host.producer('t', { undeclared: 'topic' });
    host.broker.declare('t', { type: 'topic', limits: { messages: 2 } });
    expect(['1', '2', '3'].map((text) => sender.send(text))).toEqual(['accepted', 'accepted', 'rejected']);
    expect(reader.subscription.backlog()).toBe(2);
  });
});

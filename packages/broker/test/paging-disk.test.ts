/** Paging on a journal on disk, with a few 100,000 messages. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskJournal } from '@millrace/journal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  Broker,
  type Consumer,
  type Delivery,
  type Message,
  Outcome,
  type PagingOptions,
  Recovery,
  type Sender,
  TAKING_BACK,
} from '../src/index.js';
import { message, textOf } from './support/host.js';

const MESSAGES = 200_000;
const PAGING: PagingOptions = { residentBytes: 2 * 1024 ** 2, blockBytes: 32 * 1024, aheadBytes: 64 * 1024 };

let directory: string;
let journal: DiskJournal;
let broker: Broker;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-paging-test-'));
  await open();
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<void> {
  const recovery = new Recovery({ residentBytes: 1024 ** 2 });
  journal = await DiskJournal.open({
    directory,
    owner: recovery,
    segmentBytes: 1024 ** 2,
    reserveTypes: [...TAKING_BACK],
  });
  let scheduled = false;
  broker = new Broker({
    journal,
    recovery,
    paging: PAGING,
    now: Date.now,
    scheduleCommit: () => {
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        broker.commitPending();
      });
    },
  });
  broker.declare('q', { type: 'queue', limits: { messages: 1e6 } });
  broker.declare('t', { type: 'topic', limits: { messages: 1e6 } });
}

const nobody: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };

async function send(address: string, count: number, from = 0): Promise<void> {
  const producer = broker.openProducer(address, nobody);
  if (typeof producer === 'string') throw new Error(producer);
  let refused = 0;
  for (let i = from; i < from + count; i++) {
    if (producer.send(message(address, `${i}`, { durable: true, size: 40 + (i % 50) }), i) !== 'pending') refused++;
    if (i % 1000 === 999) await durable();
  }
  await durable();
  expect(refused).toBe(0);
  producer.close();
}

function durable(): Promise<void> {
  return new Promise((resolve, reject) => {
    broker.whenDurable((refusal) => (refusal === undefined ? resolve() : reject(new Error(refusal))));
  });
}

class Taker implements Consumer {
  next: number;
  taken = 0;
  wrong = '';
  readonly open: Delivery[] = [];

  constructor(first = 0) {
    this.next = first;
  }

  capacity(): number {
    return 700 - this.open.length;
  }

  deliver(delivered: Message, delivery: Delivery | undefined): void {
    if (textOf(delivered) !== `${this.next}`) this.wrong ||= `${textOf(delivered)} in place of ${this.next}`;
    this.next++;
    this.taken++;
    this.open.push(delivery!);
  }

  closed(): void {}
}

/** Takes and accepts so many. */
async function take(source: string, taker: Taker, options: { count: number; durableName?: string }): Promise<void> {
  const { count, ...rest } = options;
  const subscription = broker.subscribe(source, taker, { settles: 'explicit', ...rest });
  if (typeof subscription === 'string') throw new Error(subscription);
  while (taker.taken < count) {
    for (const delivery of taker.open.splice(0)) delivery.settle(Outcome.accepted);
    subscription.wake();
    await new Promise(setImmediate);
  }
  for (const delivery of taker.open.splice(0)) delivery.settle(Outcome.accepted);
  subscription.close();
  await durable();
}

test('a long queue over a restart, filled and drained at once: in order, nothing lost, and the disk is free in the end', async () => {
  await send('q', MESSAGES);
  const before = broker.address('q')!;
  expect(before.stored).toBe(MESSAGES);
  expect(before.pagedOut).toBeGreaterThan(MESSAGES * 0.9);
  const taker = new Taker();
  await take('q', taker, { count: 50_000 });
  await journal.close();
  await open();
  const { stored, bytes, pagedOut } = broker.address('q')!;
  expect(stored).toBe(MESSAGES - taker.taken);
  expect(pagedOut).toBeGreaterThan(stored * 0.9);
  let expected = 0;
  for (let i = taker.next; i < MESSAGES; i++) expected += 40 + (i % 50);
  expect(bytes).toBe(expected);
  await Promise.all([send('q', 50_000, MESSAGES), take('q', taker, { count: MESSAGES + 50_000 })]);
  expect(taker.wrong).toBe('');
  expect(broker.address('q')).toMatchObject({ stored: 0, bytes: 0, pagedOut: 0, unreadable: undefined });
  expect(journal.figures().bytesLive).toBeLessThan(10_000);
}, 60_000);

test('records are written again under messages that are paged out, and found there', async () => {
  const held = new Taker();
  broker.subscribe('t', new Taker(), { settles: 'explicit', durableName: 'slow', whenFull: 'block' });
  broker.declare('stuck', { type: 'queue' });
  // The slow one takes a thousandth of what goes by, so that its records lie far apart and hold old segments.
  for (let round = 0; round < 60; round++) {
    await send('q', 2000, round * 2000);
    await send('stuck', 40, round * 40);
    const taker = new Taker(round * 2000);
    await take('q', taker, { count: 2000 });
    expect(taker.wrong).toBe('');
  }
  expect(journal.figures().segmentsEmptied).toBeGreaterThan(0);
  expect(broker.address('stuck')!.stored).toBe(2400);
  await take('stuck', held, { count: 2400 });
  expect(held.wrong).toBe('');
}, 60_000);

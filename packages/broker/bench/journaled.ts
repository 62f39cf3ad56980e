/**
 * What a durable message costs the broker beside the disk, and how fast it comes back:
 * `npx tsx --conditions=source packages/broker/bench/journaled.ts`. The journal here copies records into a buffer, as one
 * on disk does before it writes, and keeps nothing else; prints the medians of the rounds and the load of the machine.
 */
import { loadavg } from 'node:os';
import { MemoryJournal } from '@millrace/journal';
import {
  Broker,
  type Consumer,
  type Delivery,
  type JournalRecord,
  Message,
  Outcome,
  Recovery,
  type Sender,
} from '../src/index.js';
import type { Journal } from '../src/journal-port.js';

const MESSAGES_A_TURN = 500;
const MESSAGES = 1_000_000;
const ROUNDS = 5;
const RING_BYTES = 4 * 1024 ** 2;

const sender: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };

class CopyingJournal implements Journal {
  readonly durable = true;
  records = 0;
  bytes = 0;
  readonly ring = Buffer.alloc(RING_BYTES);
  private at = 0;

  append(_type: number, bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (this.at + size > RING_BYTES) this.at = 0;
    (bytes as Buffer).copy(this.ring, this.at, start, end);
    this.at += size;
    this.records++;
    this.bytes += size;
    return this.bytes - size;
  }

  commit(done: (error: undefined) => void): void {
    done(undefined);
  }

  release(): void {}
}

/** Keeps all records in one buffer, to be replayed. */
class KeepingJournal extends CopyingJournal {
  override readonly ring = Buffer.allocUnsafeSlow(512 * 1024 ** 2);
  readonly types: number[] = [];
  readonly ends: number[] = [0];

  override append(type: number, bytes: Uint8Array, start: number, end: number): number {
    const at = this.ends.at(-1)!;
    (bytes as Buffer).copy(this.ring, at, start, end);
    this.types.push(type);
    this.ends.push(at + end - start);
    return at;
  }

  replay(recovery: Recovery): void {
    const { ring: bytes, ends } = this;
    this.types.forEach((type, i) => {
      const record: JournalRecord = { type, bytes, start: ends[i]!, end: ends[i + 1]!, position: ends[i]! };
      recovery.replay(record);
    });
  }
}

class Taker implements Consumer {
  private readonly open: Delivery[] = [];

  capacity(): number {
    return 1000;
  }

  deliver(_message: Message, delivery: Delivery | undefined): void {
    this.open.push(delivery!);
  }

  closed(): void {}

  settle(): void {
    for (const delivery of this.open) delivery.settle(Outcome.accepted);
    this.open.length = 0;
  }
}

function run(journal: Journal, options: { readonly settles: boolean }): number {
  let scheduled = false;
  const broker = new Broker({
    journal,
    now: Date.now,
    scheduleCommit: () => {
      scheduled = true;
    },
  });
  broker.declare('temperature', { type: 'queue', limits: { messages: 2 * MESSAGES } });
  const taker = new Taker();
  if (options.settles) broker.subscribe('temperature', taker, { settles: 'explicit' });
  const producer = broker.openProducer('temperature', sender);
  if (typeof producer === 'string') throw new Error(producer);
  const message = new Message();
  const bytes = Buffer.alloc(100);
  const begin = process.hrtime.bigint();
  for (let sent = 0; sent < MESSAGES; ) {
    for (let i = 0; i < MESSAGES_A_TURN; i++, sent++) {
      message.reuse();
      message.bytes = bytes;
      message.end = 100;
      message.address = 'temperature';
      message.durable = true;
      producer.send(message, sent);
    }
    taker.settle();
    if (scheduled) {
      scheduled = false;
      broker.commitPending();
    }
  }
  return Number(process.hrtime.bigint() - begin) / 1000 / MESSAGES;
}

function recover(kept: KeepingJournal): number {
  const begin = process.hrtime.bigint();
  const recovery = new Recovery();
  kept.replay(recovery);
  const broker = new Broker({ journal: new CopyingJournal(), recovery, now: Date.now, scheduleCommit() {} });
  const ms = Number(process.hrtime.bigint() - begin) / 1e6;
  if (broker.address('temperature')?.stored !== MESSAGES) throw new Error('not all came back');
  return ms;
}

function median(measure: () => number): string {
  const times = Array.from({ length: ROUNDS }, measure).sort((a, b) => a - b);
  return `${times[ROUNDS >> 1]!.toFixed(3)}  (${times[0]!.toFixed(3)} … ${times.at(-1)!.toFixed(3)})`;
}

console.log(`load ${loadavg()[0]!.toFixed(2)}, Node ${process.version}, 100-byte messages, ${MESSAGES_A_TURN} a turn`);
console.log(
  `send + deliver + settle, memory journal     ${median(() => run(new MemoryJournal(), { settles: true }))} µs`,
);
console.log(
  `the same, records made and copied           ${median(() => run(new CopyingJournal(), { settles: true }))} µs`,
);
const counted = new CopyingJournal();
run(counted, { settles: true });
console.log(`  bytes a message in the journal            ${(counted.bytes / MESSAGES).toFixed(1)}`);
const kept = new KeepingJournal();
run(kept, { settles: false });
console.log(`1 million messages replayed and taken over  ${median(() => recover(kept))} ms`);

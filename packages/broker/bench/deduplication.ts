/**
 * What it costs to look for duplicates: `node --expose-gc --conditions=source --import tsx packages/broker/bench/deduplication.ts`.
 * One queue, durable messages of 100 bytes, sent, delivered and settled, with a journal that copies records into a buffer;
 * without ids, with an id each (uuid), and with ids of which all are known. Then memory and journal bytes for each id.
 */
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { Broker, type Delivery, type Journal, Message, Outcome, type Sender } from '../src/index.js';
import { RecordType } from '../src/log/record-type.js';

const MESSAGES_A_TURN = 500;
const TURNS = 400;
const ROUNDS = 9;
const COUNT = MESSAGES_A_TURN * TURNS;
const WINDOW = 100_000;

class BufferJournal implements Journal {
  readonly durable = true;
  idBytes = 0;
  private readonly buffer = Buffer.alloc(1024 ** 2);
  private position = 1;

  append(type: number, bytes: Uint8Array, start: number, end: number): number {
    this.buffer.set(bytes.subarray(start, end), 0);
    if (type === RecordType.ids) this.idBytes += end - start;
    const { position } = this;
    this.position += end - start;
    return position;
  }

  commit(done: (error: undefined) => void): void {
    done(undefined);
  }

  release(): void {}
}

const sender: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };
const ids = Array.from({ length: COUNT }, () => `u${randomBytes(16).toString('latin1')}`);

interface Way {
  readonly name: string;
  readonly asks: boolean;
  readonly idOf: ((n: number) => string) | undefined;
}

const ways: readonly Way[] = [
  { name: 'the address does not ask', asks: false, idOf: undefined },
  { name: 'asks, messages without id', asks: true, idOf: undefined },
  { name: 'asks, each id new', asks: true, idOf: (n) => ids[n]! },
  { name: 'asks, each known', asks: true, idOf: (n) => ids[n % 100]! },
];

function measure({ asks, idOf }: Way): number {
  let scheduled = false;
  const journal = new BufferJournal();
  const broker = new Broker({
    journal,
    now: Date.now,
    scheduleCommit: () => {
      scheduled = true;
    },
  });
  const deduplication = asks ? { ids: WINDOW, windowMs: 600_000 } : undefined;
  broker.declare('a', { type: 'queue', deduplication });
  const open: Delivery[] = [];
  const consumer = {
    capacity: () => 1000,
    deliver: (_message: Message, delivery: Delivery | undefined) => void open.push(delivery!),
    closed() {},
  };
  broker.subscribe('a', consumer, { settles: 'explicit' });
  const producer = broker.openProducer('a', sender);
  if (typeof producer === 'string') throw new Error(producer);
  const message = new Message();
  const bytes = Buffer.alloc(100);
  const begin = process.hrtime.bigint();
  for (let n = 0; n < COUNT; n++) {
    message.reuse();
    message.bytes = bytes;
    message.end = 100;
    message.address = 'a';
    message.durable = true;
    if (idOf === undefined) producer.send(message, n);
    else producer.sendOnce(message, n, idOf(n));
    if ((n + 1) % MESSAGES_A_TURN !== 0) continue;
    for (const delivery of open) delivery.settle(Outcome.accepted);
    open.length = 0;
    while (scheduled) {
      scheduled = false;
      broker.commitPending();
    }
  }
  return Number(process.hrtime.bigint() - begin) / 1000 / COUNT;
}

/** Heap that one id takes in a full window, and bytes in the journal, with so many ids a turn. */
function footprint(aTurn: number): { readonly heap: number; readonly journal: number } {
  let scheduled = false;
  const journal = new BufferJournal();
  const broker = new Broker({
    journal,
    now: Date.now,
    scheduleCommit: () => {
      scheduled = true;
    },
  });
  broker.declare('a', { type: 'topic', deduplication: { ids: WINDOW, windowMs: 600_000 } });
  const producer = broker.openProducer('a', sender);
  if (typeof producer === 'string') throw new Error(producer);
  gc!();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < WINDOW; n++) {
    const message = new Message();
    message.durable = true;
    // An id as the listeners make it: a string of its own.
    producer.sendOnce(message, n, Buffer.from(ids[n]!, 'latin1').toString('latin1'));
    if ((n + 1) % aTurn !== 0) continue;
    scheduled = false;
    broker.commitPending();
  }
  if (scheduled) broker.commitPending();
  gc!();
  const heap = (process.memoryUsage().heapUsed - before) / WINDOW;
  if (broker.address('a') === undefined) throw new Error('gone');
  return { heap, journal: journal.idBytes / WINDOW };
}

const results = new Map<Way, number[]>(ways.map((way) => [way, []]));
for (let round = 0; round < ROUNDS; round++) for (const way of ways) results.get(way)!.push(measure(way));
console.log(`load ${loadavg()[0]!.toFixed(2)}, Node ${process.version}, ${MESSAGES_A_TURN} a turn`);
for (const [{ name }, times] of results) {
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(28)} ${times[ROUNDS >> 1]!.toFixed(3)} µs  (${times[0]!.toFixed(3)} …)`);
}
for (const aTurn of [1, 10, 500]) {
  const { heap, journal } = footprint(aTurn);
  console.log(
    `${aTurn} ids a turn: ${heap.toFixed(0)} bytes of heap, ${journal.toFixed(0)} of the journal, for each id`,
  );
}

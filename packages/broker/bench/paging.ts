/**
 * A long queue on a journal on disk: how much memory it takes, how fast it is there again, and how fast it is drained.
 *
 *     npx tsx --conditions=source packages/broker/bench/paging.ts [--messages 10000000] [--bytes 1024] [--directory D]
 *         [--drain N] [--quick]
 *
 * The queue is filled in one process and recovered and drained in another one, as after a restart. The files lie in a
 * folder of their own, which goes in the end. Prints rates, resident memory, its peak, and the load of the machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DiskJournal } from '@millrace/journal';
import {
  Broker,
  type Consumer,
  type Delivery,
  Message,
  Outcome,
  type Producer,
  Recovery,
  type Sender,
  TAKING_BACK,
} from '../src/index.js';

const MESSAGES_A_TURN = 500;
/** Turns that may wait for the disk, as a client's window has it. */
const TURNS_OPEN = 16;
const CREDIT = 2000;

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000000' },
    bytes: { type: 'string', default: '1024' },
    drain: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
    phase: { type: 'string' },
  },
});
const messages = Number(options.messages);
const bytes = Number(options.bytes);

let peak = 0;
const watch = setInterval(notePeak, 20);
watch.unref();

function notePeak(): void {
  peak = Math.max(peak, process.memoryUsage.rss());
}

function memory(): string {
  notePeak();
  const { rss, heapUsed, external } = process.memoryUsage();
  const mb = (value: number) => (value / 1024 ** 2).toFixed(0);
  return `RSS ${mb(rss)} MB (peak ${mb(peak)}), heap ${mb(heapUsed)}, buffers ${mb(external)}`;
}

interface Running {
  readonly broker: Broker;
  readonly journal: DiskJournal;
}

async function open(): Promise<Running> {
  let scheduled = false;
  const recovery = new Recovery();
  const journal = await DiskJournal.open({
    directory: options.directory,
    owner: recovery,
    reserveTypes: [...TAKING_BACK],
  });
  const broker = new Broker({
    journal,
    recovery,
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
  broker.declare('q', { type: 'queue', limits: { messages: 1e9, bytes: 1e15 } });
  return { broker, journal };
}

async function fill({ broker }: Running): Promise<void> {
  const message = new Message();
  const content = Buffer.alloc(bytes, 'x');
  let answered = 0;
  let wake: (() => void) | undefined;
  const sender: Sender = {
    settled(_tag, outcome, reason) {
      if (outcome !== Outcome.accepted) throw new Error(`refused: ${reason}`);
      answered++;
      wake?.();
    },
    capacityChanged: () => wake?.(),
    addressDeleted() {},
  };
  const producer = broker.openProducer('q', sender) as Producer;
  const begin = performance.now();
  for (let sent = 0; sent < messages; ) {
    for (let i = 0; i < MESSAGES_A_TURN && sent < messages; i++) {
      message.reuse();
      Object.assign(message, { bytes: content, end: bytes, address: 'q', durable: true });
      const result = producer.send(message, sent++);
      if (result !== 'pending') throw new Error(`${result}: ${producer.refusal}`);
    }
    await new Promise(setImmediate);
    while (sent - answered > TURNS_OPEN * MESSAGES_A_TURN || (sent === messages && answered < sent)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  console.log(`stored    ${rate(messages, seconds)}   ${memory()}`);
}

async function drain({ broker }: Running, count: number): Promise<void> {
  const open: Delivery[] = [];
  let taken = 0;
  let wake: (() => void) | undefined;
  const consumer: Consumer = {
    capacity: () => CREDIT - open.length,
    deliver(message, delivery) {
      if (message.end - message.start !== bytes) throw new Error('another message than was sent');
      open.push(delivery!);
      wake?.();
    },
    closed() {},
  };
  const begin = performance.now();
  const subscription = broker.subscribe('q', consumer, { settles: 'explicit' });
  if (typeof subscription === 'string') throw new Error(subscription);
  while (taken < count) {
    if (open.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    taken += open.length;
    for (const delivery of open.splice(0)) delivery.settle(Outcome.accepted);
    subscription.wake();
    await new Promise(setImmediate);
  }
  await new Promise<void>((resolve) => broker.whenDurable(() => resolve()));
  const seconds = (performance.now() - begin) / 1000;
  console.log(`drained   ${rate(count, seconds)}   ${memory()}`);
  subscription.close();
}

function rate(count: number, seconds: number): string {
  const all = `${count.toLocaleString('en')} in ${seconds.toFixed(2)} s`;
  return `${all}, ${Math.round(count / seconds).toLocaleString('en')}/s`.padEnd(44);
}

async function filling(): Promise<void> {
  const running = await open();
  await fill(running);
  await drain(running, Math.min(messages, 1000));
  await running.journal.close();
}

async function recovering(): Promise<void> {
  const begin = performance.now();
  const running = await open();
  const seconds = (performance.now() - begin) / 1000;
  const { stored } = running.broker.address('q')!;
  console.log(`recovered ${rate(stored, seconds)}   ${memory()}`);
  await drain(running, Math.min(stored, Number(options.drain ?? stored)));
  await running.journal.close();
}

if (options.phase === 'fill') await filling();
else if (options.phase === 'recover') await recovering();
else {
  const directory = mkdtempSync(join(options.directory, 'millrace-paging-'));
  console.log(
    `${messages.toLocaleString('en')} messages of ${bytes} bytes, load ${loadavg()[0]!.toFixed(1)}, ${process.version}`,
  );
  try {
    for (const phase of ['fill', 'recover']) {
      const file = fileURLToPath(import.meta.url);
      const given = process.argv
        .slice(2)
        .filter((_, i, all) => all[i] !== '--directory' && all[i - 1] !== '--directory');
      const result = spawnSync(
        process.execPath,
        [...process.execArgv, file, ...given, '--phase', phase, '--directory', directory],
        { stdio: 'inherit' },
      );
      if (result.status !== 0) throw new Error(`${phase} failed`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  console.log(`load ${loadavg()[0]!.toFixed(1)}`);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskJournal } from '@millrace/journal';
import { expect, test } from 'vitest';
import { Broker, type Delivery, Outcome, Recovery, TAKING_BACK } from '../src/index.js';
import { message } from './support/host.js';

const IDS = 300;
const LIMIT_BYTES = 512 * 1024;

interface Opened {
  readonly journal: DiskJournal;
  readonly broker: Broker;
  /** Sends and consumes one with each id. @returns ids of the duplicates among them */
  pass(ids: readonly string[]): Promise<string[]>;
}

async function open(directory: string): Promise<Opened> {
  const recovery = new Recovery();
  const journal = await DiskJournal.open({
    directory,
    owner: recovery,
    reserveTypes: TAKING_BACK,
    limitBytes: LIMIT_BYTES,
  });
  const broker: Broker = new Broker({
    journal,
    recovery,
    now: Date.now,
    scheduleCommit: () => setImmediate(() => broker.commitPending()),
  });
  broker.declare('q', { type: 'queue', deduplication: { ids: IDS, windowMs: 600_000 } });
  const taken: Delivery[] = [];
  const consumer = {
    capacity: () => 1000,
    deliver: (_message: unknown, delivery: Delivery | undefined) => void taken.push(delivery!),
    closed() {},
  };
  broker.subscribe('q', consumer, { settles: 'explicit' });
  let told: (outcome: Outcome) => void;
  const sender = {
    settled: (_tag: number, outcome: Outcome) => told(outcome),
    capacityChanged() {},
    addressDeleted() {},
  };
  const producer = broker.openProducer('q', sender);
  if (typeof producer === 'string') throw new Error(producer);
  const pass = async (ids: readonly string[]) => {
    const duplicates: string[] = [];
    for (const id of ids) {
      const outcome = new Promise<Outcome>((resolve) => {
        told = resolve;
      });
      producer.sendOnce(message('q', 'x', { durable: true, size: 1000 }), 0, id);
      if (producer.duplicate) duplicates.push(id);
      expect(await outcome).toBe(Outcome.accepted);
      for (const delivery of taken.splice(0)) delivery.settle(Outcome.accepted);
    }
    return duplicates;
  };
  return { journal, broker, pass };
}

test('ids outlive their messages and the segments that they were written to, within a limit of the disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-ids-'));
  try {
    const ids = Array.from({ length: 2000 }, (_, n) => `id ${n}`);
    let opened = await open(directory);
    expect(await opened.pass(ids)).toEqual([]);
    const { bytesOnDisk, bytesWritten } = opened.journal.figures();
    expect(bytesWritten).toBeGreaterThan(3 * LIMIT_BYTES);
    expect(bytesOnDisk).toBeLessThanOrEqual(LIMIT_BYTES);
    await opened.journal.close();
    opened = await open(directory);
    expect(await opened.pass(ids.slice(-IDS))).toEqual(ids.slice(-IDS));
    expect(await opened.pass(ids.slice(0, 10))).toEqual([]);
    await opened.journal.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, 30_000);

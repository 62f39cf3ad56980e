/**
 * What durable writes cost: `npx tsx --conditions=source packages/journal/bench/durable.ts [DIRECTORY]`. Paired in one run:
 * ways to write durably, one record in flight against a bare write and fdatasync of the same bytes, records a second by
 * batch size with the next batch committed while one is written, CPU a record, replay. Medians of alternating rounds;
 * prints the load of the machine. The directory should be on the disk that is meant, not in memory.
 */
import fs from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskJournal, type JournalOwner } from '../src/index.js';

const RECORD_BYTES = 100;
const ROUNDS = 5;
const SEGMENT = 16 * 1024 ** 2;
const root = fs.mkdtempSync(join(process.argv[2] ?? tmpdir(), 'millrace-bench-'));
const nobody: JournalOwner = { replay() {}, rewrite() {} };
const record = Buffer.alloc(RECORD_BYTES, 7);

function load(): string {
  return `load ${loadavg()[0]!.toFixed(1)}`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

function percentile(values: number[], part: number): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length * part)]!;
}

function called(call: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
}

async function open(directory: string): Promise<DiskJournal> {
  return await DiskJournal.open({ directory, owner: nobody });
}

function commit(journal: DiskJournal): Promise<void> {
  return called((done) => journal.commit(done));
}

async function waysToWrite(): Promise<void> {
  const path = join(root, 'ways');
  fs.writeFileSync(path, Buffer.alloc(SEGMENT));
  const plain = fs.openSync(path, 'r+');
  fs.fsyncSync(plain);
  const synchronized = fs.openSync(path, fs.constants.O_RDWR | (fs.constants.O_DSYNC ?? 0));
  for (const bytes of [200, 4096, 65_536, 1024 ** 2]) {
    const buffer = Buffer.alloc(bytes, 1);
    const ways: Record<string, (at: number) => Promise<void> | undefined> = {
      'blocking write + fdatasync': (at) => {
        fs.writeSync(plain, buffer, 0, bytes, at);
        fs.fdatasyncSync(plain);
        return undefined;
      },
      'write, then fdatasync': async (at) => {
        await called((done) => fs.write(plain, buffer, 0, bytes, at, done));
        await called((done) => fs.fdatasync(plain, done));
      },
      'O_DSYNC write': (at) => called((done) => fs.write(synchronized, buffer, 0, bytes, at, done)),
    };
    const times = await alternate(ways, bytes > 100_000 ? 40 : 200, bytes);
    const text = [...times].map(([name, list]) => `${name} ${percentile(list, 0.5).toFixed(0)} µs`).join(' · ');
    console.log(`${String(bytes).padStart(8)} bytes: ${text}  (${load()})`);
  }
  fs.closeSync(plain);
  fs.closeSync(synchronized);
}

async function alternate(
  ways: Record<string, (at: number) => Promise<void> | undefined>,
  times: number,
  step: number,
): Promise<Map<string, number[]>> {
  const results = new Map<string, number[]>();
  let at = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const list = results.get(name) ?? [];
      results.set(name, list);
      for (let i = 0; i < times; i++) {
        const began = performance.now();
        await way(at);
        list.push((performance.now() - began) * 1000);
        at = at + step > SEGMENT - step ? 0 : at + step;
      }
    }
  }
  return results;
}

async function oneInFlight(): Promise<void> {
  const path = join(root, 'bare');
  fs.writeFileSync(path, Buffer.alloc(SEGMENT));
  const plain = fs.openSync(path, 'r+');
  fs.fsyncSync(plain);
  const synchronized = fs.openSync(path, fs.constants.O_RDWR | (fs.constants.O_DSYNC ?? 0));
  const journal = await open(join(root, 'one'));
  const batch = Buffer.alloc(160);
  const ways: Record<string, (at: number) => Promise<void> | undefined> = {
    'blocking write + fdatasync': (at) => {
      fs.writeSync(plain, batch, 0, batch.length, at);
      fs.fdatasyncSync(plain);
      return undefined;
    },
    'write, then fdatasync': async (at) => {
      await called((done) => fs.write(plain, batch, 0, batch.length, at, done));
      await called((done) => fs.fdatasync(plain, done));
    },
    'O_DSYNC write': (at) => called((done) => fs.write(synchronized, batch, 0, batch.length, at, done)),
    journal: () => {
      journal.append(1, record, 0, RECORD_BYTES);
      return commit(journal);
    },
  };
  await alternate(ways, 100, batch.length);
  const times = await alternate(ways, 400, batch.length);
  await journal.close();
  fs.closeSync(plain);
  fs.closeSync(synchronized);
  const bare = percentile(times.get('blocking write + fdatasync')!, 0.5);
  const text = [...times].map(([name, list]) => {
    const [p50, p99] = [percentile(list, 0.5), percentile(list, 0.99)];
    return `${name} p50 ${p50.toFixed(0)} µs (${(p50 / bare).toFixed(2)} ×), p99 ${p99.toFixed(0)}`;
  });
  console.log(`one record in flight: ${text.join(' · ')}  (${load()})`);
}

async function batches(): Promise<void> {
  for (const size of [1, 100, 1000, 10_000]) {
    const rates: number[] = [];
    const costs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const directory = join(root, `batch-${size}-${round}`);
      const journal = await open(directory);
      const total = size === 1 ? 2000 : Math.min(2_000_000, size * 1000);
      const cpu = process.cpuUsage();
      const began = performance.now();
      await fill(journal, total, size);
      const ms = performance.now() - began;
      const { user, system } = process.cpuUsage(cpu);
      rates.push(total / ms);
      costs.push((user + system) / total);
      await journal.close();
      fs.rmSync(directory, { recursive: true });
    }
    const rate = `${(median(rates) * 1000).toFixed(0)} records/s`;
    console.log(`batches of ${size}: ${rate}, ${median(costs).toFixed(2)} µs CPU a record  (${load()})`);
  }
}

/** Two batches at any time: one is written while the other fills. Space comes back as it does for a queue that drains. */
async function fill(journal: DiskJournal, total: number, size: number): Promise<void> {
  let before: Promise<void> | undefined;
  for (let done = 0; done < total; done += size) {
    const positions: number[] = [];
    for (let i = 0; i < size; i++) positions.push(journal.append(1, record, 0, RECORD_BYTES));
    const now = commit(journal).then(() => {
      for (const position of positions) journal.release(position, RECORD_BYTES);
    });
    await before;
    before = now;
  }
  await before;
}

async function replay(records: number): Promise<void> {
  const directory = join(root, 'replay');
  const journal = await open(directory);
  for (let done = 0; done < records; done += 1000) {
    for (let i = 0; i < 1000; i++) journal.append(1, record, 0, RECORD_BYTES);
    await commit(journal);
  }
  await journal.close();
  const times: number[] = [];
  let seen = 0;
  for (let round = 0; round < 3; round++) {
    seen = 0;
    const began = performance.now();
    const owner: JournalOwner = {
      replay() {
        seen++;
      },
      rewrite() {},
    };
    const again = await DiskJournal.open({ directory, owner });
    times.push(performance.now() - began);
    await again.close();
  }
  const rss = (process.memoryUsage.rss() / 1024 ** 2).toFixed(0);
  console.log(
    `${seen} records of 100 bytes replayed in ${(median(times) / 1000).toFixed(2)} s, RSS ${rss} MB  (${load()})`,
  );
  fs.rmSync(directory, { recursive: true });
}

try {
  await oneInFlight();
  if (process.argv.includes('--one')) process.exit();
  await waysToWrite();
  await batches();
  await replay(1_000_000);
  if (process.argv.includes('--long')) await replay(10_000_000);
} finally {
  fs.rmSync(root, { recursive: true, force: true });
}

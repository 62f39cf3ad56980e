/**
 * What keeping the state costs: rows a second with and without, in turns; and for a million groups how long a commit and a
 * step of the restore hold the thread.
 * Run: npx tsx --conditions=source packages/stream-engine/bench/state.ts
 */
import { loadavg } from 'node:os';
import { checkJob } from '@millrace/sql';
import { compileJob, type InputBatch, type Job } from '../src/index.js';

const ROWS = 8192;
const ROUNDS = 7;
const MEASURE_MS = 400;
const MAX = `INSERT INTO max
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body, map('readings', CAST(count(*) AS STRING)) AS properties
FROM STREAM temperature GROUP BY window(time, '5 seconds')`;
const BY_BODY = `INSERT INTO t
SELECT body AS device, count(*) AS readings, sum(length(body)) AS total, max(length(body)) AS most
FROM STREAM s GROUP BY window(time, '5 seconds'), body`;

function jobOf(sql: string, keepsState: boolean): Job {
  const { plan, diagnostics } = checkJob(sql);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return compileJob(plan, { onError: 'fail', keepsState });
}

/** Bodies that are made once, of rows whose keys are `keyOf(0)`, `keyOf(1)` …, all at one time. */
function batches(keyOf: (row: number) => number, count: number): InputBatch[] {
  return Array.from({ length: count }, (_, part) => {
    const bodies = Array.from({ length: ROWS }, (_row, row) => Buffer.from(`device-${keyOf(part * ROWS + row)}`));
    const offsets = new Int32Array(ROWS + 1);
    bodies.forEach((body, row) => {
      offsets[row + 1] = offsets[row]! + body.length;
    });
    return {
      count: ROWS,
      times: new Float64Array(ROWS).fill(1000),
      body: { bytes: Buffer.concat(bodies), offsets, nulls: undefined },
      addresses: undefined,
      addressNames: [],
      others: new Map(),
    };
  });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)]!;
}

/** M rows/s of a job that commits after each batch. */
function speed(job: Job, feed: readonly InputBatch[]): number {
  let rows = 0;
  const began = performance.now();
  for (let at = 0; performance.now() - began < MEASURE_MS; at++) {
    job.process(feed[at % feed.length]!);
    job.takeOutputs();
    job.takeStateChanges();
    rows += ROWS;
  }
  return rows / (performance.now() - began) / 1000;
}

function compare(name: string, sql: string, feed: readonly InputBatch[]): void {
  const jobs = [jobOf(sql, false), jobOf(sql, true)] as const;
  for (const job of jobs) speed(job, feed);
  const pairs = Array.from({ length: ROUNDS }, () => jobs.map((job) => speed(job, feed)));
  const [without, kept] = [0, 1].map((index) => median(pairs.map((pair) => pair[index]!)));
  const part = median(pairs.map(([left, right]) => right! / left!));
  console.log(
    `${name.padEnd(28)} ${without!.toFixed(1).padStart(6)} M rows/s without, ${kept!.toFixed(1).padStart(6)} with state, ratio ${part.toFixed(3)}`,
  );
}

class Durations {
  private readonly all: number[] = [];

  time<T>(work: () => T): T {
    const began = performance.now();
    const result = work();
    this.all.push(performance.now() - began);
    return result;
  }

  get text(): string {
    const sorted = this.all.toSorted((left, right) => left - right);
    const at = (part: number): string =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1);
    return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ms of ${sorted.length}`;
  }
}

function million(): void {
  const groups = 1_000_000;
  const job = jobOf(BY_BODY, true);
  const kept = new Map<string, Uint8Array>();
  const filling = new Durations();
  const commits = new Durations();
  let written = 0;
  const commit = (durations: Durations): void => {
    for (const { key, bytes } of durations.time(() => job.takeStateChanges())) {
      written += bytes?.length ?? 0;
      if (bytes === undefined) kept.delete(key);
      else kept.set(key, bytes);
    }
  };
  const feed = batches((row) => row % groups, Math.ceil(groups / ROWS));
  for (const batch of feed) {
    job.process(batch);
    commit(filling);
  }
  const first = [...kept.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  const random = batches((row) => (row * 7919) % groups, 250);
  written = 0;
  for (let round = 0; round < 4; round++)
    for (const batch of random) {
      job.process(batch);
      commit(commits);
    }
  const size = [...kept.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  console.log(`1 M groups, ${(first / 1e6).toFixed(1)} MB; a commit of ${ROWS} rows while they come: ${filling.text}`);
  console.log(`  of ${ROWS} rows here and there: ${commits.text}; ${(written / 1e6 / 1000).toFixed(2)} MB each`);
  console.log(`  kept after 1,000 of them: ${(size / 1e6).toFixed(1)} MB in ${kept.size} records`);
  const steps = new Durations();
  const next = jobOf(BY_BODY, true);
  const began = performance.now();
  const restore = next.restore(kept);
  while (steps.time(() => restore.step()));
  console.log(`  restore: ${((performance.now() - began) / 1000).toFixed(2)} s; steps ${steps.text}`);
  const closing = new Durations();
  closing.time(() => next.advance(5000));
  console.log(`  the window that closes, for comparison: ${closing.text}`);
  const closed = new Durations();
  closed.time(() => next.takeStateChanges());
  console.log(`  the commit after it: ${closed.text}`);
}

console.log(`Node ${process.version}, load ${loadavg()[0]!.toFixed(2)}`);
compare(
  'one group',
  MAX,
  batches((row) => row % 100, 1).map((batch) => ({ ...batch })),
);
compare(
  '1,000 groups',
  BY_BODY,
  batches((row) => (row * 7919) % 1000, 8),
);
compare(
  '100,000 groups',
  BY_BODY,
  batches((row) => (row * 7919) % 100_000, 13),
);
million();
console.log(`load ${loadavg()[0]!.toFixed(2)}`);

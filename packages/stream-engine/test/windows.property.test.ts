/** Windows against a model that keeps every row; results that depend on neither batches nor restarts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileJob, type Job } from '../src/index.js';
import { keep, planOf, Reader, type Records, type Row, restore, SMALL_STATE } from './support/harness.js';

interface Windows {
  readonly sizeMs: number;
  readonly slideMs: number;
}

const SHAPES: readonly Windows[] = [
  { sizeMs: 1000, slideMs: 1000 },
  { sizeMs: 1000, slideMs: 500 },
  { sizeMs: 1000, slideMs: 400 },
  { sizeMs: 700, slideMs: 300 },
  { sizeMs: 300, slideMs: 20 },
];

const windows = fc.constantFrom(...SHAPES);
const body = fc.oneof(fc.integer({ min: -20, max: 20 }).map(String), fc.constantFrom('x', '', null, '2147483648'));
const rowsOf = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(3000)),
      body,
      address: fc.constantFrom('a', 'b', 'ü/c'),
    }),
    { maxLength: 40 },
  )
  .map((items) => {
    let time = 0;
    return items.map(({ gap, ...row }): Row & { readonly time: number } => {
      time += gap;
      return { ...row, time };
    });
  });
/** Out of order by up to two seconds; now and then without an event time. */
const eventRows = fc
  .tuple(rowsOf, fc.array(fc.integer({ min: -2000, max: 0 }), { minLength: 40, maxLength: 40 }))
  .map(([rows, offsets]) =>
    rows.map((row, index) => ({
      ...row,
      creation_time: offsets[index] === 0 ? null : Math.max(0, row.time + offsets[index]!),
    })),
  );
const cuts = fc.array(fc.nat(40), { maxLength: 8 });

const RESULTS = `count(*) AS readings, count(try_cast(body AS INT)) AS numbers, sum(try_cast(body AS INT)) AS total,
  min(try_cast(body AS INT)) AS least, max(try_cast(body AS DOUBLE)) AS greatest, avg(try_cast(body AS INT)) AS mean,
  max(body) AS text, count(*) FILTER (WHERE body > '1') AS some`;

function sqlOver(time: string, { sizeMs, slideMs }: Windows, groups = ''): string {
  const watermark = time === 'time' ? '' : `WATERMARK ${time} DELAY OF INTERVAL 500 MILLISECONDS`;
  return `INSERT INTO t SELECT window.start AS start, address AS device, ${RESULTS} FROM STREAM \`s/#\` ${watermark}
    GROUP BY window(${time}, '${sizeMs} milliseconds', '${slideMs} milliseconds'), address${groups}`;
}

type Result = Readonly<Record<string, unknown>>;

function resultOf(startMs: number, device: string, rows: readonly Row[]): Result {
  const numbers = rows
    .map((row) => row.body as string | null)
    .filter((text) => text !== null && /^-?\d+$/.test(text))
    .map(Number);
  const ints = numbers.filter((number) => number <= 2147483647);
  const texts = rows.map((row) => row.body as string | null).filter((text) => text !== null);
  const total = ints.reduce((sum, number) => sum + number, 0);
  return {
    start: new Date(startMs).toISOString(),
    device,
    readings: rows.length,
    numbers: ints.length,
    total: ints.length === 0 ? null : total,
    least: ints.length === 0 ? null : Math.min(...ints),
    greatest: numbers.length === 0 ? null : Math.max(...numbers),
    mean: ints.length === 0 ? null : total / ints.length,
    text: texts.length === 0 ? null : texts.toSorted().at(-1),
    some: texts.filter((text) => text > '1').length,
  };
}

/** @param delayMs undefined: over `time` */
function model(rows: readonly Row[], { sizeMs, slideMs }: Windows, delayMs: number | undefined) {
  const kept = new Map<number, Row[]>();
  let late = 0;
  let watermark = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const at = (delayMs === undefined ? row.time : row.creation_time) as number | null;
    if (at === null) continue;
    let open = 0;
    for (let start = Math.floor(at / slideMs) * slideMs; start > at - sizeMs; start -= slideMs) {
      if (start + sizeMs <= watermark) continue;
      open++;
      kept.set(start, [...(kept.get(start) ?? []), row]);
    }
    if (open === 0) late++;
    watermark = Math.max(watermark, at - (delayMs ?? 0));
  }
  const starts = [...kept.keys()].filter((start) => delayMs === undefined || start + sizeMs <= watermark);
  const results = starts
    .sort((left, right) => left - right)
    .flatMap((start) => {
      const devices = groupBy(kept.get(start)!);
      return [...devices].map(([device, group]) => resultOf(start, device, group));
    });
  return { results, late };
}

function groupBy(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.address!, [...(groups.get(row.address!) ?? []), row]);
  return groups;
}

const FAR_MS = 1e9;

function resultsOf(job: Job): Result[] {
  return job.takeOutputs().map(({ row }) => row);
}

/** The rows in pieces, cut before each of `at`; `between` may exchange the job. */
function runInPieces(job: Job, rows: readonly Row[], at: readonly number[], between: (job: Job) => Job): Result[] {
  const reader = new Reader();
  const results: Result[] = [];
  let current = job;
  const edges = [0, ...at.map((cut) => Math.min(cut, rows.length)).sort((left, right) => left - right), rows.length];
  for (let index = 1; index < edges.length; index++) {
    current.process(reader.batch(current, rows.slice(edges[index - 1], edges[index])));
    results.push(...resultsOf(current));
    current = between(current);
  }
  current.advance(FAR_MS);
  results.push(...resultsOf(current));
  return results;
}

/** Groups of one window come in the order of their panes; the model has them in the order of rows. */
function sorted(results: readonly Result[]): Result[] {
  return [...results].sort((left, right) => (`${left.start}${left.device}` < `${right.start}${right.device}` ? -1 : 1));
}

describe('windows over time', () => {
  test('give what a model gives, in its order', () => {
    fc.assert(
      fc.property(rowsOf, windows, (rows, shape) => {
        const job = compileJob(planOf(sqlOver('time', shape)), { onError: 'fail' });
        const results = runInPieces(job, rows, [], (same) => same);
        expect(results).toEqual(model(rows, shape, undefined).results);
        expect(job.counters.rowsLate).toBe(0);
        expect([job.openWindows, job.stateRows, job.nextWindowEndMs()]).toEqual([0, 0, undefined]);
      }),
      { numRuns: 200 },
    );
  });

  test('nextWindowEndMs is the time at which the next output is made', () => {
    fc.assert(
      fc.property(rowsOf, windows, (rows, shape) => {
        const job = compileJob(planOf(sqlOver('time', shape)), { onError: 'fail' });
        job.process(new Reader().batch(job, rows));
        job.takeOutputs();
        let windowsClosed = 0;
        const open = job.openWindows;
        for (let end = job.nextWindowEndMs(); end !== undefined; end = job.nextWindowEndMs()) {
          job.advance(end - 1);
          expect(job.takeOutputs()).toEqual([]);
          job.advance(end);
          expect(job.takeOutputs().length).toBeGreaterThan(0);
          windowsClosed++;
        }
        expect(windowsClosed).toBe(open);
      }),
      { numRuns: 100 },
    );
  });
});

describe('windows over an event time', () => {
  test('give what a model gives, and count what is late', () => {
    fc.assert(
      fc.property(eventRows, windows, (rows, shape) => {
        const job = compileJob(planOf(sqlOver('creation_time', shape)), { onError: 'fail' });
        const expected = model(rows, shape, 500);
        expect(sorted(runInPieces(job, rows, [], (same) => same))).toEqual(sorted(expected.results));
        expect(job.counters.rowsLate).toBe(expected.late);
      }),
      { numRuns: 200 },
    );
  });
});

const SQLS = SHAPES.flatMap((shape) => [
  sqlOver('time', shape),
  sqlOver('creation_time', shape),
  sqlOver('creation_time', shape).replace('GROUP BY', "WHERE body > '-' GROUP BY"),
  sqlOver('time', shape, ', length(body), try_cast(body AS DOUBLE), durable'),
  sqlOver('time', shape).replaceAll('address AS device,', '').replace(', address', ''),
  sqlOver('creation_time', shape).replaceAll('try_cast(body AS INT)', 'try_cast(body AS DECIMAL(12,2))'),
]);
const FORWARD = `INSERT INTO t SELECT body, subject, map('a', address) AS properties FROM STREAM s WHERE try_cast(body AS INT) > 0`;
const sql = fc.constantFrom(...SQLS, FORWARD);

describe('results do not depend on', () => {
  test('how rows are cut into batches', () => {
    fc.assert(
      fc.property(eventRows, sql, cuts, (rows, text, at) => {
        const plan = planOf(text);
        const whole = compileJob(plan, { onError: 'fail' });
        const cut = compileJob(plan, { onError: 'fail' });
        const results = runInPieces(cut, rows, at, (same) => same);
        expect(results).toEqual(runInPieces(whole, rows, [], (same) => same));
        expect(cut.counters).toEqual(whole.counters);
        expect([cut.watermarkMs, cut.openWindows, cut.stateRows]).toEqual([
          whole.watermarkMs,
          whole.openWindows,
          whole.stateRows,
        ]);
      }),
      { numRuns: 300 },
    );
  });

  test('where a job is stopped and goes on from its state', () => {
    fc.assert(
      fc.property(eventRows, sql, cuts, (rows, text, at) => {
        const plan = planOf(text);
        const records: Records = new Map();
        const make = (): Job => compileJob(plan, { onError: 'fail', ...SMALL_STATE });
        const restarted = runInPieces(make(), rows, at, (job) => {
          if (!job.hasState) return job;
          const next = restore(make(), keep(job, records));
          expect([next.watermarkMs, next.openWindows, next.stateRows, next.nextWindowEndMs()]).toEqual([
            job.watermarkMs,
            job.openWindows,
            job.stateRows,
            job.nextWindowEndMs(),
          ]);
          return next;
        });
        expect(restarted).toEqual(runInPieces(make(), rows, [], (same) => same));
      }),
      { numRuns: 300 },
    );
  });
});

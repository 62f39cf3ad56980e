/** The state of open windows as records: what it holds, what it refuses, and that it stays small. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Job, StateError } from '../src/index.js';
import { bodies, jobOf, keep, Reader, type Records, type Row, restore, run, SMALL_STATE } from './support/harness.js';

const COUNT = `INSERT INTO t SELECT CAST(count(*) AS STRING) AS body FROM STREAM s GROUP BY window(time, '1 second')`;
const BY_BODY = `INSERT INTO t SELECT concat(body, '=', CAST(count(*) AS STRING), ',', CAST(sum(length(body)) AS STRING)) AS body
  FROM STREAM s GROUP BY window(time, '1 second'), body`;
const SHAPE = '74dfd22065bb04f30437893fc2c1a9af2ad68219d12f56b4c9b5c10fe2d267f8';
const KEEPS = { keepsState: true } as const;

function sizeOf(records: Records): number {
  let sum = 0;
  for (const bytes of records.values()) sum += bytes.length;
  return sum;
}

function rowsOf(keys: readonly number[], time: number): Row[] {
  return keys.map((key) => ({ time, body: `k${key}` }));
}

describe('state', () => {
  const counted = (): Records => {
    const job = jobOf(COUNT, KEEPS);
    run(job, [{ time: 1500 }]);
    return keep(job, new Map());
  };

  test('replaces whatever the job had seen, and its counters', () => {
    const job = jobOf(COUNT, KEEPS);
    run(job, [{ time: 1 }, { time: 5000 }]);
    restore(job, counted());
    expect([job.watermarkMs, job.stateRows, job.counters.rowsIn]).toEqual([1500, 1, 1]);
    job.advance(10_000);
    expect(bodies(job.takeOutputs())).toEqual(['1']);
  });

  test('is not noted unless asked for, and there is none without windows', () => {
    const job = jobOf(COUNT);
    run(job, [{ time: 1500 }]);
    expect([job.changedGroups, job.takeStateChanges()]).toEqual([0, []]);
    const forward = jobOf('INSERT INTO t SELECT body FROM STREAM s', KEEPS);
    run(forward, [{ body: 'a' }]);
    expect([forward.hasState, forward.takeStateChanges()]).toEqual([false, []]);
  });

  test('is taken by a job whose SELECT list, HAVING or WHERE changed', () => {
    const job = jobOf(
      `INSERT INTO u SELECT concat('n=', CAST(count(*) AS STRING)) AS body FROM STREAM s WHERE body <> 'x'
       GROUP BY window(time, '1 second') HAVING count(*) > 0`,
      KEEPS,
    );
    restore(job, counted());
    job.advance(2000);
    expect(bodies(job.takeOutputs())).toEqual(['n=1']);
  });

  test.each([
    ['another window', COUNT.replace('1 second', '2 seconds')],
    ['another aggregate', COUNT.replace('count(*)', 'count(body)')],
    ['another group', `${COUNT}, address`],
    [
      'an event time',
      COUNT.replace('STREAM s', 'STREAM s WATERMARK creation_time DELAY OF INTERVAL 1 SECOND').replace(
        '(time',
        '(creation_time',
      ),
    ],
  ])('is refused by a job with %s', (_, sql) => {
    expect(reasonOf(() => restore(jobOf(sql, KEEPS), counted()))).toBe('other');
  });

  test('of a newer format version is refused by name', () => {
    const records = counted();
    records.get('head')![4] = 99;
    const attempt = () => restore(jobOf(COUNT, KEEPS), records);
    expect(attempt).toThrow('the state has format version 99, this engine reads version 1');
    expect(reasonOf(attempt)).toBe('version');
  });

  test('has the bytes that are documented, so that a later engine reads them', () => {
    const job = jobOf(BY_BODY, { keepsState: true, stateSizes: { pieceGroups: 4, stepBytes: 1 } });
    const records: Records = new Map();
    run(job, rowsOf([1, 2, 3], 1000));
    keep(job, records);
    run(job, rowsOf([4], 1001));
    keep(job, records);
    const shown = Object.fromEntries([...records].map(([key, bytes]) => [key, Buffer.from(bytes).toString('hex')]));
    const f64 = (value: number): string => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value);
      return bytes.toString('hex');
    };
    const keyOf = (digit: string): string => `07000000${'01'}02000000${'6b'}${digit}`;
    expect(shown).toEqual({
      'piece/1000000/0': [
        f64(1),
        '03000000',
        ...['31', '32', '33'].map(keyOf),
        ...[f64(1).repeat(3), f64(2).repeat(3), f64(1).repeat(3), '00000000'],
      ].join(''),
      'changes/2': [
        ...['01000000', '3f000000', f64(1_000_000), '00000000', '01000000', '01000000', '03000000', keyOf('34')],
        ...[f64(1), f64(2), f64(1), '00000000'],
      ].join(''),
      head: [
        // If the shape of this job changes, jobs that run lose their state with the update: that is to be a decision.
        ...['4d524a53', '01000000', '20000000', SHAPE, f64(2), f64(2)],
        ...['01000000', '01000000', '04000000', '04000000'],
        ...[f64(1001), f64(4), f64(0), f64(0), f64(0), f64(1_000_000 + 1000)],
      ].join(''),
    });
  });

  test('goes on where a bigint beyond exact numbers was', () => {
    const sql = `INSERT INTO t SELECT CAST(sum(try_cast(body AS INT)) AS STRING) AS body FROM STREAM s GROUP BY window(time, '1 second'), address`;
    const rows = Array.from({ length: 9 }, (_, n) => ({ time: 1, body: '2147483647', address: `a${n % 3}` }));
    const job = jobOf(sql, SMALL_STATE);
    const records: Records = new Map();
    for (const row of rows) {
      run(job, [row]);
      keep(job, records);
    }
    const next = restore(jobOf(sql, SMALL_STATE), records);
    next.advance(1000);
    expect(bodies(next.takeOutputs())).toEqual(Array(3).fill(String(3 * 2147483647)));
  });
});

describe('damage', () => {
  const records = (): Records => {
    const kept: Records = new Map();
    const job = jobOf(
      `INSERT INTO t SELECT body AS k, sum(CAST(body AS DECIMAL(9,2))) AS n, max(body) AS m FROM STREAM s
       GROUP BY window(time, '1 second', '500 milliseconds'), body`,
      { keepsState: true, stateSizes: { pieceGroups: 4, stepBytes: 1 } },
    );
    const times = { 1: ['1', '22', '3', '4', '5'], 700: ['6', '7', '8', '9'], 701: ['6', '7', '8'] };
    for (const [time, texts] of Object.entries(times))
      for (const body of texts) {
        run(job, [{ time: Number(time), body }]);
        keep(job, kept);
      }
    expect([...kept.keys()].some((key) => key.startsWith('changes/'))).toBe(true);
    return kept;
  };
  const attempt = (kept: Records): StateError['reason'] | undefined => {
    const job = jobOf(
      `INSERT INTO t SELECT body AS k, sum(CAST(body AS DECIMAL(9,2))) AS n, max(body) AS m FROM STREAM s
       GROUP BY window(time, '1 second', '500 milliseconds'), body`,
      KEEPS,
    );
    run(job, [{ time: 7000, body: '1' }]);
    const reason = reasonOf(() => restore(job, kept));
    if (reason !== undefined) expect([job.watermarkMs, job.stateRows]).toEqual([undefined, 0]);
    return reason;
  };

  test('whole records are read', () => {
    expect(attempt(records())).toBeUndefined();
  });

  test('a record that is missing, cut, or too long is refused, and leaves the job empty', () => {
    const whole = records();
    for (const [key, bytes] of whole) {
      const without = new Map(whole);
      without.delete(key);
      expect([key, attempt(without)]).toEqual([key, key === 'head' ? 'none' : 'damaged']);
      for (let length = 0; length < bytes.length; length++) {
        const cut = new Map(whole).set(key, bytes.subarray(0, length));
        expect([key, length, attempt(cut)]).toEqual([key, length, 'damaged']);
      }
      expect(attempt(new Map(whole).set(key, Buffer.concat([bytes, Buffer.alloc(1)])))).toBe('damaged');
    }
    expect(attempt(new Map(whole).set('else', new Uint8Array(1)))).toBe('damaged');
  });

  test('bits that turn never make anything else throw', () => {
    const whole = records();
    for (const [key, bytes] of whole) {
      for (let at = 0; at < bytes.length * 8; at++) {
        const flipped = Uint8Array.from(bytes);
        flipped[at >> 3]! ^= 1 << (at & 7);
        attempt(new Map(whole).set(key, flipped));
      }
    }
  });
});

describe('commits', () => {
  test('wherever the job stops, it goes on from the last one with all groups in order', () => {
    const batch = fc.array(fc.nat(40), { minLength: 1, maxLength: 12 });
    const step = fc.record({ keys: batch, later: fc.constantFrom(0, 0, 0, 300), stops: fc.nat(3).map((n) => n === 0) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const reference = jobOf(BY_BODY);
        const make = () => jobOf(BY_BODY, { keepsState: true, stateSizes: { pieceGroups: 4, stepBytes: 1 } });
        let job = make();
        const records: Records = new Map();
        const results: [string[], string[]] = [[], []];
        let time = 0;
        for (const { keys, later, stops } of steps) {
          time += later;
          const rows = rowsOf(keys, time);
          results[0].push(...bodies(run(reference, rows)));
          results[1].push(...bodies(run(job, rows)));
          keep(job, records);
          if (!stops) continue;
          // What it takes in now is not stored, and comes again.
          run(job, rowsOf([1, 2, 77], time));
          job = restore(make(), records);
        }
        for (const [index, one] of [reference, job].entries()) {
          one.advance(time + 5000);
          results[index]!.push(...bodies(one.takeOutputs()));
        }
        expect(results[1]).toEqual(results[0]);
        expect(job.counters).toEqual(reference.counters);
      }),
      { numRuns: 300 },
    );
  });

  test('never hold more than about twice the state, nor many records, however it changes', () => {
    const groups = 4000;
    for (const rowsACommit of [1, 20, 500, 4000]) {
      const job = jobOf(BY_BODY, { keepsState: true, stateSizes: { pieceGroups: 64, stepBytes: 256 } });
      const reader = new Reader();
      const records: Records = new Map();
      job.process(reader.batch(job, rowsOf([...Array(groups).keys()], 1)));
      keep(job, records);
      const whole = sizeOf(records);
      let most = 0;
      let written = 0;
      let changed = 0;
      for (let commit = 0; commit < 20_000 / rowsACommit; commit++) {
        const keys = Array.from({ length: rowsACommit }, (_, n) => (commit * 7919 + n * 104_729) % groups);
        job.process(reader.batch(job, rowsOf(keys, 1)));
        for (const { key, bytes } of job.takeStateChanges()) {
          if (bytes === undefined) records.delete(key);
          else records.set(key, bytes);
          written += bytes?.length ?? 0;
          if (bytes !== undefined && key.startsWith('changes/')) changed += Math.max(256, bytes.length);
        }
        most = Math.max(most, sizeOf(records));
      }
      expect(most).toBeLessThan(whole * 2.2);
      expect(records.size).toBeLessThan(groups / 64 + whole / 256 + 200);
      if (rowsACommit < 500) expect(written).toBeLessThan(changed * 3);
    }
  });

  test('give up what closed windows had', () => {
    const job = jobOf(BY_BODY, SMALL_STATE);
    const records: Records = new Map();
    for (let second = 0; second < 5; second++) {
      run(job, rowsOf([1, 2, 3, 4, 5], second * 1000));
      keep(job, records);
      run(job, rowsOf([3], second * 1000));
      keep(job, records);
    }
    job.advance(60_000);
    keep(job, records);
    expect([...records.keys()]).toEqual(['head']);
    const next = restore(jobOf(BY_BODY, SMALL_STATE), records);
    expect([next.stateRows, next.watermarkMs]).toEqual([0, 60_000]);
  });

  test('of a job with a million groups write what changed, in pieces, and restore reads one piece a step', () => {
    const groups = 1_000_000;
    const slice = 8192;
    const job = jobOf(BY_BODY, KEEPS);
    const reader = new Reader();
    const records: Records = new Map();
    let most = 0;
    let mostMs = 0;
    const commit = (): void => {
      const began = performance.now();
      const changes = job.takeStateChanges();
      mostMs = Math.max(mostMs, performance.now() - began);
      let sum = 0;
      for (const { key, bytes } of changes) {
        sum += bytes?.length ?? 0;
        if (bytes === undefined) records.delete(key);
        else records.set(key, bytes);
      }
      most = Math.max(most, sum);
    };
    for (let from = 0; from < groups; from += slice) {
      const keys = Array.from({ length: Math.min(slice, groups - from) }, (_, n) => from + n);
      job.process(reader.batch(job, rowsOf(keys, 1)));
      commit();
    }
    for (let round = 0; round < 60; round++) {
      job.process(
        reader.batch(
          job,
          rowsOf(
            Array.from({ length: slice }, (_, n) => ((round * slice + n) * 7919) % groups),
            1,
          ),
        ),
      );
      commit();
    }
    expect(job.stateRows).toBe(groups);
    const size = sizeOf(records);
    // A slice, and as much again of pieces; never a part of the whole that grows with it.
    expect(most).toBeLessThan(slice * 60 * 3);
    const next = jobOf(BY_BODY, KEEPS);
    const restoring = next.restore(records);
    let steps = 0;
    let longest = 0;
    for (let more = true; more; steps++) {
      const began = performance.now();
      more = restoring.step();
      longest = Math.max(longest, performance.now() - began);
    }
    expect(next.stateRows).toBe(groups);
    expect(steps).toBeGreaterThan(groups / 1024);
    console.log(
      `1 M groups: ${(size / 1e6).toFixed(0)} MB in ${records.size} records; a commit of ${slice} rows ` +
        `${(most / 1e3).toFixed(0)} kB and ${mostMs.toFixed(1)} ms at most, a step of the restore ${longest.toFixed(1)} ms`,
    );
  }, 60_000);
});

function reasonOf(attempt: () => Job): StateError['reason'] | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(StateError);
    return (error as StateError).reason;
  }
}

/** Commits that do not get through: nothing is lost, nothing is sent twice. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobFixture, planOf } from './job-fixture.js';

let fixture: JobFixture;
beforeEach(() => {
  fixture = JobFixture.begin();
});
afterEach(() => fixture.end());

const FULL = new Error('the address max is full');

test.each([[undefined], [0], [7]])(
  'each third commit fails (taking %s ms): each window once, and right',
  async (ms) => {
    fixture.access.commitMs = ms;
    fixture.access.refuse = (attempt) => (attempt % 3 === 0 ? FULL : undefined);
    await fixture.deploy();
    for (let tick = 0; tick < 500; tick++) {
      fixture.send(tick / 10, tick);
      fixture.pass(100);
    }
    fixture.pass(20_000);
    expect(fixture.windows).toEqual(Array.from({ length: 10 }, (_, n) => `${n * 5}=50:${n * 50 + 49}`));
    expect(fixture.access.waiting).toEqual([]);
  },
);

interface Step {
  readonly kind: 'send' | 'pass' | 'pause' | 'resume';
  readonly amount: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('send', 'send', 'send', 'pass', 'pass', 'pause', 'resume'),
  amount: fc.integer({ min: 1, max: 3000 }),
});

test('messages, time, pauses and failing commits in any order: the windows are those of the messages', async () => {
  fixture.end();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
      fc.record({ batch: fc.integer({ min: 1, max: 20 }), ms: fc.constantFrom(undefined, 0, 3, 200) }),
      async (steps, failures, { batch, ms }) => {
        const run = JobFixture.begin();
        run.access.batchMessages = batch;
        run.access.commitMs = ms;
        run.access.refuse = (attempt) => (failures[attempt % failures.length] ? FULL : undefined);
        await run.deploy();
        const expected = await play(run, steps);
        run.access.refuse = () => undefined;
        await run.plane.control('job', 'resume');
        run.pass(60_000);
        expect(run.windows).toEqual(expected);
        expect(run.status).toMatchObject({ rowsLate: 0, openWindows: 0, backlog: 0 });
        run.end();
      },
    ),
    { numRuns: 150 },
  );
  fixture = JobFixture.begin();
});

/** Does the steps. @returns what the windows of the messages are */
async function play(run: JobFixture, steps: readonly Step[]): Promise<readonly string[]> {
  const windows = new Map<number, number[]>();
  let elapsedMs = 0;
  for (const { kind, amount } of steps) {
    if (kind === 'pass') {
      run.pass(amount);
      elapsedMs += amount;
    } else if (kind === 'send') {
      const bodies = Array.from({ length: (amount % 30) + 1 }, (_, n) => (amount * (n + 3)) % 1009);
      run.send(elapsedMs / 1000, ...bodies);
      const start = Math.floor(elapsedMs / 5000) * 5;
      windows.set(start, [...(windows.get(start) ?? []), ...bodies]);
    } else await run.plane.control('job', kind);
  }
  return [...windows].map(([start, values]) => `${start}=${values.length}:${Math.max(...values)}`);
}

test('a refused commit is told, and tried again until it works, ever more seldom', async () => {
  fixture.access.refuse = () => new Error('there is no address max');
  await fixture.deploy();
  fixture.send(0, 20);
  fixture.pass(60_000);
  expect(fixture.status).toMatchObject({ phase: 'Running', reason: 'ResultsRefused' });
  expect(fixture.status.message).toBe('results wait: there is no address max; it is tried again until it works');
  expect(fixture.access.attempts).toBeGreaterThan(10);
  expect(fixture.access.attempts).toBeLessThan(25);
  fixture.access.refuse = () => undefined;
  fixture.pass(5000);
  expect(fixture.windows).toEqual(['0=1:20']);
  expect(fixture.status.reason).toBe('Idle');
});

test('reads no further while a commit is refused', async () => {
  fixture.access.batchMessages = 10;
  fixture.access.refuse = () => FULL;
  await fixture.deploy();
  fixture.send(0, ...Array.from({ length: 100 }, (_, n) => n));
  fixture.pass(60_000);
  const read = fixture.status.rowsIn;
  fixture.send(60, 1, 2, 3);
  fixture.pass(60_000);
  expect(fixture.status.rowsIn).toBe(read);
  expect(fixture.status.backlog).toBe(103 - read);
});

test('sleeps while a commit hangs, though a window has ended and messages wait', async () => {
  fixture.access.batchMessages = 1;
  fixture.access.commitMs = 1_000_000;
  await fixture.deploy();
  fixture.send(0, 1, 2);
  fixture.pass(1000);
  let reads = 0;
  const reader = fixture.access.reader!;
  // As a reader that has given out as many batches as it may: it gives none until a commit is through.
  reader.readBatch = () => {
    reads += 1;
    return undefined;
  };
  fixture.send(1, 3);
  fixture.pass(60_000);
  expect(reads).toBeLessThan(10);
});

test('what a failed job had not committed goes back to its source', async () => {
  await fixture.deploy();
  fixture.access.commitMs = 1000;
  fixture.send(1, 20);
  fixture.pass();
  fixture.send(2, 'warm');
  fixture.pass(10_000);
  expect(fixture.status.phase).toBe('Failed');
  expect(fixture.access.waiting.map(({ body }) => body)).toContain('warm');
});

test('removing a job forgets it at its source', async () => {
  await fixture.deploy();
  fixture.access.commitMs = 1000;
  fixture.access.batchMessages = 1;
  fixture.send(1, 20, 21);
  fixture.pass();
  await fixture.plane.remove('job');
  expect(fixture.access.forgotten).toEqual(['job']);
  expect(fixture.access.waiting).toHaveLength(1);
  expect(fixture.plane.observe('job')).toBeUndefined();
  fixture.pass(60_000);
});

test('the same SQL deployed again goes on; another one starts anew and says so', async () => {
  await fixture.deploy();
  fixture.send(1, 20);
  fixture.pass(10);
  await fixture.deploy();
  fixture.send(2, 10);
  fixture.pass(10);
  expect(fixture.status).toMatchObject({ rowsIn: 2, openWindows: 1 });
  const counts = `INSERT INTO max SELECT CAST(count(*) AS STRING) AS body FROM STREAM temperature
    GROUP BY window(time, '5 seconds')`;
  await fixture.plane.deploy('job', { sql: counts, onError: 'fail', paused: false }, planOf(counts));
  fixture.send(3, 30);
  fixture.pass(10);
  expect(fixture.status.message).toContain('windows that were open then were started anew');
  fixture.pass(10_000);
  expect(fixture.access.bodies).toEqual(['1']);
  expect(fixture.access.forgotten).toEqual([]);
});

test.each([
  ['results', 'INSERT INTO max SELECT body FROM STREAM temperature', 4_000],
  [
    'changed groups',
    `INSERT INTO max SELECT body FROM STREAM temperature GROUP BY window(time, '5 seconds'), body`,
    8_192,
  ],
])('goes on when more %s gathered during a commit than it may hold', async (_, sql, rows) => {
  fixture.access.keepsState = true;
  fixture.access.commitMs = 50;
  fixture.access.batchMessages = rows;
  await fixture.deploy(sql);
  for (let part = 0; part < 12; part++)
    fixture.send(0, ...Array.from({ length: rows }, (_message, n) => part * rows + n));
  fixture.pass(60_000);
  expect(fixture.status).toMatchObject({ rowsIn: rows * 12, rowsOut: rows * 12, backlog: 0 });
  expect(new Set(fixture.access.bodies).size).toBe(rows * 12);
});

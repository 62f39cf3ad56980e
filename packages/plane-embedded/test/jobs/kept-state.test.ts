/** What becomes of a job's state: over restarts, failures, edits, pauses, deletion, and when it cannot be read. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobFixture, MAXIMA, START } from './job-fixture.js';

const FORWARD = 'INSERT INTO max SELECT body FROM STREAM temperature';

let fixture: JobFixture;
beforeEach(() => {
  fixture = JobFixture.begin();
  fixture.access.keepsState = true;
});
afterEach(() => fixture.end());

async function withOpenWindow(sql = MAXIMA): Promise<void> {
  await fixture.deploy(sql);
  fixture.pass(1000);
  fixture.send(1, 20, 23);
  fixture.pass();
}

describe('a restart', () => {
  test('goes on with the windows that were open, and with the counters', async () => {
    await withOpenWindow();
    fixture.restart();
    await fixture.deploy();
    fixture.send(2, 21);
    fixture.pass(2000);
    expect(fixture.status).toMatchObject({ phase: 'Running', rowsIn: 3, openWindows: 1, stateRows: 1 });
    expect(fixture.status.message).not.toContain('anew');
    fixture.pass(10_000);
    expect(fixture.windows).toEqual(['0=3:23']);
    fixture.restart();
    await fixture.deploy();
    fixture.pass(20_000);
    expect(fixture.windows).toEqual(['0=3:23']);
  });

  test('of a job that is paused keeps its state until it is resumed', async () => {
    await withOpenWindow();
    fixture.restart();
    await fixture.deploy(MAXIMA, { paused: true });
    fixture.pass(20_000);
    expect([fixture.status.phase, fixture.windows]).toEqual(['Paused', []]);
    await fixture.plane.control('job', 'resume');
    fixture.pass(10);
    expect(fixture.windows).toEqual(['0=2:23']);
  });

  test('is shown while the state is read back, can be interrupted, and nothing is read before', async () => {
    const keys = Array.from({ length: 40_000 }, (_, n) => n);
    const sql = MAXIMA.replace("'5 seconds')", "'5 seconds'), body");
    await fixture.deploy(sql);
    fixture.pass(1000);
    fixture.send(1, ...keys);
    fixture.pass(100);
    expect(fixture.status.stateRows).toBe(40_000);
    fixture.restart();
    fixture.send(1, 7);
    await fixture.deploy(sql);
    expect(fixture.status).toMatchObject({ phase: 'Running', reason: 'Recovering', backlog: 1 });
    await fixture.plane.control('job', 'pause');
    expect(fixture.status.phase).toBe('Paused');
    await fixture.plane.control('job', 'resume');
    fixture.pass(100);
    expect(fixture.status).toMatchObject({ reason: 'WindowOpen', stateRows: 40_000, rowsIn: 40_001, backlog: 0 });
    fixture.pass(10_000);
    expect(fixture.windows).toHaveLength(40_000);
    expect(fixture.windows.filter((window) => window === '0=2:7')).toHaveLength(1);
  });
});

test('state goes with the inputs and outputs it came of; a job without windows has none', async () => {
  await withOpenWindow();
  fixture.pass(5000);
  expect(fixture.access.commits.map(({ state }) => state.map(({ key }) => key))).toEqual([
    [`piece/${START * 1000}/0`, 'head'],
    [`piece/${START * 1000}/0`, 'head'],
  ]);
  expect(fixture.access.commits[1]).toMatchObject({ outputs: [{}], state: [{ bytes: undefined }, {}] });
  expect([...fixture.access.records.keys()]).toEqual(['head']);
  await fixture.deploy(FORWARD);
  fixture.send(9, 1);
  fixture.pass();
  expect(fixture.access.commits.at(-1)?.state).toEqual([]);
});

test('nothing is encoded for a plane that keeps no state', async () => {
  fixture.access.keepsState = false;
  await withOpenWindow();
  expect(fixture.access.commits.map(({ state }) => state)).toEqual([[]]);
});

describe('a job that failed', () => {
  test('begins where its last commit was when it is deployed again', async () => {
    await withOpenWindow();
    fixture.send(2, 'warm');
    fixture.pass();
    expect(fixture.status.phase).toBe('Failed');
    await fixture.deploy(MAXIMA, { onError: 'skip' });
    fixture.pass(10);
    expect(fixture.status).toMatchObject({ phase: 'Running', rowsIn: 3, rowsFailed: 1, stateRows: 1 });
    expect(fixture.status.message).not.toContain('anew');
    fixture.pass(10_000);
    expect(fixture.windows).toEqual(['0=2:23']);
  });

  test('waits for the commit that was under way', async () => {
    fixture.access.commitMs = 100;
    fixture.access.batchMessages = 1;
    await fixture.deploy();
    fixture.send(1, 20, 'warm');
    fixture.pass();
    expect(fixture.status.phase).toBe('Failed');
    await fixture.deploy(MAXIMA, { onError: 'skip' });
    fixture.pass(50);
    expect(fixture.status).toMatchObject({ reason: 'Recovering', rowsIn: 0 });
    fixture.pass(20_000);
    expect(fixture.windows).toEqual(['0=1:20']);
  });
});

describe('an edit', () => {
  test('that leaves windows, groups and aggregates as they are goes on with them', async () => {
    await withOpenWindow();
    await fixture.deploy(MAXIMA.replace("concat_ws(':',", "concat_ws('-',"));
    fixture.pass(10_000);
    expect(fixture.windows).toEqual(['0=2-23']);
    expect(fixture.status.message).not.toContain('anew');
  });

  test('to other windows starts anew, and says so', async () => {
    await withOpenWindow();
    const before = [...fixture.access.records.keys()];
    await fixture.deploy(MAXIMA.replace('5 seconds', '10 seconds'));
    fixture.pass(10);
    expect(fixture.status.message).toContain(
      'it was changed to other windows, groups or aggregates: windows that were open then were started anew',
    );
    expect([before.length, fixture.access.records.size]).toEqual([2, 0]);
    fixture.send(2, 30);
    fixture.pass(20_000);
    expect(fixture.windows).toEqual(['0=1:30']);
  });

  test('to no windows forgets the state', async () => {
    await withOpenWindow();
    await fixture.deploy(FORWARD);
    fixture.pass(10);
    expect(fixture.access.records.size).toBe(0);
    expect(fixture.status.message).toContain('started anew');
  });

  test('to another source forgets the state', async () => {
    await withOpenWindow();
    await fixture.deploy(MAXIMA.replace('STREAM temperature', 'STREAM other'));
    fixture.pass(10);
    expect([fixture.access.records.size, fixture.status.stateRows]).toEqual([0, 0]);
  });
});

test('a job that is deleted leaves no state to the next one of its name', async () => {
  await withOpenWindow();
  await fixture.plane.remove('job');
  expect(fixture.access.records.size).toBe(0);
  await fixture.deploy();
  fixture.pass(10_000);
  expect(fixture.windows).toEqual([]);
});

describe('state that cannot be read', () => {
  test.each([
    [
      'of a newer version',
      (head: Uint8Array) => head.fill(9, 4, 5),
      'the state has format version 9, this engine reads',
    ],
    ['that is damaged', (head: Uint8Array) => head.fill(0, 0, 1), 'these bytes are no state of a job'],
  ])('%s fails the job, which reads nothing and keeps the state', async (_, change, reason) => {
    await withOpenWindow();
    fixture.restart();
    const head = Uint8Array.from(fixture.access.records.get('head')!);
    fixture.access.records.set('head', change(Uint8Array.from(head)));
    fixture.send(2, 21);
    await fixture.deploy();
    fixture.pass(10);
    const failed = { phase: 'Failed', reason: 'StateUnreadable', message: expect.stringContaining(reason) };
    expect(fixture.status).toMatchObject(failed);
    await fixture.plane.control('job', 'resume');
    fixture.pass(10_000);
    expect(fixture.status).toMatchObject(failed);
    expect(fixture.access.waiting).toHaveLength(1);
    // As by the program that wrote it.
    fixture.access.records.set('head', head);
    await fixture.plane.control('job', 'resume');
    fixture.pass(10);
    expect(fixture.windows).toEqual(['0=3:23']);
  });

  test('in a piece is noticed too', async () => {
    await withOpenWindow();
    fixture.restart();
    const [key] = fixture.access.records.keys();
    fixture.access.records.delete(key!);
    await fixture.deploy();
    fixture.pass(10);
    expect(fixture.status).toMatchObject({ phase: 'Failed', reason: 'StateUnreadable' });
    await fixture.plane.remove('job');
    await fixture.deploy();
    fixture.pass(10);
    expect(fixture.status.phase).toBe('Running');
  });
});

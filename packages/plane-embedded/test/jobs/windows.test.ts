/** When a job's windows close, what is in them, and what pausing does to them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobFixture, START } from './job-fixture.js';

let fixture: JobFixture;
beforeEach(() => {
  fixture = JobFixture.begin();
});
afterEach(() => fixture.end());

describe('a window over time', () => {
  test('closes by the clock at its end, not before', async () => {
    await fixture.deploy();
    fixture.pass(1000);
    fixture.send(1, 20, 23, 21);
    fixture.pass(4000);
    expect(fixture.windows).toEqual([]);
    fixture.pass(1);
    expect(fixture.windows).toEqual(['0=3:23']);
  });

  test('gives nothing when it is empty', async () => {
    await fixture.deploy();
    fixture.send(0, 20);
    fixture.pass(25_000);
    fixture.send(25, 30);
    fixture.pass(60_000);
    expect(fixture.windows).toEqual(['0=1:20', '25=1:30']);
  });

  test('closes when a message of the next one comes, though the clock of the test stands still', async () => {
    await fixture.deploy();
    fixture.send(1, 20);
    fixture.send(5, 30);
    fixture.pass();
    expect(fixture.windows).toEqual(['0=1:20']);
  });

  test('is counted by status, with its end', async () => {
    await fixture.deploy();
    fixture.send(1, 20);
    fixture.pass(2000);
    expect(fixture.status).toMatchObject({
      phase: 'Running',
      reason: 'WindowOpen',
      message: 'the window that ends at 2026-11-24T10:00:05.000Z closes in 3.0 s',
      openWindows: 1,
      stateRows: 1,
      rowsIn: 1,
      rowsOut: 0,
      backlog: 0,
    });
  });
});

describe('a backlog', () => {
  test('gives every window all that belongs to it, however late it is read', async () => {
    fixture.access.batchMessages = 7;
    for (let second = 0; second < 100; second++) fixture.send(second, second, 100 + second);
    fixture.pass(3_600_000);
    await fixture.deploy();
    fixture.pass();
    const wanted = Array.from({ length: 20 }, (_, window) => `${window * 5}=10:${104 + window * 5}`);
    expect(fixture.windows).toEqual(wanted);
    expect(fixture.status.rowsLate).toBe(0);
  });

  test('is not cut short by the clock while messages wait behind a commit', async () => {
    fixture.access.batchMessages = 1;
    fixture.access.commitMs = 400;
    await fixture.deploy();
    // Read after 10:00:05 by the clock, since a commit that is refused holds the job up.
    fixture.access.refuse = (attempt) => (attempt <= 4 ? new Error('full') : undefined);
    fixture.send(1, 1);
    fixture.pass(1000);
    fixture.send(2, 2);
    fixture.send(4, 4);
    fixture.pass(60_000);
    expect(fixture.windows).toEqual(['0=3:4']);
    expect(fixture.status.rowsLate).toBe(0);
  });
});

describe('pause and resume under load', () => {
  test('every window of the time between is right', async () => {
    await fixture.deploy();
    fixture.access.commitMs = 3;
    for (let tick = 0; tick < 600; tick++) {
      if (tick === 120) await fixture.plane.control('job', 'pause');
      if (tick === 320) await fixture.plane.control('job', 'resume');
      fixture.send(tick / 10, tick, -tick);
      fixture.pass(100);
      if (tick === 319) {
        expect(fixture.status).toMatchObject({ phase: 'Paused', reason: 'Paused' });
        expect(fixture.windows.at(-1)).toBe('5=100:99');
      }
    }
    fixture.pass(5000);
    const wanted = Array.from({ length: 12 }, (_, window) => `${window * 5}=100:${window * 50 + 49}`);
    expect(fixture.windows).toEqual(wanted);
  });

  test('a pause ends by itself when a commit is under way and more waits to be committed', async () => {
    fixture.access.batchMessages = 1;
    fixture.access.commitMs = 50;
    await fixture.deploy();
    fixture.send(0, 1, 2, 3, 4);
    fixture.pass(10);
    await fixture.plane.control('job', 'pause');
    expect(fixture.access.reader?.closed).toBe(false);
    fixture.pass(1000);
    expect(fixture.access.reader?.closed).toBe(true);
    expect(fixture.access.waiting).toEqual([]);
    await fixture.plane.control('job', 'resume');
    fixture.pass(10_000);
    expect(fixture.windows).toEqual(['0=4:4']);
  });

  test('says that its last results wait while the target refuses them', async () => {
    await fixture.deploy();
    fixture.access.refuse = () => new Error('the address max is full');
    fixture.send(0, 1);
    fixture.pass(100);
    await fixture.plane.control('job', 'pause');
    fixture.pass(100);
    expect(fixture.status.phase).toBe('Paused');
    expect(fixture.status.message).toContain('the address max is full');
    fixture.access.refuse = () => undefined;
    fixture.pass(10_000);
    expect(fixture.access.reader?.closed).toBe(true);
  });

  test('a job that is deployed as paused reads nothing', async () => {
    fixture.send(0, 1);
    await fixture.deploy(undefined, { paused: true });
    fixture.pass(10_000);
    expect(fixture.access.reader).toBeUndefined();
    expect(fixture.status.phase).toBe('Paused');
    await fixture.deploy(undefined, { paused: false });
    fixture.pass(10_000);
    expect(fixture.windows).toEqual(['0=1:1']);
  });
});

test('what the source gives back after a deletion is read again by a new reader', async () => {
  await fixture.deploy();
  fixture.access.reader?.deleted();
  fixture.pass();
  expect(fixture.status).toMatchObject({ reason: 'SourceGone', message: 'the address temperature was deleted' });
  await fixture.plane.control('job', 'resume');
  fixture.send((Date.now() - START) / 1000, 5);
  fixture.pass(10_000);
  expect(fixture.windows).toEqual(['0=1:5']);
});

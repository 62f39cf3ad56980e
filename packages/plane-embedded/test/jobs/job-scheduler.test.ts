/** Turns of many jobs on one thread. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { JobScheduler, type Runnable } from '../../src/jobs/job-scheduler.js';

/** Works `left` slices of `sliceMs` each. The clock of the test moves with the work. */
class Work implements Runnable {
  wakeAtMs: number | undefined;
  readonly ran: number[] = [];
  left: number;
  private readonly sliceMs: number;

  constructor(left: number, sliceMs = 1) {
    this.left = left;
    this.sliceMs = sliceMs;
  }

  runSlice(): boolean {
    this.ran.push(performance.now());
    now += this.sliceMs;
    this.left -= 1;
    return this.left > 0;
  }
}

let now = 0;
let scheduler: JobScheduler;
beforeEach(() => {
  now = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: 0 });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  scheduler = new JobScheduler(Date.now);
});
afterEach(() => {
  scheduler.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('turns', () => {
  test('a job with much to do lets sockets be served every few milliseconds', () => {
    const long = new Work(1000);
    scheduler.ready(long);
    vi.advanceTimersToNextTimer();
    expect(long.ran.length).toBeLessThanOrEqual(5);
    expect(long.ran.length).toBeGreaterThan(0);
  });

  test('a job that just came waits for one slice of each other, not for their backlogs', () => {
    const backlogs = [new Work(500), new Work(500), new Work(500)];
    for (const backlog of backlogs) scheduler.ready(backlog);
    vi.advanceTimersToNextTimer();
    const small = new Work(1);
    scheduler.ready(small);
    const before = now;
    while (small.left > 0) vi.advanceTimersToNextTimer();
    expect(now - before).toBeLessThanOrEqual(4);
  });

  test('all get the same number of slices', () => {
    const works = Array.from({ length: 7 }, () => new Work(1000));
    for (const work of works) scheduler.ready(work);
    for (let turn = 0; turn < 100; turn++) vi.advanceTimersToNextTimer();
    const counts = works.map(({ ran }) => ran.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  test('a removed job runs no more', () => {
    const work = new Work(1000);
    scheduler.ready(work);
    vi.advanceTimersToNextTimer();
    const before = work.ran.length;
    scheduler.remove(work);
    vi.advanceTimersByTime(1000);
    expect(work.ran).toHaveLength(before);
  });
});

describe('sleep', () => {
  test('one timer wakes each job when it wants', () => {
    const sleepers = [30, 10, 20].map((at) => Object.assign(new Work(1), { wakeAtMs: at }));
    for (const sleeper of sleepers) scheduler.sleep(sleeper);
    expect(vi.getTimerCount()).toBe(1);
    const woken: number[] = [];
    for (let ms = 1; ms <= 40; ms++) {
      vi.advanceTimersByTime(1);
      for (const sleeper of sleepers)
        if (sleeper.ran.length === 1 && sleeper.wakeAtMs !== undefined) {
          woken.push(ms);
          sleeper.wakeAtMs = undefined as never;
        }
    }
    // A millisecond later than asked for: the test's clock takes one for a setImmediate within a timer.
    expect(woken).toEqual([11, 21, 31]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('an end further away than a timer reaches is waited for', () => {
    const far = 2 ** 31 + 5_000_000;
    const sleeper = Object.assign(new Work(1), { wakeAtMs: far });
    scheduler.sleep(sleeper);
    vi.advanceTimersByTime(far);
    expect(sleeper.ran).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(sleeper.ran).toHaveLength(1);
  });
});

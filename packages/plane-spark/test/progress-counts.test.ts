import { checkJob } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { ProgressCounts } from '../src/progress-counts.js';
import { report } from './fake-cluster.js';

const runId = 'run';

function counts(): ProgressCounts {
  const made = new ProgressCounts();
  made.follow(runId);
  return made;
}

describe('ProgressCounts', () => {
  it('adds batches up once, however often a report is seen', () => {
    const made = counts();
    const reports = [
      report({ runId, batchId: 0 }),
      report({ runId, batchId: 1, rows: 10, out: 1, late: 2, state: 3, waiting: 4 }),
      report({ runId, batchId: 2, rows: 5, out: 2, late: 1, state: 2 }),
    ];
    made.add(reports.slice(0, 2));
    expect(made.backlog).toBe(4);
    made.add(reports);
    made.add(reports);
    expect(made).toMatchObject({ rowsIn: 15, rowsOut: 3, rowsLate: 3, stateRows: 2, backlog: 0, lastBatch: 2 });
  });

  it('counts a batch whose number an idle report had before', () => {
    const made = counts();
    made.add([report({ runId, batchId: 0 }), report({ runId, batchId: 1, idle: true })]);
    made.add([report({ runId, batchId: 1, rows: 7 })]);
    expect(made.rowsIn).toBe(7);
  });

  it('leaves heartbeats out of the rows, whichever batch reads them', () => {
    const made = counts();
    made.add([report({ runId, batchId: 0 })]);
    made.add([report({ runId, batchId: 1, rows: 3, beats: 1 })]);
    expect(made.rowsIn).toBe(2);
    // Written, and read with the next batch.
    made.add([report({ runId, batchId: 2, rows: 0, beats: 2 })]);
    made.add([report({ runId, batchId: 3, rows: 4, beats: 2 })]);
    expect(made.rowsIn).toBe(5);
  });

  it('does not count the beats of before it looked', () => {
    const made = counts();
    made.add([report({ runId, batchId: 90, rows: 3, beats: 80 })]);
    expect(made.rowsIn).toBe(3);
  });

  it('counts on with another run', () => {
    const made = counts();
    made.add([report({ runId, batchId: 5, rows: 3 })]);
    made.follow('next');
    made.add([report({ runId, batchId: 6, rows: 100 }), report({ runId: 'next', batchId: 6, rows: 4 })]);
    expect(made.rowsIn).toBe(7);
  });

  it('knows the watermark when there is one', () => {
    const made = counts();
    made.add([report({ runId, batchId: 0, watermark: '1970-01-01T00:00:00.000Z' })]);
    expect(made.watermarkMs).toBeUndefined();
    made.add([report({ runId, batchId: 1, watermark: '2026-11-24T12:00:05.000Z' })]);
    expect(made.watermarkMs).toBe(Date.parse('2026-11-24T12:00:05.000Z'));
  });

  it('says what the source says of its connection', () => {
    const made = counts();
    made.add([report({ runId, batchId: 0, problem: 'no connection with amqp://b' })]);
    expect(made.source.problem).toBe('no connection with amqp://b');
    made.add([report({ runId, batchId: 1 })]);
    expect(made.source).toEqual({ wasConnected: true, problem: undefined, timeIs: 'accepted' });
  });

  it('bounds the open windows by the groups and by the times', () => {
    const plan = (groups: string) =>
      checkJob(`INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')${groups}`)
        .plan!;
    const made = counts();
    const watermark = '2026-11-24T12:00:00.000Z';
    made.add([report({ runId, batchId: 1, state: 40, watermark, newest: '2026-11-24T12:00:07.000Z' })]);
    expect(made.openWindows(plan(''))).toBe(40);
    expect(made.openWindows(plan(', subject'))).toBe(3);
    expect(made.openWindows(checkJob('INSERT INTO t SELECT body FROM STREAM s').plan!)).toBe(0);
  });
});

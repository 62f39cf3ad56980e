/** What a job says of itself: why it waits, why it failed, what it sent. */
import { JobError } from '@millrace/stream-engine';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeFailure } from '../../src/jobs/job-status.js';
import { JobFixture, MAXIMA, planOf } from './job-fixture.js';

let fixture: JobFixture;
beforeEach(() => {
  fixture = JobFixture.begin();
});
afterEach(() => fixture.end());

const FORWARD = 'INSERT INTO copy SELECT CAST(CAST(body AS INT) + 1 AS STRING) AS body FROM STREAM temperature';

test('nothing has arrived', async () => {
  await fixture.deploy();
  fixture.pass();
  expect(fixture.status).toMatchObject({
    phase: 'Running',
    reason: 'NothingArrived',
    message: 'nothing has arrived on temperature yet',
    source: 'temperature',
    target: 'max',
    warnings: [],
    rowsIn: 0,
  });
});

test.each([
  [1, 'it competes with one other receiver on the queue temperature: each message goes to one of them'],
  [2, 'it competes with 2 other receivers on the queue temperature: each message goes to one of them'],
])('competing with %i other receivers', async (others, warning) => {
  await fixture.deploy();
  fixture.otherReceivers = others;
  expect(fixture.status.warnings).toEqual([warning]);
});

describe('an expression that fails', () => {
  test('stops the job with reason, place in the SQL and the row', async () => {
    await fixture.deploy(FORWARD);
    fixture.send(0, '1', 'warm', '3');
    fixture.pass();
    expect(fixture.status).toMatchObject({ phase: 'Failed', reason: 'ExpressionFailed', rowsOut: 0 });
    expect(fixture.status.message).toContain("[CAST_INVALID_INPUT] 'warm' is no INT");
    expect(fixture.status.message).toContain('CAST(body AS INT)');
    expect(fixture.status.message).toContain('{"body":"warm"}');
    expect(fixture.status.message.match(/try_cast/g)).toHaveLength(1);
    expect(fixture.access.waiting).toHaveLength(3);
  });

  test('is passed over with onError: skip, and counted', async () => {
    await fixture.deploy(FORWARD);
    fixture.send(0, '1', 'warm', '3');
    fixture.pass();
    await fixture.deploy(FORWARD, { onError: 'skip' });
    fixture.pass();
    expect(fixture.status).toMatchObject({ phase: 'Running', rowsIn: 3, rowsOut: 2, rowsFailed: 1 });
    expect(fixture.access.bodies).toEqual(['2', '4']);
  });

  test('a failed job that is resumed starts anew, and says so', async () => {
    await fixture.deploy(MAXIMA);
    fixture.send(0, 1);
    fixture.pass();
    fixture.send(1, 'warm');
    fixture.pass();
    expect(fixture.status.phase).toBe('Failed');
    fixture.access.waiting.length = 0;
    await fixture.plane.control('job', 'resume');
    fixture.send(2, 3);
    fixture.pass();
    expect(fixture.status.message).toContain('it had failed: windows that were open then were started anew');
    fixture.pass(10_000);
    expect(fixture.windows).toEqual(['0=1:3']);
  });

  test('a failed job stays failed when told to pause, and starts anew when deployed again', async () => {
    await fixture.deploy(FORWARD);
    fixture.send(0, 'warm');
    fixture.pass();
    await fixture.plane.control('job', 'pause');
    expect(fixture.status.phase).toBe('Failed');
    fixture.access.waiting.length = 0;
    await fixture.deploy(FORWARD);
    fixture.send(0, '7');
    fixture.pass();
    expect(fixture.access.bodies).toEqual(['8']);
  });
});

test('a full state is no failed expression: another remedy', () => {
  const error = new JobError(
    'STATE_LIMIT_EXCEEDED',
    'the open windows hold more than 5 groups: make the window shorter',
  );
  const { reason, message } = describeFailure(error, 'SELECT 1');
  expect(reason).toBe('StateLimitExceeded');
  expect(message).not.toContain('skip');
});

test('a fault of the engine is told to the operator, and named as such', async () => {
  await fixture.deploy();
  fixture.access.reader!.oldestUnreadTime = () => {
    throw new Error('out of order');
  };
  fixture.send(0, 1);
  fixture.pass();
  expect(fixture.status).toMatchObject({ phase: 'Failed', reason: 'InternalError' });
  expect(fixture.faults.splice(0)).toEqual([new Error('out of order')]);
});

test('the last 100 results are kept, newest last', async () => {
  await fixture.deploy(FORWARD);
  fixture.send(0, ...Array.from({ length: 90 }, (_, n) => n));
  fixture.pass();
  fixture.send(0, ...Array.from({ length: 30 }, (_, n) => 1000 + n));
  fixture.pass();
  const results = fixture.plane.results('job');
  expect(results).toHaveLength(100);
  expect(results.at(-1)).toEqual({
    time: expect.stringMatching(/^2026-11-24T10:00:00\.00\dZ$/),
    address: 'copy',
    row: { body: '1030' },
  });
  expect(results[0]?.row).toEqual({ body: '21' });
  expect(fixture.plane.results('other')).toEqual([]);
});

describe('admission', () => {
  test('takes what the engine computes', () => {
    expect(fixture.plane.admit(planOf(FORWARD))).toEqual([]);
  });

  test('refuses a regular expression that is none, with its place', () => {
    const sql = "INSERT INTO t SELECT body FROM STREAM s WHERE body RLIKE '(a'";
    const [problem, ...others] = fixture.plane.admit(planOf(sql));
    expect(others).toEqual([]);
    expect(sql.slice(problem!.start, problem!.end)).toContain("'(a'");
  });
});

test('there is nothing to control where there is no job', async () => {
  await expect(fixture.plane.control('other', 'pause')).rejects.toMatchObject({ reason: 'NotFound' });
});

import { SparkConnectionError, SparkError } from '@millrace/spark-connect';
import { checkJob, type JobPlan } from '@millrace/sql';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../src/failures.js';
import { JobLoop } from '../src/job-loop.js';
import { describeJob } from '../src/job-words.js';
import { jobQuery } from '../src/submission.js';
import { FakeCluster, type FakeQuery, report } from './fake-cluster.js';

/** The loop of a job against a cluster that fails as it is told. */

const WINDOWED = "INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')";
const OTHER_WINDOWED = WINDOWED.replace('max', 'min');
const STATELESS = 'INSERT INTO t SELECT body FROM STREAM s';

function planOf(sql: string): JobPlan {
  const { plan, diagnostics } = checkJob(sql);
  if (plan === undefined) throw new Error(diagnostics[0]?.message);
  return plan;
}

function definition(sql: string) {
  const plan = planOf(sql);
  const options = { connect: 'sc://h', checkpoints: '/c', brokerUrl: 'amqp://b' };
  return { plan, query: jobQuery('j', plan, options) };
}

class FakeLink {
  cluster: FakeCluster | undefined = new FakeCluster();
  readonly problem: Failure = { reason: 'SparkNotReachable', message: 'no answer' };
  readonly lostWith: unknown[] = [];

  lost(_cluster: unknown, error: unknown): void {
    this.cluster = undefined;
    this.lostWith.push(error);
  }
}

let link: FakeLink;
let nowMs: number;
let forgotten: string[];

function newLoop(sql: string): JobLoop {
  return new JobLoop('j', definition(sql), {
    link,
    settings: {},
    now: () => nowMs,
    forgetSubscription: async (job) => {
      forgotten.push(job);
    },
    log: () => {},
  });
}

async function steps(loop: JobLoop, count = 6): Promise<void> {
  for (let step = 0; step < count; step++) nowMs += Math.min(await loop.step(), 1_000);
}

function running(): FakeQuery {
  const [query, another] = [...link.cluster!.session.active.values()];
  expect(another).toBeUndefined();
  return query!;
}

function words(loop: JobLoop) {
  return describeJob(loop, { isConnected: link.cluster !== undefined, problem: link.problem });
}

beforeEach(() => {
  link = new FakeLink();
  nowMs = 0;
  forgotten = [];
});

describe('a job without faults', () => {
  it('is started once, and is running when its first batch is done', async () => {
    const loop = newLoop(WINDOWED);
    expect(words(loop)).toMatchObject({ phase: 'Pending', reason: 'Starting' });
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(1);
    expect(words(loop)).toMatchObject({ phase: 'Pending', reason: 'ConnectingSource' });
    const query = running();
    query.reports = [report({ runId: query.runId, batchId: 0, problem: 'no connection with amqp://b' })];
    await steps(loop);
    expect(words(loop)).toMatchObject({ phase: 'Pending', reason: 'ConnectingSource' });
    query.reports = [report({ runId: query.runId, batchId: 1, idle: true })];
    await steps(loop);
    expect(words(loop)).toMatchObject({ phase: 'Running', reason: 'NothingArrived' });
    expect(query.submission).toMatchObject({ walStart: 0, walDirectory: expect.stringMatching(/^\/c\/j\/wal-/) });
  });

  it('waits while there is no session, and says why', async () => {
    const { cluster } = link;
    link.cluster = undefined;
    const loop = newLoop(WINDOWED);
    await steps(loop);
    expect(words(loop)).toMatchObject({ phase: 'Pending', reason: 'SparkNotReachable', message: 'no answer' });
    link.cluster = cluster;
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(1);
  });

  it('is stopped by pause and goes on with its checkpoint', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    const { checkpoint } = running().submission;
    loop.change(loop.definition, 'pause');
    expect(words(loop)).toMatchObject({ phase: 'Paused', reason: 'Pausing' });
    await steps(loop);
    expect(link.cluster!.session.active.size).toBe(0);
    expect(words(loop)).toMatchObject({ phase: 'Paused', reason: 'Paused' });
    loop.change(loop.definition, 'run');
    await steps(loop);
    expect(running().submission.checkpoint).toBe(checkpoint);
  });

  it('forgets everything when it is removed, and begins anew when it is declared again meanwhile', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    loop.remove();
    loop.change(definition(STATELESS), 'run');
    await steps(loop);
    expect(link.cluster!.disk.emptied).toEqual(['/c/j']);
    expect(forgotten).toEqual(['j']);
    expect(running().submission.query.statement).toBe('SELECT body FROM STREAM `millrace_189f40034be7a199` AS `s`');
    loop.remove();
    await steps(loop);
    expect(loop.state.kind).toBe('removed');
    expect(link.cluster!.session.active.size).toBe(0);
  });
});

describe('a Millrace that was started anew', () => {
  it('finds the query that runs', async () => {
    await steps(newLoop(WINDOWED));
    const query = running();
    const loop = newLoop(WINDOWED);
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(1);
    expect(loop.state).toMatchObject({ kind: 'running', query: { runId: query.runId } });
  });

  it('replaces one that runs by another text', async () => {
    await steps(newLoop(WINDOWED));
    await steps(newLoop(OTHER_WINDOWED));
    expect(link.cluster!.started).toHaveLength(2);
    expect(running().submission.query.statement).toContain('min(body)');
  });

  it('stops one that is to be paused', async () => {
    await steps(newLoop(WINDOWED));
    const loop = newLoop(WINDOWED);
    loop.wish = 'pause';
    await steps(loop);
    expect(link.cluster!.session.active.size).toBe(0);
  });
});

describe('a change of the text', () => {
  it('begins a new checkpoint for other windows, where the old one has finished', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    const before = running().submission;
    link.cluster!.disk.checkpoints.set(before.checkpoint, { finishedBatch: 7, sequence: 42 });
    loop.change(definition(OTHER_WINDOWED), 'run');
    expect(words(loop).phase).toBe('Pending');
    await steps(loop);
    const { checkpoint, walStart, walDirectory } = running().submission;
    expect(checkpoint).toMatch(/^\/c\/j\/0002-/);
    expect(walStart).toBe(42);
    expect(walDirectory).toBe(before.walDirectory);
    const query = running();
    query.reports = [report({ runId: query.runId, batchId: 0 })];
    await steps(loop);
    expect(words(loop).message).toContain('windows that were open then were started anew');
  });

  it('never goes back to an older checkpoint: its place in the log is gone', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    link.cluster!.disk.checkpoints.set(running().submission.checkpoint, { finishedBatch: 7, sequence: 42 });
    loop.change(definition(OTHER_WINDOWED), 'run');
    await steps(loop);
    // The second one was stopped before it had a batch.
    loop.change(definition(WINDOWED), 'run');
    await steps(loop);
    expect(running().submission.checkpoint).toMatch(/^\/c\/j\/0003-/);
    expect(running().submission.walStart).toBe(42);
  });

  it('keeps the checkpoint of a job without state', async () => {
    const loop = newLoop(STATELESS);
    await steps(loop);
    const { checkpoint } = running().submission;
    loop.change(definition(STATELESS.replace('body FROM', 'upper(body) AS body FROM')), 'run');
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(2);
    expect(running().submission.checkpoint).toBe(checkpoint);
  });

  it('has another log for another source, and ends the old subscription', async () => {
    const loop = newLoop(STATELESS);
    await steps(loop);
    const before = running().submission;
    loop.change(definition(STATELESS.replace('STREAM s', 'STREAM r')), 'run');
    await steps(loop);
    expect(running().submission.walDirectory).not.toBe(before.walDirectory);
    expect(running().submission.walStart).toBe(0);
    expect(forgotten).toEqual(['j']);
  });
});

describe('faults', () => {
  const gone = new SparkConnectionError('14 UNAVAILABLE', { status: 'UNAVAILABLE', attempts: 3 });

  it('of the connection: the session is given back, and the query found again', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    const { session, disk } = link.cluster!;
    const query = running();
    const { look } = query;
    query.look = async () => {
      throw gone;
    };
    await steps(loop);
    expect(link.lostWith).toEqual([gone]);
    query.look = look;
    link.cluster = new FakeCluster(session, disk);
    await steps(loop);
    expect(link.cluster.started).toHaveLength(0);
    expect(loop.isAsWished).toBe(true);
  });

  it('of the server, started anew: submitted again with the same checkpoint', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    const { disk } = link.cluster!;
    const { checkpoint } = running().submission;
    link.cluster = new FakeCluster(undefined, disk);
    await steps(loop);
    expect(running().submission.checkpoint).toBe(checkpoint);
  });

  it('a lost answer to start: the query that it started is found, and no second one begun', async () => {
    link.cluster!.startFailure = { error: gone, late: true };
    const loop = newLoop(WINDOWED);
    const { cluster } = link;
    await steps(loop);
    link.cluster = cluster;
    await steps(loop);
    expect(cluster!.started).toHaveLength(1);
    expect(loop.isAsWished).toBe(true);
  });

  it('of a row: failed with the condition, until the text changes or it is told to go on', async () => {
    const loop = newLoop(STATELESS);
    await steps(loop);
    const message = '[CAST_INVALID_INPUT] The value \'x\' of the type "STRING" cannot be cast';
    running().fail(new SparkError(message, { errorClass: 'CAST_INVALID_INPUT' }));
    await steps(loop);
    expect(words(loop)).toEqual({ phase: 'Failed', reason: 'CastInvalidInput', message });
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(1);
    loop.change(loop.definition, 'run');
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(2);
  });

  it('of the broker: tried again, each time later', async () => {
    const loop = newLoop(STATELESS);
    await steps(loop, 3);
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      running().fail(new Error('amqp: no connection with amqp://b: Connection refused'));
      const delayMs = await loop.step();
      waits.push(delayMs);
      expect(words(loop)).toMatchObject({ phase: 'Pending', reason: 'BrokerNotReachable' });
      nowMs += delayMs;
      await steps(loop, 2);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it('a query that somebody stopped is begun again', async () => {
    const loop = newLoop(STATELESS);
    await steps(loop);
    await running().stop();
    await steps(loop, 1);
    expect(words(loop)).toMatchObject({ phase: 'Pending', reason: 'Stopped' });
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(2);
  });

  it('state of another shape: a new checkpoint', async () => {
    const loop = newLoop(WINDOWED);
    await steps(loop);
    running().fail(new SparkError('x', { errorClass: 'STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE' }));
    await steps(loop);
    expect(running().submission.checkpoint).toMatch(/^\/c\/j\/0002-/);
    await steps(loop);
    expect(link.cluster!.started).toHaveLength(2);
  });

  it('a server without the connector: failed, until there is another server', async () => {
    const error = new SparkError('[DATA_SOURCE_NOT_FOUND] Failed to find the data source: amqp', {
      errorClass: 'DATA_SOURCE_NOT_FOUND',
    });
    link.cluster!.startFailure = { error, late: false };
    const loop = newLoop(WINDOWED);
    await steps(loop);
    expect(words(loop)).toMatchObject({ phase: 'Failed', reason: 'ConnectorMissing' });
    expect(words(loop).message).toContain('--jars');
    expect(link.cluster!.started).toHaveLength(0);
    link.cluster = new FakeCluster();
    await steps(loop);
    expect(link.cluster.started).toHaveLength(1);
  });
});

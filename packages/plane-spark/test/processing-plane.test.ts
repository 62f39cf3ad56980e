import type { JobSpec } from '@millrace/contract';
import { checkJob } from '@millrace/sql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SparkProcessingPlane } from '../src/index.js';
import { FakeCluster, report } from './fake-cluster.js';

/** The port, with its loops running, on a cluster that does as it is told. */

const SQL = "INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')";
const { plan } = checkJob(SQL);
const spec: JobSpec = { sql: SQL, onError: 'fail', paused: false };

let cluster: FakeCluster;
let plane: SparkProcessingPlane;
let lines: string[];

beforeEach(() => {
  vi.useFakeTimers();
  cluster = new FakeCluster();
  lines = [];
  plane = newPlane();
});

afterEach(async () => {
  const closed = plane.close();
  await vi.advanceTimersByTimeAsync(5_000);
  await closed;
  vi.useRealTimers();
});

function newPlane(): SparkProcessingPlane {
  return new SparkProcessingPlane(
    {
      connect: 'sc://spark',
      checkpoints: '/c',
      log: (line) => lines.push(line),
      observeQueue: () => ({ stored: 3, receivers: 2 }),
    },
    { open: async () => cluster },
  );
}

const settle = (ms = 3_000) => vi.advanceTimersByTimeAsync(ms);
const active = () => [...cluster.session.active.keys()];

describe('SparkProcessingPlane', () => {
  it('begins what was deployed when it knows the broker', async () => {
    await plane.deploy('j', spec, plan!);
    await settle();
    expect(plane.observe('j')).toMatchObject({ phase: 'Pending', reason: 'Connecting', source: 's', target: 't' });
    plane.start('amqp://broker:5672');
    await settle();
    expect(active()).toEqual(['millrace-j']);
    const [query] = cluster.started;
    expect(query!.submission.query.source).toMatchObject({ url: 'amqp://broker:5672', address: 's' });
    query!.reports = [report({ runId: query!.runId, batchId: 1, rows: 4, out: 1, waiting: 2, state: 1 })];
    await settle();
    expect(plane.observe('j')).toMatchObject({ phase: 'Running', rowsIn: 4, rowsOut: 1, backlog: 5, stateRows: 1 });
    expect(plane.observe('j')!.warnings).toEqual([
      'it competes with one other receiver on the queue s: each message goes to one of them',
    ]);
  });

  it('begins one query, however often it is deployed', async () => {
    plane.start('amqp://b');
    for (let time = 0; time < 5; time++) await plane.deploy('j', spec, plan!);
    await settle();
    await plane.deploy('j', spec, plan!);
    await settle();
    expect(cluster.started).toHaveLength(1);
  });

  it('deploys a paused job without a query', async () => {
    plane.start('amqp://b');
    await plane.deploy('j', { ...spec, paused: true }, plan!);
    await settle();
    expect(cluster.started).toEqual([]);
    expect(plane.observe('j')).toMatchObject({ phase: 'Paused', reason: 'Paused' });
    await plane.control('j', 'resume');
    await settle();
    expect(active()).toEqual(['millrace-j']);
  });

  it('shows a removed job no more, and stops its query', async () => {
    plane.start('amqp://b');
    await plane.deploy('j', spec, plan!);
    await settle();
    await plane.remove('j');
    expect(plane.observe('j')).toBeUndefined();
    await expect(plane.control('j', 'pause')).rejects.toMatchObject({ reason: 'NotFound' });
    await settle();
    expect(active()).toEqual([]);
    expect(cluster.disk.emptied).toEqual(['/c/j']);
    await plane.deploy('j', spec, plan!);
    await settle();
    expect(active()).toEqual(['millrace-j']);
  });

  it('stops queries that no job asks for, and no others', async () => {
    plane.start('amqp://b');
    await plane.deploy('old', spec, plan!);
    await plane.deploy('kept', spec, plan!);
    await settle();
    const before = plane.close();
    await settle();
    await before;
    expect(active()).toEqual(['millrace-old', 'millrace-kept']);
    plane = newPlane();
    await plane.deploy('kept', spec, plan!);
    plane.start('amqp://b');
    await settle();
    expect(active()).toEqual(['millrace-kept']);
    expect(cluster.started).toHaveLength(2);
    expect(lines).toContain('spark: stopped the query millrace-old');
  });

  it('stops its queries at the end where that is wished', async () => {
    plane.start('amqp://b');
    await plane.deploy('j', spec, plan!);
    await settle();
    const closed = plane.close({ queries: 'stop' });
    await settle();
    await closed;
    expect(active()).toEqual([]);
    expect(cluster.disk.emptied).toEqual([]);
    expect(cluster.disconnected).toBe(true);
  });

  it('does not wait at its end for a Spark that does not answer', async () => {
    plane.start('amqp://b');
    await plane.deploy('j', spec, plan!);
    await settle();
    cluster.started[0]!.look = () => new Promise(() => {});
    await settle();
    let isClosed = false;
    const closed = plane.close().then(() => {
      isClosed = true;
    });
    await settle();
    await closed;
    expect(isClosed).toBe(true);
  });
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SparkSession, type StreamingQuery } from '@millrace/spark-connect';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SparkServer } from '../../../spark-connect/test/integration/spark-server.js';
import { sessionId } from '../../src/cluster-link.js';
import { Millrace, until, windowBegins } from './millrace.js';

/** The life of jobs on a real Spark: one server for all, and one Millrace after the other. */

const CONNECTOR = join(import.meta.dirname, '../../../../connectors/spark-amqp/target/spark-amqp-0.1.0.jar');

const MAIN_JOB = `
  INSERT INTO max
  SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
         map('window_start', CAST(window.start AS STRING), 'window_end', CAST(window.end AS STRING),
             'readings', CAST(count(*) AS STRING)) AS properties
  FROM STREAM temperature
  GROUP BY window(time, '5 seconds')`;

let spark: SparkServer;
let folder: string;
let millrace: Millrace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-spark-'));
  spark = await SparkServer.start({
    'spark.jars': CONNECTOR,
    'spark.connect.session.manager.defaultSessionTimeout': '-1',
  });
  millrace = await start();
});

afterAll(async () => {
  await millrace?.close();
  await spark?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function start(amqpPort?: number): Promise<Millrace> {
  return Millrace.start({
    connect: `sc://127.0.0.1:${spark.port}`,
    checkpoints: join(folder, 'checkpoints'),
    dataDirectory: join(folder, 'data'),
    ...(amqpPort === undefined ? {} : { amqpPort }),
  });
}

const MAIN = 'max-temperature';

async function rowsIn(job: string, count: number): Promise<void> {
  await until(`${count} rows of ${job}`, 60_000, async () => {
    const { statistics } = await millrace.status(job);
    return Number(statistics?.rowsIn) >= count ? true : undefined;
  });
}

/** The checkpoints of a job, as they lie on the disk. */
function checkpoints(job: string): string[] {
  const directory = join(folder, 'checkpoints', job);
  return existsSync(directory) ? readdirSync(directory).filter((name) => /^\d/.test(name)) : [];
}

function queryId(job: string): string {
  const newest = checkpoints(job).toSorted().at(-1)!;
  return JSON.parse(readFileSync(join(folder, 'checkpoints', job, newest, 'metadata'), 'utf8')).id;
}

/** `readings` sent within one window: its result as body and count. */
async function resultOf(readings: readonly (string | number)[]): Promise<readonly (string | undefined)[]> {
  await millrace.purge('max');
  await windowBegins(5_000);
  await millrace.send('temperature', ...readings);
  const [result] = await millrace.arrived('max', 1);
  return [result?.body, result?.properties.readings];
}

describe('a job on Spark', () => {
  it('gives the maximum of each window, the last one of an idle source too', async () => {
    await millrace.queue('temperature');
    await millrace.queue('max');
    await millrace.job(MAIN, MAIN_JOB);
    await millrace.phase(MAIN, 'Running');
    await windowBegins(5_000);
    await millrace.send('temperature', 18, 22, 20, 'no number');
    await sleep(5_000);
    await windowBegins(5_000);
    await millrace.send('temperature', 7, 9);
    const [first, second] = await millrace.arrived('max', 2);
    expect([first?.body, first?.properties.readings]).toEqual(['22', '4']);
    expect([second?.body, second?.properties.readings]).toEqual(['9', '2']);
    await rowsIn(MAIN, 6);
    const { statistics } = await until('all results', 20_000, async () => {
      const status = await millrace.status(MAIN);
      return status.statistics?.rowsOut === 2 ? status : undefined;
    });
    expect(statistics).toMatchObject({ rowsIn: 6, rowsOut: 2, rowsLate: 0, rowsFailed: 0, backlog: 0 });
  });

  it('pauses with its state, and goes on with it', async () => {
    await millrace.purge('max');
    await windowBegins(5_000);
    await millrace.send('temperature', 30, 31);
    await rowsIn(MAIN, 8);
    await millrace.control(MAIN, 'pause');
    await until('a paused job', 60_000, async () =>
      (await millrace.ready(MAIN)).reason === 'Paused' ? true : undefined,
    );
    await millrace.send('temperature', 1);
    expect(await millrace.browse('temperature')).toHaveLength(1);
    await millrace.control(MAIN, 'resume');
    await millrace.phase(MAIN, 'Running');
    // The two of before the pause were computed then; their window is the checkpoint's.
    const results = await until('both windows', 60_000, async () => {
      const found = await millrace.browse('max');
      const readings = found.reduce((sum, { properties }) => sum + Number(properties.readings), 0);
      return readings === 3 ? found : undefined;
    });
    expect(results[0]?.body).toBe('31');
    expect(checkpoints(MAIN)).toHaveLength(1);
  });

  it('goes on with its query after Millrace was started anew, and begins no second one', async () => {
    const id = queryId(MAIN);
    const { amqpPort } = millrace;
    await millrace.close();
    millrace = await start(amqpPort);
    await millrace.phase(MAIN, 'Running');
    expect(await resultOf([41, 40])).toEqual(['41', '2']);
    expect(queryId(MAIN)).toBe(id);
    expect(await runsOf(id)).toBe(1);
  });

  it('takes up a changed text where the old one was, and loses nothing that was taken', async () => {
    await millrace.purge('max');
    await millrace.job(MAIN, MAIN_JOB.replace('max(try_cast', 'min(try_cast'));
    await millrace.phase(MAIN, 'Running');
    await until('another checkpoint', 60_000, async () => (checkpoints(MAIN).length === 2 ? true : undefined));
    expect(await resultOf([5, 6])).toEqual(['5', '2']);
  });

  it('says why it failed, by the condition of Spark, and goes on behind it when it was mended', async () => {
    await millrace.queue('numbers');
    await millrace.queue('doubled');
    const sql = (cast: string) =>
      `INSERT INTO doubled SELECT CAST(${cast}(body AS INT) * 2 AS STRING) AS body FROM STREAM numbers`;
    await millrace.job('doubler', sql('CAST'));
    await millrace.phase('doubler', 'Running');
    await millrace.send('numbers', 4);
    expect((await millrace.arrived('doubled', 1))[0]?.body).toBe('8');
    await millrace.send('numbers', 'four');
    await millrace.phase('doubler', 'Failed');
    const { reason, message } = await millrace.ready('doubler');
    expect(reason).toBe('CastInvalidInput');
    expect(message).toContain('CAST_INVALID_INPUT');
    expect(message).toContain("'four'");
    await millrace.send('numbers', 5);
    await millrace.job('doubler', sql('try_cast'));
    const results = await millrace.arrived('doubled', 3);
    expect(results.map(({ body }) => body)).toEqual(['8', '', '10']);
    expect(checkpoints('doubler')).toHaveLength(1);
  });

  it('reads a topic by a subscription of its own, and its rows know their address', async () => {
    await millrace.topic('devices/a/temperature');
    await millrace.queue('hot');
    await millrace.job(
      'hot',
      'INSERT INTO hot SELECT concat(address, body) AS body FROM STREAM `devices/+/temperature`',
    );
    await millrace.phase('hot', 'Running');
    await millrace.send('devices/a/temperature', 30);
    expect((await millrace.arrived('hot', 1))[0]?.body).toBe('devices/a/temperature30');
    await millrace.control('hot', 'pause');
    await until('a paused job', 60_000, async () =>
      (await millrace.ready('hot')).reason === 'Paused' ? true : undefined,
    );
    await millrace.send('devices/a/temperature', 31);
    await millrace.control('hot', 'resume');
    expect((await millrace.arrived('hot', 2))[1]?.body).toBe('devices/a/temperature31');
  });

  it('is submitted again after the Connect server was killed: the same query, from its checkpoint', async () => {
    const id = queryId(MAIN);
    await millrace.purge('max');
    await spark.kill();
    await until('a job that waits for Spark', 60_000, async () => {
      const { reason } = await millrace.ready(MAIN);
      return reason === 'SparkNotReachable' ? true : undefined;
    });
    await millrace.send('temperature', 77);
    await spark.run();
    await millrace.phase(MAIN, 'Running');
    const results = await until('the reading of the time between', 90_000, async () => {
      const found = await millrace.browse('max');
      return found.some(({ body }) => body === '77') ? found : undefined;
    });
    expect(results.filter(({ body }) => body === '77')).toHaveLength(1);
    expect(queryId(MAIN)).toBe(id);
  });

  it('is forgotten when it is removed', async () => {
    await millrace.delete(MAIN);
    await until('no checkpoint', 60_000, async () => (checkpoints(MAIN).length === 0 ? true : undefined));
    await millrace.send('temperature', 1);
    expect(await millrace.browse('temperature')).toHaveLength(1);
  });

  it('is stopped by a server that knows it no more, and at the end of one that is told to', async () => {
    expect(await running()).toEqual(expect.arrayContaining(['millrace-doubler', 'millrace-hot']));
    await millrace.close();
    expect(await running()).toContain('millrace-doubler');
    // No data directory: it has no documents.
    const connect = `sc://127.0.0.1:${spark.port}`;
    millrace = await Millrace.start({ connect, checkpoints: join(folder, 'checkpoints'), whenClosed: 'stop' });
    await until('no query', 60_000, async () => ((await running()).length === 0 ? true : undefined));
    await millrace.queue('numbers');
    await millrace.queue('doubled');
    await millrace.job('doubler', 'INSERT INTO doubled SELECT body FROM STREAM numbers');
    await millrace.phase('doubler', 'Running');
    expect(await running()).toEqual(['millrace-doubler']);
    await millrace.close();
    expect(await running()).toEqual([]);
  });
});

async function runsOf(id: string): Promise<number> {
  return (await activeQueries()).filter((query) => query.id === id).length;
}

async function running(): Promise<(string | undefined)[]> {
  return (await activeQueries()).map(({ name }) => name).toSorted();
}

/** As a client sees it that is nobody's. */
async function activeQueries(): Promise<readonly StreamingQuery[]> {
  const session = await SparkSession.connect(`sc://127.0.0.1:${spark.port}`, {
    userId: 'millrace',
    sessionId: sessionId(join(folder, 'checkpoints'), 0),
  });
  const active = await session.streams.active();
  await session.disconnect();
  return active;
}

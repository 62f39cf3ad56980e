import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SparkServer } from '../../../spark-connect/test/integration/spark-server.js';
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

async function bodies(address: string, count: number): Promise<string[]> {
  return (await millrace.arrived(address, count)).map(({ body }) => body);
}

describe('a job on Spark', () => {
  it('gives the maximum of each window, the last one of an idle source too', async () => {
    await millrace.queue('temperature');
    await millrace.queue('max');
    await millrace.job('max-temperature', MAIN_JOB);
    await millrace.phase('max-temperature', 'Running');
    await windowBegins(5_000);
    await millrace.send('temperature', 18, 22, 20, 'no number');
    await windowBegins(5_000);
    await millrace.send('temperature', 7, 9);
    const [first, second] = await millrace.arrived('max', 2);
    expect([first?.body, first?.properties.readings]).toEqual(['22', '4']);
    expect([second?.body, second?.properties.readings]).toEqual(['9', '2']);
    const { statistics } = await until('counted rows', 20_000, async () => {
      const status = await millrace.status('max-temperature');
      return Number(status.statistics?.rowsIn) >= 6 ? status : undefined;
    });
    expect(statistics).toMatchObject({ rowsIn: 6, rowsOut: 2, rowsLate: 0, backlog: 0 });
  });
});

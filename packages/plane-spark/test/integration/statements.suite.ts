import { join } from 'node:path';
import { SparkSession } from '@millrace/spark-connect';
import { needsHeartbeats, sparkStatement } from '@millrace/sql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SparkServer } from '../../../spark-connect/test/integration/spark-server.js';
import { goldenQueries, run } from '../../../sql/test/harness.js';
import { HEARTBEAT_COLUMN } from '../../src/submission.js';

/** Every text of the SQL tests as Spark gets it: Spark takes the text, and finds as many columns as the checker. */

const CONNECTOR = join(import.meta.dirname, '../../../../connectors/spark-amqp/target/spark-amqp-0.1.0.jar');

let spark: SparkServer;
let session: SparkSession;

beforeAll(async () => {
  spark = await SparkServer.start({ 'spark.jars': CONNECTOR });
  session = await SparkSession.connect(spark.url);
  const source = session.readStream.format('amqp').option('address', 'any');
  await source.load().createOrReplaceTempView('plain');
  await source
    .option('heartbeatInterval', '1 second')
    .load()
    .select('* EXCEPT (heartbeat)', `heartbeat AS ${HEARTBEAT_COLUMN}`)
    .createOrReplaceTempView('beating');
});

afterAll(async () => {
  await session?.stop();
  await spark?.stop();
});

const jobs = goldenQueries().flatMap((query) => {
  const { plan } = query.errors === undefined ? run(query) : {};
  // Schema columns are refused by the plane.
  if (plan === undefined || Object.keys(query.catalogue.columns ?? {}).length > 0) return [];
  return [{ name: query.name, plan }];
});

it('has jobs to show', () => {
  expect(jobs.length).toBeGreaterThan(50);
});

it.each(jobs)('$name', async ({ plan }) => {
  const view = needsHeartbeats(plan) ? 'beating' : 'plain';
  const { text } = sparkStatement(plan, { view, heartbeatColumn: HEARTBEAT_COLUMN });
  const { fields } = await (await session.sql(text)).schema();
  expect(fields).toHaveLength(plan.root.output.length);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SparkServer } from '../../../spark-connect/test/integration/spark-server.js';
import { Millrace, type StoredMessage, until, windowBegins } from './millrace.js';

/** The same documents and the same messages on Millrace's own engine and on Spark: the same rows come out. */

const CONNECTOR = join(import.meta.dirname, '../../../../connectors/spark-amqp/target/spark-amqp-0.1.0.jar');
const BODY = "get_json_object(body, '$.celsius')";
const CELSIUS = `CAST(${BODY} AS DOUBLE)`;
const DEVICE = "get_json_object(body, '$.device')";
const AT = "WATERMARK to_timestamp(get_json_object(body, '$.at')) AS at DELAY OF INTERVAL 5 SECONDS";

/** Name → the job's SELECT; each reads the topic `readings` and writes to a queue of its own. */
const JOBS: Readonly<Record<string, string>> = {
  copy: 'SELECT body FROM STREAM readings',
  filter: `SELECT body FROM STREAM readings WHERE ${CELSIUS} > 20`,
  json: `SELECT ${DEVICE} AS device, ${CELSIUS} AS celsius, ${CELSIUS} * 9 / 5 + 32 AS fahrenheit FROM STREAM readings`,
  text: `SELECT concat(upper(${DEVICE}), ':', lpad(${BODY}, 8, '0')) AS body FROM STREAM readings`,
  properties: `SELECT body, map('device', ${DEVICE}, 'hot', CAST(${CELSIUS} > 20 AS STRING)) AS properties FROM STREAM readings`,
  case: `SELECT CASE WHEN ${CELSIUS} > 25 THEN 'hot' WHEN ${CELSIUS} > 15 THEN 'mild' ELSE 'cold' END AS body FROM STREAM readings`,
  decimal: `SELECT CAST(CAST(${BODY} AS DECIMAL(8, 3)) * 1.10 AS STRING) AS body FROM STREAM readings`,
  times:
    "SELECT date_format(to_timestamp(get_json_object(body, '$.at')), 'yyyy-MM-dd HH:mm') AS body FROM STREAM readings",
  subquery: `SELECT concat(d, '!') AS body FROM (SELECT ${DEVICE} AS d, ${CELSIUS} AS c FROM STREAM readings) WHERE c < 30`,
  maximum: `SELECT max(${CELSIUS}) AS maximum, count(*) AS n FROM STREAM readings GROUP BY window(time, '10 seconds')`,
  groups: `SELECT ${DEVICE} AS device, avg(${CELSIUS}) AS average, min(body) AS least FROM STREAM readings GROUP BY window(time, '10 seconds'), ${DEVICE}`,
  having: `SELECT ${DEVICE} AS device, sum(${CELSIUS}) AS total FROM STREAM readings GROUP BY window(time, '10 seconds'), ${DEVICE} HAVING count(*) > 2`,
  filtered: `SELECT count(*) FILTER (WHERE ${CELSIUS} > 20) AS hot, count_if(${DEVICE} = 'b') AS b, count(${BODY}) AS n FROM STREAM readings WHERE body <> '{}' GROUP BY window(time, '10 seconds')`,
  sliding: `SELECT max(${CELSIUS}) AS maximum FROM STREAM readings GROUP BY window(time, '20 seconds', '10 seconds')`,
  nested: `SELECT d AS device, max(c) AS maximum FROM (SELECT time, ${DEVICE} AS d, ${CELSIUS} AS c FROM STREAM readings WHERE body <> '{}') WHERE c > 0 GROUP BY window(time, '10 seconds'), d`,
  event: `SELECT CAST(window.start AS STRING) AS start, count(*) AS n, max(${CELSIUS}) AS maximum FROM STREAM readings ${AT} GROUP BY window(at, '1 minute')`,
};
const NAMES = Object.keys(JOBS);

const MESSAGES: readonly string[] = [
  ...Array.from({ length: 9 }, (_, index) =>
    JSON.stringify({ device: 'abc'[index % 3], celsius: 12.5 + index * 2.25, at: `2026-11-24T12:0${index}:30Z` }),
  ),
  '{}',
];

let folder: string;
let spark: SparkServer;
let ours: Millrace;
let theirs: Millrace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-equal-'));
  spark = await SparkServer.start({ 'spark.jars': CONNECTOR });
  ours = await Millrace.start();
  theirs = await Millrace.start({ connect: `sc://127.0.0.1:${spark.port}`, checkpoints: join(folder, 'checkpoints') });
  for (const millrace of [ours, theirs]) {
    await millrace.topic('readings');
    for (const name of NAMES) {
      await millrace.queue(`to-${name}`);
      await millrace.job(name, `INSERT INTO \`to-${name}\` ${JOBS[name]}`);
    }
    for (const name of NAMES) await millrace.phase(name, 'Running', 400_000);
  }
  await windowBegins(10_000);
  await Promise.all([ours.send('readings', ...MESSAGES), theirs.send('readings', ...MESSAGES)]);
}, 600_000);

afterAll(async () => {
  await Promise.all([ours?.close(), theirs?.close()]);
  await spark?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function rows(messages: readonly StoredMessage[]): readonly string[] {
  return messages.map(({ body, properties }) => `${body} ${JSON.stringify(properties)}`).toSorted();
}

it.each(NAMES)('%s', async (name) => {
  // The embedded engine has all results when the second of the sliding windows is over.
  const complete = await until('all results', 60_000, async () => {
    const { statistics } = await ours.status(name);
    const isWindowed = JOBS[name]!.includes('window(time');
    const done = isWindowed ? statistics?.openWindows === 0 : true;
    return done && Number(statistics?.rowsIn) === MESSAGES.length ? await ours.browse(`to-${name}`) : undefined;
  });
  expect(complete.length).toBeGreaterThan(0);
  const found = await theirs.arrived(`to-${name}`, complete.length, 240_000);
  expect(rows(found)).toEqual(rows(complete));
});

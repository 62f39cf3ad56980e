/** Runs the documents on both engines and compares what they sent: see run.mjs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type MessageSchema, parseDocuments } from '@millrace/contract';
import { loadSparkSqlCheck } from '@millrace/controller';
import { SparkProcessingPlane } from '@millrace/plane-spark';
import { type RunningServer, startServer } from '@millrace/server';
import { SparkServer } from '../../packages/spark-connect/test/integration/spark-server.js';
import { type ComparedJob, comparedJobs, jobDocument, jobName, sqlFor, targetDocuments } from './documents.js';
import { sendAll } from './messages.js';
import { differences, resultsOf } from './results.js';

/** Longer than the longest window over `time`, so that each job sees several. */
const SPREAD_MS = 14_000;
const CONNECT_MS = 120_000;
const SETTLE_MS = 90_000;
/** Results that have not changed for so long are all there. */
const QUIET_MS = 6_000;
const SHOWN_LINES = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    embedded: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    patience: { type: 'string', default: '1' },
  },
});
const patience = Number(values.patience);

const began = Date.now();
function say(text: string): void {
  console.log(`engines: ${((Date.now() - began) / 1000).toFixed(0).padStart(3)} s  ${text}`);
}

function portOf(server: RunningServer, name: string): number {
  const endpoint = server.endpoints.find((one) => one.name === name);
  if (endpoint === undefined) throw new Error(`there is no ${name} listener`);
  return endpoint.port;
}

async function addresses(): Promise<readonly object[]> {
  const { documents, faults } = await parseDocuments(readFileSync(new URL('addresses.yaml', import.meta.url), 'utf8'));
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  return documents.map(({ document }) => document);
}

/** Jobs on Spark, over the addresses of a server whose own jobs are on the other engine. */
async function openSpark(server: RunningServer, jobs: readonly ComparedJob[], declared: readonly object[]) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-engines-'));
  const spark = await SparkServer.start({
    'spark.jars': process.env.SPARK_AMQP_JAR ?? '',
    'spark.connect.session.manager.defaultSessionTimeout': '-1',
    // So many queries compute little and are planned often: compiling each of their plans would be most of the work.
    'spark.sql.codegen.wholeStage': 'false',
  });
  say('Spark is there');
  const plane = new SparkProcessingPlane({
    connect: `sc://127.0.0.1:${spark.port}`,
    checkpoints: join(folder, 'checkpoints'),
    triggerMs: 1000,
    shufflePartitions: 1,
    isTopic: () => true,
    log: (text) => say(text),
  });
  const close = async (): Promise<void> => {
    await plane.close({ queries: 'stop' }).catch((error: Error) => say(error.message));
    await spark.stop();
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  };
  try {
    plane.start(`amqp://127.0.0.1:${portOf(server, 'amqp')}`);
    const schemas = new Map(
      declared.flatMap((document) => {
        const { metadata, spec } = document as { metadata: { name: string }; spec: { schema?: MessageSchema } };
        return spec.schema === undefined ? [] : [[metadata.name, spec.schema] as const];
      }),
    );
    const check = await loadSparkSqlCheck();
    for (const job of jobs) {
      const sql = sqlFor('spark', job);
      const checked = check(sql, schemas);
      if (!checked.ok) throw new Error(`${job.name}: ${checked.faults[0]?.message}`);
      const [limit] = plane.admit(checked.plan);
      if (limit !== undefined) throw new Error(`${job.name}: ${limit.message}`);
      await plane.deploy(jobName('spark', job), { sql, onError: 'fail', paused: false }, checked.plan);
    }
    await connected(plane, jobs);
  } catch (error) {
    await close();
    throw error;
  }
  return { plane, close };
}

async function connected(plane: SparkProcessingPlane, jobs: readonly ComparedJob[]): Promise<void> {
  const until = Date.now() + CONNECT_MS * patience;
  let waiting = jobs;
  while (waiting.length > 0) {
    waiting = waiting.filter((job) => plane.observe(jobName('spark', job))?.phase !== 'Running');
    if (waiting.length > 0 && Date.now() > until) {
      const said = waiting.map((job) => `${job.name}: ${plane.observe(jobName('spark', job))?.message}`);
      throw new Error(`jobs on Spark do not run: ${said.join('; ')}`);
    }
    await sleep(250);
  }
  say('all jobs on Spark read their sources');
}

type Engines = readonly ('embedded' | 'spark')[];

/** Until both sent as much, or the time for it is over. */
async function settled(http: string, engines: Engines, jobs: readonly ComparedJob[]) {
  const until = Date.now() + SETTLE_MS * patience;
  let last = '';
  let since = Date.now();
  for (;;) {
    const results = await Promise.all(
      jobs.map((job) => Promise.all(engines.map((engine) => resultsOf(http, engine, job)))),
    );
    const state = JSON.stringify(results);
    if (state !== last) since = Date.now();
    last = state;
    const equal = results.every(([left, right]) => right === undefined || left?.length === right.length);
    // Windows over time end by the clock: what is equal now may still grow, on both.
    if ((equal && Date.now() - since >= QUIET_MS) || Date.now() > until) return results;
    await sleep(1000);
  }
}

async function phaseOf(http: string, job: ComparedJob): Promise<string> {
  const response = await fetch(`${http}/v1/jobs/${jobName('embedded', job)}`);
  return ((await response.json()) as { status: { phase: string } }).status.phase;
}

function shown(lines: readonly string[], mark: string): void {
  for (const one of lines.slice(0, SHOWN_LINES)) console.log(`       ${mark} ${one.slice(0, 400)}`);
  if (lines.length > SHOWN_LINES) console.log(`       ${mark} … and ${lines.length - SHOWN_LINES} more`);
}

function judge(job: ComparedJob, embedded: readonly string[], spark: readonly string[]): boolean {
  const [only, missing] = differences(embedded, spark);
  const passed = only.length === 0 && missing.length === 0 && embedded.length > 0;
  const nothing = embedded.length === 0 ? ': nothing was sent' : '';
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${job.name}: ${embedded.length} and ${spark.length} messages${nothing}`);
  shown(only, 'embedded');
  shown(missing, 'spark   ');
  return passed;
}

async function main(): Promise<void> {
  const jobs = comparedJobs(positionals);
  const declared = await addresses();
  const server = await startServer({ amqpPort: 0, mqttPort: 0, httpPort: 0, log: (text) => say(text) });
  const engines: Engines = values.embedded ? ['embedded'] : ['embedded', 'spark'];
  const http = `http://127.0.0.1:${portOf(server, 'http')}`;
  let spark: Awaited<ReturnType<typeof openSpark>> | undefined;
  let failed = 0;
  try {
    const targets = jobs.flatMap((job) => engines.flatMap((engine) => targetDocuments(engine, job)));
    await server.apply([...declared, ...targets, ...jobs.map((job) => jobDocument('embedded', job))]);
    if (!values.embedded) spark = await openSpark(server, jobs, declared);
    const sent = await sendAll(portOf(server, 'amqp'), SPREAD_MS);
    say(`${sent} messages are sent`);
    const results = await settled(http, engines, jobs);
    say('results are there');
    for (const [index, job] of jobs.entries()) {
      const [embedded = [], onSpark] = results[index] ?? [];
      if (onSpark === undefined) {
        console.log(`     ${job.name}: ${embedded.length} messages`);
        for (const one of embedded.slice(0, SHOWN_LINES)) console.log(`       ${one}`);
      } else if (!judge(job, embedded, onSpark)) failed++;
      const onEmbedded = await phaseOf(http, job);
      const observed = spark?.plane.observe(jobName('spark', job));
      if (onEmbedded !== 'Running') console.log(`       embedded is ${onEmbedded}`);
      if (observed !== undefined && observed.phase !== 'Running') console.log(`       spark: ${observed.message}`);
    }
  } catch (error) {
    failed = jobs.length;
    console.log(`engines: ${(error as Error).message}`);
  } finally {
    await spark?.close();
    await server.close();
  }
  console.log(`${jobs.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AmqpConnection, connect, valueBody } from '@millrace/amqp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, SparkServer } from '../../../spark-connect/test/integration/spark-server.js';
import { until } from './millrace.js';

/**
 * Numbers are published all the time, while Millrace and its broker, or Spark, are killed (`kill -9`). Two jobs read them:
 * one copies them, with their ids, to a queue that takes each id once; one adds up windows. No number is missing at the end, and
 * no window is there twice. A window may count a number twice: one that Spark had and whose acceptance was lost comes again.
 */

const ROOT = join(import.meta.dirname, '../../../..');
const CONNECTOR = join(ROOT, 'connectors/spark-amqp/target/spark-amqp-0.1.0.jar');
const ROUNDS = Number(process.env.MILLRACE_FAULT_ROUNDS ?? '2');
const PER_SECOND = 50;

const DOCUMENTS = [
  { kind: 'Address', metadata: { name: 'numbers' }, spec: { type: 'topic', deduplication: { window: '1h' } } },
  { kind: 'Address', metadata: { name: 'copies' }, spec: { type: 'queue', deduplication: { window: '1h' } } },
  { kind: 'Address', metadata: { name: 'sums' }, spec: { type: 'queue', deduplication: { window: '1h' } } },
  {
    kind: 'Job',
    metadata: { name: 'copies' },
    spec: { sql: 'INSERT INTO copies SELECT body, message_id FROM STREAM numbers' },
  },
  {
    kind: 'Job',
    metadata: { name: 'sums' },
    spec: {
      sql: `INSERT INTO sums
            SELECT CAST(count(*) AS STRING) AS body, map('start', CAST(window.start AS STRING)) AS properties
            FROM STREAM numbers GROUP BY window(time, '2 seconds')`,
    },
  },
];
const JOBS = ['copies', 'sums'];

let folder: string;
let spark: SparkServer;
let millrace: ChildProcess;
let amqpPort: number;
let httpPort: number;

async function startMillrace(): Promise<void> {
  const places = [join(folder, 'checkpoints'), join(folder, 'data'), String(amqpPort), String(httpPort)];
  const script = join(import.meta.dirname, 'serve.ts');
  const tsx = ['--conditions=source', '--import', 'tsx', script];
  millrace = spawn(process.execPath, [...tsx, `sc://127.0.0.1:${spark.port}`, ...places], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  millrace.stdout?.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  await until('a server', 60_000, async () => (output.includes('ready') ? true : undefined));
}

async function killMillrace(): Promise<void> {
  const ended = once(millrace, 'exit');
  millrace.kill('SIGKILL');
  await ended;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
  [amqpPort, httpPort] = [await freePort(), await freePort()];
  spark = await SparkServer.start({
    'spark.jars': CONNECTOR,
    'spark.connect.session.manager.defaultSessionTimeout': '-1',
  });
  await startMillrace();
  for (const document of DOCUMENTS) {
    const path = `${document.kind === 'Job' ? 'jobs' : 'addresses'}/${document.metadata.name}`;
    const body = JSON.stringify({ apiVersion: 'millrace.dev/v1', ...document });
    const response = await ask(path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    expect(response.ok, await response.clone().text()).toBe(true);
  }
});

afterAll(async () => {
  if (millrace?.exitCode === null) await killMillrace();
  await spark?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${httpPort}/v1/${path}`, init);
}

async function jobsRun(): Promise<true | undefined> {
  try {
    for (const job of JOBS) {
      const { status } = (await (await ask(`jobs/${job}`)).json()) as { status: { phase: string } };
      if (status.phase !== 'Running') return undefined;
    }
    return true;
  } catch {
    return undefined;
  }
}

/** Sends 1, 2, 3, … each until it was accepted; an id makes one of those that were sent twice. */
class Publisher {
  sent = 0;
  #isStopped = false;
  #connection: AmqpConnection | undefined;

  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#connection = await connect({ host: '127.0.0.1', port: amqpPort });
        const sender = await this.#connection.openSender('numbers');
        while (!this.#isStopped) {
          const number = this.sent + 1;
          const properties = { messageId: `n${number}` };
          const outcome = await sender.send({ header: { durable: true }, properties, body: valueBody(String(number)) });
          if (outcome?.kind === 'accepted') this.sent = number;
          await sleep(1000 / PER_SECOND);
        }
      } catch {
        await sleep(200);
      }
    }
    await this.#connection?.close();
  }

  stop(): void {
    this.#isStopped = true;
  }
}

interface StoredMessage {
  readonly id: number;
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
}

async function stored(address: string): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (;;) {
    const path = `addresses/${address}/messages?limit=1000&after=${found.at(-1)?.id ?? 0}`;
    const { items } = (await (await ask(path)).json()) as { items: StoredMessage[] };
    found.push(...items);
    if (items.length < 1000) return found;
  }
}

async function counted(): Promise<number> {
  return (await stored('sums')).reduce((sum, { body }) => sum + Number(body), 0);
}

it(`loses nothing and gives nothing twice, over ${ROUNDS} rounds of kills`, async () => {
  await until('running jobs', 120_000, jobsRun);
  const publisher = new Publisher();
  const published = publisher.run();
  for (let round = 1; round <= ROUNDS; round++) {
    await sleep(4_000 + Math.random() * 2_000);
    console.log(`  round ${round}: Millrace is killed after ${publisher.sent} numbers`);
    await killMillrace();
    await sleep(Math.random() * 3_000);
    await startMillrace();
    await sleep(4_000 + Math.random() * 2_000);
    console.log(`  round ${round}: Spark is killed after ${publisher.sent} numbers`);
    await spark.kill();
    await spark.run();
    await until('running jobs', 120_000, jobsRun);
  }
  await sleep(4_000);
  publisher.stop();
  await published;
  const { sent } = publisher;
  const all = Array.from({ length: sent }, (_, index) => String(index + 1));
  const copies = await until(`${sent} copies`, 120_000, async () => {
    const found = await stored('copies');
    return found.length >= sent ? found : undefined;
  });
  await until(`${sent} numbers in windows`, 120_000, async () => ((await counted()) >= sent ? true : undefined));
  // Whatever comes too often needs a moment to come.
  await sleep(5_000);
  const starts = (await stored('sums')).map(({ properties }) => properties.start);
  console.log(`  ${sent} numbers, ${await counted()} in ${starts.length} windows`);
  expect(copies.map(({ body }) => body).toSorted()).toEqual(all.toSorted());
  expect(await stored('copies')).toHaveLength(sent);
  expect(new Set(starts).size).toBe(starts.length);
  expect((await counted()) - sent).toBeLessThan(PER_SECOND * 4 * ROUNDS);
}, 900_000);

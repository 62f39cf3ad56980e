/** See ../spark-kill.mjs. */
import { randomInt } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { eventually, pause } from '../harness/commands.js';
import { DurableServer } from '../harness/durable-server.js';
import { seeded } from '../harness/recording.js';
import { JobLoad } from '../kill/job-load.js';
import type { Check } from '../kill/workload.js';
import { type ClusterPart, LocalCluster } from './cluster.js';

const VICTIMS: Readonly<Record<string, ClusterPart | undefined>> = {
  executor: 'executor',
  worker: 'worker-1',
  connect: 'connect',
  millrace: undefined,
};
/** Java starts in seconds on a quiet machine and in a minute on a busy one. */
const RUNS_WITHIN_MS = 180_000;
const RESULT_WITHIN_MS = 5_000;
const SHOWN_FAULTS = 12;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: Object.keys(VICTIMS).join(',') },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const rounds = Number(values.rounds);
const victims = values.only.split(',');
if (!(rounds > 0) || victims.some((name) => !(name in VICTIMS)) || !Number.isSafeInteger(Number(values.seed))) {
  process.stderr.write(`usage: test:spark-kill [--rounds N] [--only ${Object.keys(VICTIMS).join(',')}] [--seed N]\n`);
  process.exit(2);
}
const random = seeded(Number(values.seed));
const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (since: number) => ((Date.now() - since) / 1000).toFixed(1);

const load = new JobLoad({
  runsWithinMs: RUNS_WITHIN_MS,
  resultWithinMs: RESULT_WITHIN_MS,
  deduplication: { window: '1h' },
});
const checks: Check[] = [];
const killedAt: number[] = [];

interface Statistics {
  readonly rowsIn: number;
  readonly rowsLate: number;
  readonly backlog: number;
  readonly watermark?: string;
}

async function statistics(server: DurableServer): Promise<Statistics> {
  const { json } = await server.http('/v1/jobs/max-temperature');
  const { statistics } = (json as { status: { statistics?: Statistics } }).status;
  return statistics ?? { rowsIn: 0, rowsLate: 0, backlog: -1 };
}

/** Waits until all that was accepted before a time is in results. */
async function untilAllComputed(server: DurableServer, timeMs: number): Promise<void> {
  let seen = '';
  const isThrough = async () => {
    const { backlog, watermark } = await statistics(server);
    seen = `backlog ${backlog}, watermark ${watermark}, to be past ${new Date(timeMs).toISOString()}`;
    return backlog === 0 && watermark !== undefined && Date.parse(watermark) >= timeMs;
  };
  await eventually('the last window is computed', isThrough, RUNS_WITHIN_MS).catch((error: Error) => {
    throw new Error(`${error.message}: ${seen}`);
  });
  // The batch that moved the watermark wrote nothing of it yet.
  await pause(RESULT_WITHIN_MS);
}

/** Waits until messages that are sent now are stored as results. */
async function untilResultsCome(server: DurableServer): Promise<void> {
  const stored = async () => {
    const { json } = await server.http('/v1/addresses/max');
    return (json as { status: { statistics: { stored: number } } }).status.statistics.stored;
  };
  const before = await stored();
  await eventually('two more results', async () => (await stored()) >= before + 2, RUNS_WITHIN_MS);
}

async function round(server: DurableServer, cluster: LocalCluster, name: string): Promise<void> {
  await pause(500 + random() * 2_500);
  const part = VICTIMS[name];
  const began = Date.now();
  if (part === undefined) {
    await server.kill();
    killedAt.push(began);
    load.killed();
    await server.start();
    await eventually('all publishers go on', () => load.waitsFor() === undefined, 60_000);
  } else {
    cluster.kill(part);
    await pause(random() * 1_500);
    await cluster.restart(part);
  }
  await untilResultsCome(server);
  checks.push(...(await load.afterRestart(server)));
  say(`${name.padEnd(9)} killed; results come again after ${seconds(began)} s`);
}

say(`seed ${values.seed}`);
const began = Date.now();
const cluster = await LocalCluster.start();
say(`Spark is there after ${seconds(began)} s`);
const spark = ['--processing', 'spark', '--spark', cluster.url, '--spark-checkpoints', cluster.checkpoints];
const server = await DurableServer.create({ args: spark });
let broken: string | undefined;
try {
  await server.start();
  await load.start(server);
  await untilResultsCome(server);
  for (let number = 0; number < rounds; number += 1) {
    for (const victim of victims) await round(server, cluster, victim);
  }
  const lastWholeSecond = Math.floor(Date.now() / 1_000) * 1_000;
  await load.stopSending();
  await untilAllComputed(server, lastWholeSecond);
  const { rowsIn, rowsLate } = await statistics(server);
  say(`rows in ${rowsIn}, late ${rowsLate}, since the job's last change`);
  const finished = await load.finish(server, killedAt);
  checks.push(...finished.checks);
  for (const { name } of finished.checks) say(name);
} catch (error) {
  broken = error instanceof Error ? (error.stack ?? error.message) : String(error);
} finally {
  await server.stop().catch((error: Error) => {
    broken ??= error.message;
  });
  await cluster.stop().catch((error: Error) => {
    broken ??= error.message;
  });
  await server.remove();
}
for (const { name, faults } of checks.filter((check) => check.faults.length > 0)) {
  say(`\nFAULTS in ${name}: ${faults.length}`);
  for (const fault of faults.slice(0, SHOWN_FAULTS)) say(`  ${fault}`);
}
if (broken !== undefined) say(`\nBROKEN OFF: ${broken}\n${server.log}`);
const failed = checks.filter((check) => check.faults.length > 0).length + (broken === undefined ? 0 : 1);
say(
  `\n${rounds * victims.length} kills in ${seconds(began)} s; --seed ${values.seed} repeats their moments; ` +
    `load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} processors`,
);
say(`${checks.length - checks.filter((check) => check.faults.length > 0).length} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

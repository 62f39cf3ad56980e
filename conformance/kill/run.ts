/** See ../kill.mjs. */
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { pause } from '../harness/commands.js';
import { DurableServer } from '../harness/durable-server.js';
import { seeded } from '../harness/recording.js';
import type { Comparison } from './compare.js';
import { DocumentLoad } from './document-load.js';
import { JobLoad } from './job-load.js';
import { amqpLoad, duplicateLoad, mqttLoad, sessionLoad } from './message-loads.js';
import { isPlant, PLANTS, plant } from './plant.js';
import { RetainedLoad } from './retained-load.js';
import { WillLoad } from './will-load.js';
import type { Check, MessageLoad, Workload } from './workload.js';

const KINDS: Readonly<Record<string, () => Workload>> = {
  amqp: amqpLoad,
  mqtt: mqttLoad,
  duplicates: duplicateLoad,
  sessions: sessionLoad,
  retained: () => new RetainedLoad(),
  wills: () => new WillLoad(),
  documents: () => new DocumentLoad(),
  jobs: () => new JobLoad(),
};
/** A round in so many is killed once more while it starts. */
const KILLED_STARTS = 0.25;
const SHOWN_FAULTS = 12;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: 'random' },
    only: { type: 'string', default: Object.keys(KINDS).join(',') },
    plant: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const seed = values.seed === 'random' ? randomInt(2 ** 31) : Number(values.seed);
const rounds = Number(values.rounds);
const kinds = values.only.split(',');
const unknown = kinds.filter((kind) => !(kind in KINDS));
if (unknown.length > 0 || !(rounds > 0) || !Number.isSafeInteger(seed) || !isPlant(values.plant)) {
  const known = Object.keys(KINDS).join(',');
  process.stderr.write(`usage: test:kill [--rounds N] [--seed N] [--only ${known}] [--plant ${PLANTS.join('|')}]\n`);
  process.exit(2);
}
const planted = values.plant;
const random = seeded(seed);
const between = (least: number, most: number) => least + random() * (most - least);

const workloads = kinds.map((kind) => KINDS[kind]!());
const killedAt: number[] = [];
const checks: Check[] = [];
/** What the kinds of load without a table say at the end. */
const conclusions: string[] = [];
const say = (line: string) => process.stdout.write(`${line}\n`);

async function kill(server: DurableServer): Promise<void> {
  const at = Date.now();
  await server.kill();
  killedAt.push(at);
  for (const workload of workloads) workload.killed?.(at);
}

/** Waits until every client does its work again. */
async function untilAllGoOn(timeoutMs = 20_000): Promise<void> {
  const giveUp = Date.now() + timeoutMs;
  for (;;) {
    const waiting = workloads.map((workload) => workload.waitsFor()).find((reason) => reason !== undefined);
    if (waiting === undefined) return;
    if (Date.now() > giveUp) throw new Error(`after ${timeoutMs} ms: ${waiting}`);
    await pause(20);
  }
}

async function restart(server: DurableServer): Promise<number> {
  const readyMs = await server.start();
  for (const workload of workloads) checks.push(...((await workload.afterRestart?.(server)) ?? []));
  return readyMs;
}

const totals = () => {
  const counts = workloads.map((workload) => workload.counts());
  const sum = (field: 'accepted' | 'received') => counts.reduce((all, count) => all + count[field], 0);
  return { accepted: sum('accepted'), received: sum('received') };
};

async function round(server: DurableServer, number: number): Promise<void> {
  const before = totals();
  const checksBefore = checks.length;
  const moment = Math.round(between(100, 2_000));
  const startMoment = random() < KILLED_STARTS ? Math.round(between(20, 450)) : undefined;
  await pause(moment);
  await kill(server);
  if (startMoment !== undefined) {
    server.launch();
    await pause(startMoment);
    await kill(server);
  }
  const readyMs = await restart(server);
  await untilAllGoOn();
  const now = totals();
  const faults = checks.slice(checksBefore).reduce((all, check) => all + check.faults.length, 0);
  say(
    [
      `round ${String(number).padStart(3)}: killed after ${String(moment).padStart(4)} ms`,
      startMoment === undefined ? '' : `and ${startMoment} ms into its start`,
      `ready in ${readyMs.toFixed(0)} ms`,
      `accepted ${now.accepted - before.accepted}`,
      `received ${now.received - before.received}`,
      faults === 0 ? '' : `${faults} FAULTS`,
    ]
      .filter((part) => part !== '')
      .join(', '),
  );
}

/** Waits until all that was accepted has come, or nothing comes any more. */
async function drain(): Promise<void> {
  let [received, since] = [-1, Date.now()];
  while (workloads.some((workload) => workload.owed() !== undefined) && Date.now() - since < 5_000) {
    const now = totals().received;
    if (now !== received) [received, since] = [now, Date.now()];
    await pause(100);
  }
}

/** docs/reference/store.md names what may be there; of messages that were still arriving at a kill nothing may stay. */
function strangeFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^(\d{10}\.log|lock|incoming|login-secret)$/.test(name))
    .map((name) => `${name} lies in the directory of the store`);
}

async function all(server: DurableServer): Promise<Comparison[]> {
  await server.start();
  for (const workload of workloads) await workload.start(server);
  await untilAllGoOn();
  for (let number = 1; number <= rounds; number += 1) await round(server, number);
  for (const workload of workloads) await workload.stopSending();
  await drain();
  // What is settled stays settled: after this kill nothing may come that was settled long before it.
  await pause(1_000);
  await kill(server);
  await restart(server);
  for (const workload of workloads) workload.openLast?.();
  await pause(2_500);
  await drain();
  checks.push({ name: 'files of the store', faults: strangeFiles(server.data) });
  if (planted !== undefined) plant(planted, workloads as MessageLoad[]);
  const comparisons: Comparison[] = [];
  for (const workload of workloads) {
    const finished = await workload.finish(server, killedAt);
    checks.push(...finished.checks);
    if (finished.comparisons.length === 0) for (const { name } of finished.checks) conclusions.push(name);
    comparisons.push(...finished.comparisons);
  }
  return comparisons;
}

function table(comparisons: readonly Comparison[]): void {
  if (comparisons.length === 0) return;
  const head = [
    '',
    'accepted',
    'in doubt',
    '… stored',
    'received',
    'again',
    'unmarked',
    'lost',
    'invented',
    'doubled',
    'order',
  ];
  const widths = [40, 9, 9, 9, 9, 6, 9, 6, 9, 8, 6];
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(40) : String(cell).padStart(widths[at]!))).join(' ');
  say(`\n${line(head)}`);
  for (const { name, accepted, inDoubt, inDoubtReceived, received, duplicates, unmarked, faults } of comparisons) {
    const count = (word: string) => faults.filter((fault) => fault.startsWith(word)).length;
    const cells = [
      accepted,
      inDoubt,
      inDoubtReceived,
      received,
      duplicates,
      unmarked,
      count('lost'),
      count('invented'),
    ];
    say(line([name, ...cells, count('doubled'), count('out of order')]));
  }
}

say(`seed ${seed}`);
const began = Date.now();
const server = await DurableServer.create();
let broken: string | undefined;
try {
  table(await all(server));
  for (const conclusion of conclusions) say(conclusion);
} catch (error) {
  broken = error instanceof Error ? (error.stack ?? error.message) : String(error);
} finally {
  await server.stop().catch((error: Error) => {
    broken ??= error.message;
  });
  if (!values.keep) await server.remove();
}
for (const { name, faults } of checks.filter((check) => check.faults.length > 0)) {
  say(`\nFAULTS in ${name}: ${faults.length}`);
  for (const fault of faults.slice(0, SHOWN_FAULTS)) say(`  ${fault}`);
}
if (broken !== undefined) say(`\nBROKEN OFF: ${broken}\n${server.log}`);
if (values.keep) say(`the store is kept: ${server.data}`);
const failed = checks.filter((check) => check.faults.length > 0).length + (broken === undefined ? 0 : 1);
say(
  `\n${killedAt.length} kills in ${((Date.now() - began) / 1000).toFixed(0)} s; --seed ${seed} repeats their moments; ` +
    `load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} processors`,
);
say(`${checks.length - checks.filter((check) => check.faults.length > 0).length} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

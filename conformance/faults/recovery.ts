/** See ../recovery.mjs. */
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually, pause, runWell } from '../harness/commands.js';
import { DurableServer } from '../harness/durable-server.js';
import { ROOT } from '../harness/server.js';

const { values } = parseArgs({ options: { large: { type: 'boolean', default: false }, count: { type: 'string' } } });
const count = Number(values.count ?? (values.large ? 10_000_000 : 1_000_000));
const barSeconds = count > 1_000_000 ? 15 : 2;
const MB = 1024 * 1024;
/** docs/reference/store.md: with nothing stored, four segments that may be in use and six that are ready or about to be. */
const EMPTY_STORE_MB = 10 * 16;
const GENERATOR = join(ROOT, 'bench/load');

let passed = 0;
let failed = 0;
const say = (line: string) => process.stdout.write(`${line}\n`);

function check(name: string, isGood: boolean, detail: string): void {
  if (isGood) passed += 1;
  else failed += 1;
  say(`${isGood ? 'ok     ' : 'FAILED '} ${name}: ${detail}`);
}

interface Generated {
  readonly seconds: number;
  readonly recv_per_s: number;
  readonly lost: number;
  readonly bad: number;
  readonly gaps: number;
  readonly refused: number;
}

async function generate(server: DurableServer, ...args: readonly string[]): Promise<Generated> {
  const common = ['-p', String(server.amqpPort), '-a', 'stored', '-n', String(count), '-s', '100', '-u'];
  const { stdout } = await runWell(join(GENERATOR, 'amqpgen'), [...common, ...args], { timeoutMs: 600_000 });
  return JSON.parse(stdout);
}

const perSecond = ({ seconds, recv_per_s: rate }: Generated) =>
  `${seconds.toFixed(1)} s, ${Math.round(rate).toLocaleString('en')}/s`;

async function stored(server: DurableServer): Promise<number> {
  const { json } = await server.http('/v1/addresses/stored');
  return (json as { status: { statistics: { stored: number } } }).status.statistics.stored;
}

async function onDiskMb(server: DurableServer): Promise<number> {
  const { json } = await server.http('/v1/status');
  return (json as { store: { bytesOnDisk: number } }).store.bytesOnDisk / MB;
}

async function restart(server: DurableServer): Promise<number> {
  await server.kill();
  return server.start(120_000);
}

async function all(server: DurableServer): Promise<void> {
  await server.start();
  const limits = { messages: count * 2, bytes: '100GiB' };
  await server.put('addresses', 'stored', { type: 'queue', durability: 'always', limits });
  const filled = await generate(server, '-R', '0', '-d', '-W', '10000');
  check(
    'stored',
    filled.lost + filled.refused === 0,
    `${count.toLocaleString('en')} of 100 bytes in ${perSecond(filled)}`,
  );
  const diskMb = await onDiskMb(server);
  say(`        ${diskMb.toFixed(0)} MB on disk, server at ${server.rssMb.toFixed(0)} MB`);
  const readyMs = await restart(server);
  const verdict = readyMs <= barSeconds * 1000 ? 'met' : 'MISSED';
  const processor = `${server.processorSeconds.toFixed(2)} s of a processor`;
  say(
    `        kill -9, then ready in ${(readyMs / 1000).toFixed(2)} s (${processor}); bar ${barSeconds} s: ${verdict}`,
  );
  say(`        memory then ${server.rssMb.toFixed(0)} MB, at most ${server.peakRssMb.toFixed(0)} MB while it started`);
  const there = await stored(server);
  check('all there', there === count, `${there.toLocaleString('en')} messages`);
  const drained = await generate(server, '-S', '0');
  const { lost, bad, gaps } = drained;
  check(
    'read, whole and in order',
    lost + bad + gaps === 0,
    `${perSecond(drained)}; lost ${lost}, bad ${bad}, gaps ${gaps}`,
  );
  const isBack = async () => (await onDiskMb(server)) <= EMPTY_STORE_MB;
  const back = await eventually('room', isBack, 20_000).catch(() => false);
  const afterMb = await onDiskMb(server);
  const detail = `${diskMb.toFixed(0)} → ${afterMb.toFixed(0)} MB, at most ${EMPTY_STORE_MB} with nothing stored`;
  check('the room on the disk comes back', back, detail);
  // What was settled within the last commit interval before a kill may come again.
  await pause(500);
  const emptyMs = await restart(server);
  const left = await stored(server);
  check(
    'settled stays settled',
    left === 0,
    `${left} messages after another kill -9, ready in ${emptyMs.toFixed(0)} ms`,
  );
}

await runWell('make', ['-s', '-C', GENERATOR]);
const server = await DurableServer.create();
try {
  await all(server);
} catch (error) {
  failed += 1;
  say(`BROKEN OFF: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${server.log}`);
} finally {
  await server.remove();
}
say(`load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} processors`);
say(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

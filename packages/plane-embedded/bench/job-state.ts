/**
 * Jobs with and without a journal on disk: messages a second in turns; then a job with a million groups on disk: how long
 * its commits hold the thread, and how long a restart takes until it goes on.
 * Run: npx tsx --conditions=source packages/plane-embedded/bench/job-state.ts [--quick]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, Message, MessageFormat, type Producer, Recovery, TAKING_BACK } from '@millrace/broker';
import { DiskJournal, type Journal, MemoryJournal } from '@millrace/journal';
import { checkJob } from '@millrace/sql';
import { Job } from '@millrace/stream-engine';
import { EmbeddedProcessingPlane } from '../src/jobs/processing-plane.js';
import { EmbeddedMessageAccess } from '../src/message-access.js';

const quick = process.argv.includes('--quick');
const MEASURE_MS = quick ? 500 : 1500;
const ROUNDS = quick ? 3 : 7;
const GROUPS = quick ? 100_000 : 1_000_000;
const MAX = `INSERT INTO results SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body
FROM STREAM readings GROUP BY window(time, '5 seconds')`;
const BY_BODY = `INSERT INTO results SELECT concat(body, CAST(count(*) AS STRING)) AS body
FROM STREAM readings GROUP BY window(time, '1 hour'), body`;
/** Enough that the job has something to read while a commit is under way. */
const BACKLOG = 100_000;
const SENDER = { settled: () => {}, capacityChanged: () => {}, addressDeleted: () => {} };

class Durations {
  private readonly all: number[] = [];

  add(ms: number): void {
    this.all.push(ms);
  }

  get text(): string {
    const sorted = this.all.toSorted((left, right) => left - right);
    const at = (part: number): string => sorted[Math.floor((sorted.length - 1) * part)]!.toFixed(2);
    return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)} ms of ${sorted.length}`;
  }
}

/**
 * What a job's commit takes: encoding, handing over, and the end of the turn that writes it to the journal's buffer. By the
 * clock, and in CPU time of the whole process (with its threads for garbage), which says more on a busy machine.
 */
const held = { wall: new Durations(), cpu: new Durations() };
const turn = { wallMs: 0, cpuMs: 0 };

function measured<T>(work: () => T): T {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const result = work();
  turn.wallMs += performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  turn.cpuMs += (user + system) / 1000;
  return result;
}

let commits = false;
const take = Job.prototype.takeStateChanges;
Job.prototype.takeStateChanges = function (this: Job) {
  commits = true;
  return measured(() => take.call(this));
};

function endTurn(broker: Broker): void {
  measured(() => broker.commitPending());
  if (commits) {
    held.wall.add(turn.wallMs);
    held.cpu.add(turn.cpuMs);
  }
  commits = false;
  turn.wallMs = 0;
  turn.cpuMs = 0;
}

interface Server {
  readonly broker: Broker;
  readonly plane: EmbeddedProcessingPlane;
  readonly producer: Producer;
}

async function serve(journal: Journal, sql: string, recovery?: Recovery): Promise<Server> {
  const broker: Broker = new Broker({
    journal,
    ...(recovery === undefined ? {} : { recovery }),
    now: Date.now,
    scheduleCommit: () => setImmediate(() => endTurn(broker)),
  });
  broker.declare('readings', { type: 'queue' });
  broker.declare('results', { type: 'queue', whenFull: 'dropOldest' });
  const plane = new EmbeddedProcessingPlane({
    access: new EmbeddedMessageAccess(broker),
    otherReceivers: () => 0,
    onFault: (error) => console.error(error),
  });
  const { plan } = checkJob(sql);
  await plane.deploy('job', { sql, onError: 'fail', paused: false }, plan!);
  const producer = broker.openProducer('readings', SENDER);
  if (typeof producer === 'string') throw new Error(producer);
  return { broker, plane, producer };
}

function messageOf(bytes: Buffer): Message {
  const message = new Message();
  message.format = MessageFormat.mqtt;
  message.bytes = bytes;
  message.end = bytes.length;
  message.address = 'readings';
  return message;
}

/** Sends as fast as the job reads. @returns messages a second */
async function flood(
  { producer, plane }: Server,
  bodies: readonly Buffer[],
  until: (sent: number) => boolean,
): Promise<number> {
  const began = performance.now();
  let sent = 0;
  while (!until(sent)) {
    for (let n = 0; n < 4096; n++) {
      producer.send(messageOf(bodies[sent++ % bodies.length]!), -1);
    }
    await new Promise((resolve) => setImmediate(resolve));
    // Not in a busy loop: that would count as what the job costs.
    while ((plane.observe('job')?.backlog ?? 0) > BACKLOG) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return (sent / (performance.now() - began)) * 1000;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)]!;
}

async function compare(folder: string, name: string, sql: string, bodies: readonly Buffer[]): Promise<void> {
  const recovery = new Recovery();
  const disk = await DiskJournal.open({ directory: join(folder, name), owner: recovery, reserveTypes: TAKING_BACK });
  const memory = await serve(new MemoryJournal(), sql);
  const kept = await serve(disk, sql, recovery);
  const cpu = new Map<Server, number[]>([
    [memory, []],
    [kept, []],
  ]);
  const speed = async (server: Server): Promise<number> => {
    const end = performance.now() + MEASURE_MS;
    const before = process.cpuUsage();
    let sent = 0;
    const rate = await flood(server, bodies, (count) => {
      sent = count;
      return performance.now() > end;
    });
    const { user, system } = process.cpuUsage(before);
    cpu.get(server)!.push((user + system) / sent);
    return rate;
  };
  for (const server of [memory, kept]) await speed(server);
  const pairs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) pairs.push([await speed(memory), await speed(kept)]);
  const ratio = median(pairs.map(([left, right]) => right / left));
  const [left, right] = [0, 1].map((index) => (median(pairs.map((pair) => pair[index]!)) / 1e6).toFixed(2));
  console.log(`${name}: ${left} M messages/s in memory, ${right} with state on disk; ratio ${ratio.toFixed(3)}`);
  const [memoryCpu, keptCpu] = [memory, kept].map((server) => median(cpu.get(server)!).toFixed(3));
  console.log(`  CPU a message: ${memoryCpu} µs in memory, ${keptCpu} µs with state on disk`);
  memory.plane.close();
  kept.plane.close();
  await disk.close();
}

async function million(folder: string): Promise<void> {
  const directory = join(folder, 'million');
  const bodies = Array.from({ length: GROUPS }, (_, n) => Buffer.from(`device-${(n * 7919) % GROUPS}`));
  const recovery = new Recovery();
  const journal = await DiskJournal.open({ directory, owner: recovery, reserveTypes: TAKING_BACK });
  const server = await serve(journal, BY_BODY, recovery);
  held.wall = new Durations();
  held.cpu = new Durations();
  const rate = await flood(server, bodies, (sent) => sent >= GROUPS * 4);
  while ((server.plane.observe('job')?.backlog ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(`  ${held.wall.text}; CPU ${held.cpu.text}`);
  const figures = journal.figures();
  console.log(`${GROUPS} groups, four times each: ${(rate / 1e6).toFixed(2)} M messages/s; a commit held the thread`);
  console.log(
    `  written ${(figures.bytesWritten / 1e6).toFixed(0)} MB in ${figures.batches} batches, live ${(figures.bytesLive / 1e6).toFixed(0)} MB`,
  );
  server.plane.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await journal.close();
  const began = performance.now();
  const again = new Recovery();
  const reopened = await DiskJournal.open({ directory, owner: again, reserveTypes: TAKING_BACK });
  const opened = performance.now();
  const restarted = await serve(reopened, BY_BODY, again);
  const slices = new Durations();
  let last = performance.now();
  while (restarted.plane.observe('job')?.reason === 'Recovering') {
    await new Promise((resolve) => setImmediate(resolve));
    slices.add(performance.now() - last);
    last = performance.now();
  }
  const seconds = ((performance.now() - opened) / 1000).toFixed(2);
  console.log(
    `  restart: the journal ${((opened - began) / 1000).toFixed(2)} s, the job's state ${seconds} s in turns of ${slices.text}`,
  );
  console.log(
    `  groups after it: ${restarted.plane.observe('job')?.stateRows}; RSS ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
  );
  restarted.plane.close();
  await reopened.close();
}

const folder = mkdtempSync(join(tmpdir(), 'job-state-bench-'));
try {
  console.log(`Node ${process.version}, load ${loadavg()[0]!.toFixed(2)}`);
  const numbers = Array.from({ length: 1000 }, (_, n) => Buffer.from(String(n)));
  await compare(folder, 'one group', MAX, numbers);
  await compare(folder, '1,000 groups', BY_BODY, numbers);
  await million(folder);
  console.log(`load ${loadavg()[0]!.toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

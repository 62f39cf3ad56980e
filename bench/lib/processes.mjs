/**
 * Starts and stops what is measured: each peer is one process on a free port, known by its pid so that the generators can
 * read its processor time and memory. Whatever happens, every process started here ends with the benchmark.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const benchDirectory = fileURLToPath(new URL('..', import.meta.url));
export const rootDirectory = fileURLToPath(new URL('../..', import.meta.url));
/** MILLRACE_BIN names another build of the command to measure. */
export const millraceBin = process.env.MILLRACE_BIN ?? join(rootDirectory, 'apps/cli/bin/millrace.js');

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs to its end. @returns {{ code: number, stdout: string, stderr: string }} */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  try {
    const [code, signal] = await once(child, 'close');
    return { code: code ?? 128, signal, stdout, stderr };
  } finally {
    running.delete(child);
  }
}

export function hasCommand(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** A peer that runs. `log` is the last part of what it wrote. */
export class Peer {
  constructor(name, version, child, ports) {
    this.name = name;
    this.version = version;
    this.child = child;
    this.ports = ports;
    /** Whom the generators measure: the child, unless that only starts the process that does the work. */
    this.pid = child.pid;
    this.log = '';
    this.stopping = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.log = (this.log + chunk).slice(-8192);
      });
    }
    running.add(child);
    child.on('exit', (code, signal) => {
      running.delete(child);
      if (!this.stopping) this.ended = `${name} ended by itself (${signal ?? code}): ${this.log.trim()}`;
    });
  }

  get rssMb() {
    const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / 1048576;
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.stopping = true;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(timer);
  }
}

export async function waitForPort(peer, port, timeoutMs) {
  const giveUp = performance.now() + timeoutMs;
  while (performance.now() < giveUp) {
    if (peer.ended !== undefined) throw new Error(peer.ended);
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${peer.name} did not listen on ${port} within ${timeoutMs} ms: ${peer.log.trim()}`);
}

/** On a machine with taskset, `processor` pins the peer to one processor: what "one core" means in a bar. */
function pinned(command, args, processor) {
  if (processor === undefined || !hasCommand('taskset')) return [command, args];
  return ['taskset', ['-c', String(processor), command, ...args]];
}

/** As delivered, but for its queue's bound: its default of 1,000 would make it drop what the rows keep under way. */
export async function startMosquitto() {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n`);
  const version = spawnSync('mosquitto', ['-h'], { encoding: 'utf8' })
    .stdout.split('\n')[0]
    ?.replace(/.*version /, '');
  const child = spawn('mosquitto', ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const peer = new Peer('mosquitto', `mosquitto ${version}`, child, { mqtt: port });
  await waitForPort(peer, port, 10_000);
  rmSync(directory, { recursive: true });
  return peer;
}

export async function startRhea() {
  const port = await freePort();
  const { version } = JSON.parse(readFileSync(join(rootDirectory, 'node_modules/rhea/package.json'), 'utf8'));
  const child = spawn(process.execPath, [join(benchDirectory, 'peers/rhea-broker.mjs'), String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const peer = new Peer('rhea', `rhea ${version} on Node ${process.versions.node}`, child, { amqp: port });
  await waitForPort(peer, port, 10_000);
  return peer;
}

export function millraceVersion() {
  const { version } = JSON.parse(readFileSync(join(rootDirectory, 'apps/cli/package.json'), 'utf8'));
  return `millrace ${version} on Node ${process.versions.node}`;
}

/**
 * @param {{ apply?: string[], processor?: number, data?: string }} [options] documents to apply at the start; processor to
 *   pin to; directory of a durable store
 * @returns the peer, with `readyMs`: from the start of the process to its line "millrace ready"
 */
export async function startMillrace({ apply = [], processor, data } = {}) {
  const ports = { amqp: await freePort(), mqtt: await freePort(), http: await freePort() };
  const args = [millraceBin, 'serve', '--host', '127.0.0.1'];
  for (const [name, port] of Object.entries(ports)) args.push(`--${name}-port`, String(port));
  for (const file of apply) args.push('--apply', file);
  if (data !== undefined) args.push('--data', data);
  const started = performance.now();
  const [command, all] = pinned(process.execPath, args, processor);
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const peer = new Peer('millrace', millraceVersion(), child, ports);
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`millrace was not ready within 20 s: ${peer.log}`)), 20_000);
    child.stderr.on('data', () => {
      if (!peer.log.includes('millrace ready')) return;
      peer.readyMs = performance.now() - started;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(peer.ended));
    });
  });
  return peer;
}

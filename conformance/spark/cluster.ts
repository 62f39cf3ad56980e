/** A local cluster by `millrace spark up`, whose parts can be killed and started again as a supervisor would. */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, runWell } from '../harness/commands.js';
import { MILLRACE } from '../harness/server.js';

/** Made anew by Spark's master after its worker or itself was killed; the others by `restart`. */
export type ClusterPart = 'master' | 'worker-1' | 'connect' | 'executor';

interface Launch {
  readonly argumentList: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

interface StatusReport {
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

const START_MS = 300_000;
const EXECUTOR = 'CoarseGrainedExecutorBackend';

export class LocalCluster {
  readonly url: string;
  readonly checkpoints: string;
  readonly #directory: string;
  readonly #pids: Map<string, number>;
  readonly #launches: ReadonlyMap<string, Launch>;
  /** Of processes that were started again: `spark down` does not know them. */
  readonly #restarted = new Set<number>();

  private constructor(directory: string, url: string, pids: ReadonlyMap<string, number>) {
    this.#directory = directory;
    this.url = url;
    this.checkpoints = join(directory, 'cluster', 'checkpoints');
    this.#pids = new Map(pids);
    this.#launches = new Map([...pids].map(([name, pid]) => [name, launchOf(pid)]));
  }

  static async start(): Promise<LocalCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-spark-'));
    const where = ['--directory', join(directory, 'cluster')];
    const ports = ['--master-port', '--master-ui-port', '--worker-ui-port', '--connect-port', '--ui-port'];
    const up = ['spark', 'up', ...where, ...ports.flatMap((flag) => [flag, '0']), '--cores', '2'];
    const { stdout } = await runWell(process.execPath, [MILLRACE, ...up], { timeoutMs: START_MS });
    const { stdout: report } = await runWell(process.execPath, [MILLRACE, 'spark', 'status', ...where, '-o', 'json']);
    const { processes } = JSON.parse(report) as StatusReport;
    return new LocalCluster(directory, stdout.trim(), new Map(processes.map(({ name, pid }) => [name, pid])));
  }

  /** `kill -9`. @returns the process */
  kill(part: ClusterPart): number {
    const pid = part === 'executor' ? this.#executor() : this.#pids.get(part);
    if (pid === undefined) throw new Error(`the cluster has no ${part}`);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** The same command in the same environment. An executor comes again by itself. */
  async restart(part: ClusterPart): Promise<void> {
    if (part === 'executor') return;
    const launch = this.#launches.get(part);
    if (launch === undefined) throw new Error(`the cluster has no ${part}`);
    const gone = this.#pids.get(part);
    await eventually(`${part} has ended`, () => gone === undefined || !isThere(gone), 20_000);
    const [command = '', ...argumentList] = launch.argumentList;
    const log = openSync(join(this.#directory, `${part}.log`), 'a');
    const child = spawn(command, argumentList, {
      cwd: launch.directory,
      env: launch.environment,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.unref();
    if (child.pid === undefined) throw new Error(`${part} cannot be started again`);
    this.#pids.set(part, child.pid);
    this.#restarted.add(child.pid);
  }

  async stop(): Promise<void> {
    for (const pid of this.#restarted) if (isThere(pid)) process.kill(-pid, 'SIGKILL');
    const where = ['--directory', join(this.#directory, 'cluster')];
    await runWell(process.execPath, [MILLRACE, 'spark', 'down', ...where], { timeoutMs: 60_000 });
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #executor(): number | undefined {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((pid) => commandOf(pid).some((word) => word.endsWith(EXECUTOR)) && worksIn(pid, this.#directory));
  }
}

function launchOf(pid: number): Launch {
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter((entry) => entry.includes('='));
  return {
    argumentList: commandOf(pid),
    environment: Object.fromEntries(
      environment.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    ),
    directory: readlinkSync(`/proc/${pid}/cwd`),
  };
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function worksIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${directory}/`);
  } catch {
    return false;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

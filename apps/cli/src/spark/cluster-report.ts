/** How a local cluster is, for people and programs. */
import { existsSync, readFileSync } from 'node:fs';
import type { ClusterDirectory } from './cluster-directory.js';
import { type Observed, observe } from './cluster-processes.js';
import { reasonFromLog } from './log-reason.js';
import { answers } from './ports.js';
import type { ClusterState } from './state-file.js';

export interface ProcessReport {
  readonly name: string;
  readonly pid: number;
  /** 'silent': it runs, and its port answers nobody. */
  readonly state: 'running' | 'silent' | 'ended';
  readonly port: number | null;
  readonly url: string | null;
  readonly uptimeSeconds: number | null;
  readonly residentBytes: number | null;
  readonly log: string | null;
  /** Why it has ended, when its log says so. */
  readonly reason: string | null;
}

export interface ClusterReport {
  /** 'partly': not all of it runs. */
  readonly state: 'starting' | 'running' | 'partly' | 'ended';
  readonly connectUrl: string;
  readonly needsToken: boolean;
  readonly startedAt: string;
  readonly checkpoints: string;
  readonly sparkHome: string;
  readonly jar: string;
  readonly processes: readonly ProcessReport[];
}

export async function reportOf(state: ClusterState, directory: ClusterDirectory): Promise<ClusterReport> {
  const observed = observe(state.processes, directory.root);
  const processes = (await Promise.all(observed.map(describe))).flat();
  const daemons = processes.filter(({ log }) => log !== null);
  return {
    state: overall(state, daemons),
    connectUrl: state.connectUrl,
    needsToken: state.needsToken,
    startedAt: state.startedAt,
    checkpoints: directory.checkpoints,
    sparkHome: state.sparkHome,
    jar: state.jar,
    processes,
  };
}

function overall(state: ClusterState, daemons: readonly ProcessReport[]): ClusterReport['state'] {
  if (daemons.every((daemon) => daemon.state === 'ended')) return 'ended';
  if (state.phase === 'starting') return 'starting';
  return daemons.every((daemon) => daemon.state === 'running') ? 'running' : 'partly';
}

/** The process, then the executors that it has. */
async function describe({ started, running, others }: Observed): Promise<readonly ProcessReport[]> {
  const { name, pid, port, url, log } = started;
  const uptimeSeconds = Math.round((Date.now() - Date.parse(started.startedAt)) / 1000);
  const own = { name, pid, port, url, log };
  const executors = others.map(
    (other): ProcessReport => ({
      ...{ name: `executor of ${name}`, pid: other.pid, state: 'running', residentBytes: other.residentBytes },
      ...{ port: null, url: null, uptimeSeconds: null, log: null, reason: null },
    }),
  );
  if (running === undefined) {
    const reason = existsSync(log) ? reasonFromLog(readFileSync(log, 'utf8')) : undefined;
    const shown = `ended${reason === undefined ? ', and its log does not say why' : `: ${reason}`} (${log})`;
    return [{ ...own, state: 'ended', uptimeSeconds: null, residentBytes: null, reason: shown }, ...executors];
  }
  const listening = await answers(port ?? Number(new URL(url).port));
  return [
    {
      ...own,
      state: listening ? 'running' : 'silent',
      uptimeSeconds,
      residentBytes: running.residentBytes,
      reason: listening ? null : `runs, but its port answers nobody (${log})`,
    },
    ...executors,
  ];
}

/** What became of the processes that a cluster was started with, and how they are ended. */
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningProcess, readProcesses, sameProcess } from './process-table.js';
import type { StartedProcess } from './state-file.js';

export interface Observed {
  readonly started: StartedProcess;
  /** Undefined when it has ended. */
  readonly running: RunningProcess | undefined;
  /** Others of its group: executors of a worker. They can outlive it for a while. */
  readonly others: readonly RunningProcess[];
}

/** @param root the cluster's directory: everything of it works in there */
export function observe(processes: readonly StartedProcess[], root: string): readonly Observed[] {
  const table = readProcesses();
  return processes.map((started) => {
    const holder = table.find((candidate) => candidate.pid === started.pid);
    const members = table.filter((candidate) => candidate.group === started.pid && candidate.pid !== started.pid);
    if (holder === undefined) {
      // Without its leader a group's number says little: it may be another's by now.
      return { started, running: undefined, others: members.filter((member) => worksIn(member.pid, root)) };
    }
    return sameProcess(holder, started)
      ? { started, running: holder, others: members }
      : { started, running: undefined, others: [] };
  });
}

function worksIn(pid: number, root: string): boolean {
  try {
    const directory = readlinkSync(`/proc/${pid}/cwd`);
    return directory === root || directory.startsWith(`${root}/`);
  } catch {
    return false;
  }
}

export interface EndOptions {
  readonly root: string;
  /** Default: 20,000. After that they are killed. */
  readonly patienceMs?: number;
  /** Called with the name of each that runs. */
  readonly onStop?: (name: string) => void;
}

const PATIENCE_MS = 20_000;
const KILLED_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** Ends what runs of them, the last started first, and waits until it has ended. @returns names of those that would not */
export async function endProcesses(
  processes: readonly StartedProcess[],
  options: EndOptions,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const started of [...processes].reverse()) {
    if (!isThere(started, options.root)) continue;
    options.onStop?.(started.name);
    const ended =
      (await signalAndWait(started, options.root, 'SIGTERM', options.patienceMs ?? PATIENCE_MS)) ||
      (await signalAndWait(started, options.root, 'SIGKILL', KILLED_MS));
    if (!ended) left.push(started.name);
  }
  return left;
}

async function signalAndWait(
  started: StartedProcess,
  root: string,
  signal: 'SIGTERM' | 'SIGKILL',
  waitMs: number,
): Promise<boolean> {
  try {
    process.kill(-started.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  const giveUpAt = performance.now() + waitMs;
  while (isThere(started, root)) {
    if (performance.now() > giveUpAt) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

function isThere(started: StartedProcess, root: string): boolean {
  return observe([started], root).some(({ running, others }) => running !== undefined || others.length > 0);
}

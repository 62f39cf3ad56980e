/**
 * What `up` leaves behind for `status` and `down`: who was started, with which ports. It is written before each start and
 * after it, so that a cluster whose `up` was killed half-way can be ended too.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../command-error.js';
import type { ClusterSize } from './cluster-options.js';
import type { ChosenPorts } from './ports.js';
import type { ProcessIdentity } from './process-table.js';

const VERSION = 1;

export interface StartedProcess extends ProcessIdentity {
  /** "master", "worker-1", "connect". */
  readonly name: string;
  readonly startedAt: string;
  /** Where it serves others of the cluster or clients; a worker chooses it by itself. */
  readonly port: number | null;
  /** Its page. */
  readonly url: string;
  readonly log: string;
}

export interface ClusterState {
  readonly version: typeof VERSION;
  readonly phase: 'starting' | 'running';
  readonly startedAt: string;
  readonly size: ClusterSize;
  readonly ports: ChosenPorts;
  /** Without the token: that is nowhere on the disk. */
  readonly connectUrl: string;
  readonly needsToken: boolean;
  readonly sparkHome: string;
  readonly jar: string;
  readonly processes: readonly StartedProcess[];
}

export const STATE_VERSION: typeof VERSION = VERSION;

/** @returns undefined when there is none @throws CommandError when it cannot be read */
export function readState(file: string): ClusterState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const state = parse(text);
  if (state !== undefined) return state;
  throw new CommandError(`${file} is not what "millrace spark up" writes, so nothing is known of a cluster there`, {
    hint: `look for Java processes of Spark yourself, then delete ${file}`,
  });
}

function parse(text: string): ClusterState | undefined {
  try {
    const state = JSON.parse(text) as Partial<ClusterState> | null;
    const whole = state?.version === VERSION && Array.isArray(state.processes) && state.processes.every(isProcess);
    return whole ? (state as ClusterState) : undefined;
  } catch {
    return undefined;
  }
}

function isProcess(value: unknown): boolean {
  const { pid, started, name } = (value ?? {}) as Partial<StartedProcess>;
  return Number.isInteger(pid) && Number(pid) > 1 && typeof started === 'string' && typeof name === 'string';
}

/** Whole or not at all; for the user's eyes alone. */
export function writeState(file: string, state: ClusterState): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.new`;
  writeFileSync(unfinished, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, file);
}

export function removeState(file: string): void {
  rmSync(file, { force: true });
}

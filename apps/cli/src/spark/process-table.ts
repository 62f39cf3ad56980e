/**
 * The processes of this machine, as far as a cluster needs to know them. A number alone does not name a process: it is given
 * again after its process has ended. So each is known by its number and the time at which it started.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: equal for as long as it is the same process. */
  readonly started: string;
}

export interface RunningProcess extends ProcessIdentity {
  /** The number of the process that leads its group. */
  readonly group: number;
  readonly residentBytes: number;
}

/** All that run; those that have ended and were not yet waited for are not among them. */
export function readProcesses(procDirectory = '/proc'): readonly RunningProcess[] {
  return existsSync(join(procDirectory, 'self', 'stat')) ? readProc(procDirectory) : readPs();
}

export function sameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.started === other.started;
}

/** @returns undefined when no process has that number */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = readProcesses().find((candidate) => candidate.pid === pid);
  return found === undefined ? undefined : { pid, started: found.started };
}

const PAGE_BYTES = 4096;

function readProc(directory: string): readonly RunningProcess[] {
  const boot = bootOf(directory);
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const found = parseStat(readFileSync(join(directory, name, 'stat'), 'latin1'), boot);
        return found === undefined ? [] : [found];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

/** Start times count from the boot of the machine: after another boot they mean something else. */
function bootOf(directory: string): string {
  try {
    return readFileSync(join(directory, 'sys/kernel/random/boot_id'), 'latin1').trim();
  } catch {
    return 'unknown';
  }
}

/** proc(5), /proc/PID/stat: the name in parentheses may hold spaces and parentheses, so fields count from the last one. */
export function parseStat(text: string, boot: string): RunningProcess | undefined {
  const end = text.lastIndexOf(')');
  const pid = Number(text.slice(0, text.indexOf(' ')));
  // From field 3, the state.
  const fields = text.slice(end + 2).split(' ');
  const [state, , group] = fields;
  const startTicks = fields[19];
  const residentPages = Number(fields[21]);
  if (end === -1 || startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, group: Number(group), started: `${boot}:${startTicks}`, residentBytes: residentPages * PAGE_BYTES };
}

/** Where there is no /proc, as on macOS. */
function readPs(): readonly RunningProcess[] {
  const arguments_ = ['-A', '-o', 'pid=,pgid=,rss=,stat=,lstart='];
  const { stdout } = spawnSync('ps', arguments_, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return parsePs(stdout ?? '');
}

export function parsePs(text: string): readonly RunningProcess[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (match === null || match[4]?.startsWith('Z')) return [];
    const [, pid, group, residentKibibytes, , started = ''] = match;
    return [{ pid: Number(pid), group: Number(group), started, residentBytes: Number(residentKibibytes) * 1024 }];
  });
}

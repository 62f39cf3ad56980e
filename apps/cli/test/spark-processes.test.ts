/** Processes of a cluster: known by more than a number, ended with all that they started, and nobody else with them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endProcesses, observe } from '../src/spark/cluster-processes.js';
import { takeLock } from '../src/spark/lock.js';
import { identify, parsePs, parseStat, readProcesses } from '../src/spark/process-table.js';
import {
  type ClusterState,
  readState,
  STATE_VERSION,
  type StartedProcess,
  writeState,
} from '../src/spark/state-file.js';

let root: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-spark-processes-')));
});
afterEach(() => {
  for (const { pid } of children.splice(0)) {
    try {
      process.kill(-pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  rmSync(root, { recursive: true, force: true });
});

async function until<T>(probe: () => T | undefined | false): Promise<T> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > giveUpAt) throw new Error('never');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process in a group of its own that runs a shell command, as a component does. */
function start(name: string, command: string): StartedProcess {
  const child = spawn('sh', ['-c', command], { detached: true, cwd: root, stdio: 'ignore' });
  children.push(child);
  const identity = identify(child.pid!);
  if (identity === undefined) throw new Error('it did not start');
  return {
    ...identity,
    name,
    startedAt: new Date().toISOString(),
    port: null,
    url: 'http://127.0.0.1:1',
    log: '/none',
  };
}

const runs = (pid: number) => readProcesses().some((candidate) => candidate.pid === pid);
const membersOf = (group: number) => readProcesses().filter((candidate) => candidate.group === group);

describe('the table of processes', () => {
  it('reads /proc/PID/stat, whatever the name of the program', () => {
    const fields = `R 7 99 99 0 -1 4194304 1 0 0 0 5 6 0 0 20 0 30 0 987654 3137836000 54962 18446744073709551615`;
    const expected = { pid: 42, group: 99, started: 'boot:987654', residentBytes: 54_962 * 4096 };
    expect(parseStat(`42 (java) ${fields}`, 'boot')).toEqual(expected);
    expect(parseStat(`42 (a) R (b c) ${fields}`, 'boot')).toEqual(expected);
    expect(parseStat(`42 (java) ${fields.replace('R', 'Z')}`, 'boot'), 'it has ended').toBeUndefined();
    expect(parseStat('', 'boot')).toBeUndefined();
  });

  it('reads what ps says where there is no /proc', () => {
    const text =
      '    1     1  12 Ss   Tue Nov 24 08:00:00 2026\n  42 40 2048 S+ Tue Nov 24 16:00:01 2026\n 43 40 0 Z x\n';
    expect(parsePs(text)).toEqual([
      { pid: 1, group: 1, residentBytes: 12_288, started: 'Tue Nov 24 08:00:00 2026' },
      { pid: 42, group: 40, residentBytes: 2_097_152, started: 'Tue Nov 24 16:00:01 2026' },
    ]);
    expect(readProcesses('/nowhere').map(({ pid }) => pid)).toContain(process.pid);
  });

  it('has this process, the same each time', () => {
    const own = identify(process.pid);
    expect(own).toEqual(identify(process.pid));
    expect(own?.started).not.toBe(identify(process.ppid)?.started);
  });
});

describe('ending', () => {
  it('ends the last first, each with what it has started, and waits', async () => {
    const first = start('master', 'sleep 300');
    const second = start('worker-1', 'sleep 300 & sleep 300');
    await until(() => membersOf(second.pid).length === 3);
    const names: string[] = [];
    expect(await endProcesses([first, second], { root, onStop: (name) => names.push(name) })).toEqual([]);
    expect(names).toEqual(['worker-1', 'master']);
    expect([...membersOf(first.pid), ...membersOf(second.pid)]).toEqual([]);
  });

  it('kills what does not want to end', async () => {
    const stubborn = start('connect', 'trap "" TERM; touch ready; while :; do sleep 1; done');
    await until(() => execFileSync('ls', [root], { encoding: 'utf8' }).includes('ready'));
    expect(await endProcesses([stubborn], { root, patienceMs: 200 })).toEqual([]);
    expect(runs(stubborn.pid)).toBe(false);
  });

  it('leaves alone whoever has the number by now', async () => {
    const other = start('other', 'sleep 300');
    const recycled = { ...other, name: 'master', started: `${other.started}0` };
    expect(observe([recycled], root)).toMatchObject([{ running: undefined, others: [] }]);
    const names: string[] = [];
    await endProcesses([recycled], { root, onStop: (name) => names.push(name) });
    expect(names).toEqual([]);
    expect(runs(other.pid)).toBe(true);
  });

  it('ends what a killed one left in its group, if it works in the directory of the cluster', async () => {
    mkdirSync(join(root, 'work'));
    const worker = start('worker-1', '(cd work && exec sleep 300) & (cd / && exec sleep 300) & wait');
    const inWork = (member: { pid: number }) =>
      execFileSync('readlink', [`/proc/${member.pid}/cwd`], { encoding: 'utf8' }).trim() === join(root, 'work');
    await until(() => membersOf(worker.pid).filter((member) => runs(member.pid)).length === 3);
    const executor = await until(() => membersOf(worker.pid).find(inWork));
    process.kill(worker.pid, 'SIGKILL');
    await until(() => !runs(worker.pid));
    const [seen] = observe([worker], root);
    expect(seen?.running).toBeUndefined();
    expect(seen?.others.map(({ pid }) => pid)).toEqual([executor.pid]);
  });
});

const STATE: ClusterState = {
  version: STATE_VERSION,
  phase: 'running',
  startedAt: '2026-11-24T16:00:00.000Z',
  size: { workers: 1, cores: 1, memoryMebibytes: 512 },
  ports: { master: 1, masterUi: 2, workerUis: [3], connect: 4, ui: 5 },
  connectUrl: 'sc://127.0.0.1:4',
  needsToken: false,
  sparkHome: '/spark',
  jar: '/a.jar',
  processes: [],
};

describe('the state file', () => {
  it('is read as it was written, for its owner alone', () => {
    const file = join(root, 'below', 'cluster.json');
    expect(readState(file)).toBeUndefined();
    writeState(file, STATE);
    expect(readState(file)).toEqual(STATE);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"version":2,"processes":[]}',
    '{"version":1,"processes":[{"pid":1,"started":"x","name":"y"}]}',
    '{"version":1,"processes":[{"pid":"42","started":"x","name":"y"}]}',
    '{"version":1,"processes":[{"pid":42,"name":"y"}]}',
  ])('%j is not taken for one: nobody is ended by it', (text) => {
    const file = join(root, 'cluster.json');
    writeFileSync(file, text);
    expect(() => readState(file)).toThrow(/is not what "millrace spark up" writes/);
  });
});

describe('the lock', () => {
  it('is held by one, and by the next when that one is done', () => {
    const file = join(root, 'lock');
    const unlock = takeLock(file, 'starting a cluster');
    expect(() => takeLock(file, 'ending a cluster')).toThrow(
      `process ${process.pid} is starting a cluster there already`,
    );
    unlock();
    takeLock(file, 'ending a cluster')();
  });

  it('of a process that was killed is nobody’s', () => {
    const file = join(root, 'lock');
    writeFileSync(file, JSON.stringify({ ...identify(process.pid), started: 'before', doing: 'starting a cluster' }));
    takeLock(file, 'starting a cluster')();
    writeFileSync(file, 'cut sh');
    takeLock(file, 'starting a cluster')();
  });
});

describe('an attached process', () => {
  it('ends with the one that has started it, even by kill -9', async () => {
    const launcher = fileURLToPath(new URL('../src/spark/launch.ts', import.meta.url));
    const script = `import { launch } from ${JSON.stringify(launcher)};
      const log = ${JSON.stringify(join(root, 'x.log'))};
      const component = { name: 'x', command: 'sh', argumentList: ['-c', 'sleep 300 & echo $$ > pid; wait'],
        environment: process.env, port: null, url: '', log, output: log + '.out', ready: /x/ };
      launch(component, ${JSON.stringify(root)}, 'attached');`;
    const file = join(root, 'launch.mts');
    writeFileSync(file, script);
    const parent = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', file], {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    children.push(parent);
    const pid = await until(() => {
      try {
        return Number(readFileSync(join(root, 'pid'), 'utf8')) || undefined;
      } catch {
        return undefined;
      }
    });
    const group = readProcesses().find((candidate) => candidate.pid === pid)?.group;
    expect(group).toBeDefined();
    expect(group).not.toBe(parent.pid);
    expect(membersOf(group!).length).toBeGreaterThan(2);
    process.kill(parent.pid!, 'SIGKILL');
    await until(() => membersOf(group!).length === 0);
  });
});

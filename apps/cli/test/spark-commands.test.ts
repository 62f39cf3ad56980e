/**
 * `spark up`, `status` and `down` with a Spark that only says what the real one says: real processes of a shell, real ports.
 * conformance/spark-local.mjs has the real one.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/main.js';
import { startLocalSpark } from '../src/spark/local-spark.js';
import { readProcesses } from '../src/spark/process-table.js';
import { fakeTerminal } from './fake-terminal.js';

const stage = vi.hoisted(() => ({ sparkHome: '' }));

vi.mock('../src/spark/python-environment.js', () => ({
  ensureSpark: async () => stage.sparkHome,
  pythonOf: (environment: string) => environment,
}));

/** Says "ready" in its log, as the real ones do, listens nowhere, and runs on. `fail-NAME` in SPARK_HOME makes one fail. */
const FAKE = `#!/bin/sh
case "$*" in
*master.Master*) name=master; line='I have been elected leader! New state: ALIVE' ;;
*worker.Worker*) name=worker; line='Successfully registered with master spark://127.0.0.1:7077' ;;
*) name=connect; line='Spark Connect server started at: 127.0.0.1:15002' ;;
esac
if [ -f "$SPARK_HOME/fail-$name" ]; then
  echo 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space' >&2
  exit 1
fi
[ -f "$SPARK_HOME/slow-$name" ] || echo "INFO: $line" >>"$MILLRACE_SPARK_LOG"
exec sleep 300
`;

let root: string;
let environment: Readonly<Record<string, string>>;
let cluster: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-spark-commands-')));
  cluster = join(root, 'cache/millrace/spark');
  stage.sparkHome = join(root, 'spark');
  mkdirSync(join(stage.sparkHome, 'bin'), { recursive: true });
  for (const name of ['spark-class', 'spark-submit']) writeFileSync(join(stage.sparkHome, 'bin', name), FAKE);
  for (const name of ['spark-class', 'spark-submit']) chmodSync(join(stage.sparkHome, 'bin', name), 0o755);
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin/java'), `#!/bin/sh\necho 'openjdk version "17.0.15"' >&2\n`, { mode: 0o755 });
  writeFileSync(join(root, 'amqp.jar'), 'jar');
  environment = { PATH: `${join(root, 'bin')}:${process.env.PATH}`, XDG_CACHE_HOME: join(root, 'cache') };
});

afterEach(async () => {
  await main(['spark', 'down'], fakeTerminal({ environment }));
  rmSync(root, { recursive: true, force: true });
});

const PORTS = ['--master-port', '0', '--master-ui-port', '0', '--worker-ui-port', '0', '--connect-port', '0'];

async function spark(...argumentList: string[]) {
  const terminal = fakeTerminal({ environment });
  const code = await main(['spark', ...argumentList], terminal);
  return { code, output: terminal.output(), notes: terminal.notes() };
}

const up = (...more: string[]) => spark('up', ...PORTS, '--ui-port', '0', '--jar', join(root, 'amqp.jar'), ...more);

interface Shown {
  readonly state: string;
  readonly connectUrl: string;
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly state: string }[];
}

async function shown(): Promise<Shown & { readonly code: number }> {
  const { code, output } = await spark('status', '-o', 'json');
  return { code, ...(JSON.parse(output) as Shown) };
}

const runs = (pid: number) => readProcesses().some((candidate) => candidate.pid === pid);

describe('spark up', () => {
  it('starts all, tells where, and its URL is the only data', async () => {
    const { code, notes, output } = await up('--workers', '2');
    expect(code, notes).toBe(0);
    expect(output).toMatch(/^sc:\/\/127\.0\.0\.1:\d+\n$/);
    expect(notes).toMatch(/starting Spark: master, 2 workers, Connect server/);
    expect(notes).toContain(`--spark-checkpoints ${cluster}/checkpoints`);
    const { processes, connectUrl } = await shown();
    expect(`${connectUrl}\n`).toBe(output);
    expect(processes.map(({ name }) => name)).toEqual(['master', 'worker-1', 'worker-2', 'connect']);
    expect(processes.every(({ pid }) => runs(pid))).toBe(true);
    expect(existsSync(join(cluster, 'lock'))).toBe(false);
    expect(readFileSync(join(cluster, 'spark-amqp.jar'), 'utf8')).toBe('jar');
  });

  it('again: it runs, nothing is started; otherwise than it runs is a conflict', async () => {
    const first = await up();
    const before = await shown();
    const second = await up();
    expect(second).toMatchObject({ code: 0, output: first.output });
    expect(second.notes).toContain('Spark is running already.');
    expect((await shown()).processes.map(({ pid }) => pid)).toEqual(before.processes.map(({ pid }) => pid));
    for (const more of [
      ['--connect-port', '1'],
      ['--cores', '7'],
      ['--memory', '3GiB'],
      ['--token', 'x'],
    ]) {
      const conflict = await up(...more);
      expect(conflict.code).toBe(5);
      expect(conflict.notes).toContain(`with another ${more[0]}`);
    }
  });

  it('where a part has ended: what is left is ended, all is started anew', async () => {
    await up();
    const { processes } = await shown();
    process.kill(processes[1]!.pid, 'SIGKILL');
    await vi.waitFor(() => expect(runs(processes[1]!.pid)).toBe(false));
    expect(await up()).toMatchObject({ code: 0, notes: expect.stringContaining('worker-1 ended; starting all anew.') });
    expect(processes.some(({ pid }) => runs(pid))).toBe(false);
    expect((await shown()).processes.every(({ pid }) => runs(pid))).toBe(true);
  });

  it.each(['master', 'worker', 'connect'])('whose %s fails: the reason, and nothing is left', async (name) => {
    writeFileSync(join(stage.sparkHome, `fail-${name}`), '');
    const { code, notes, output } = await up();
    expect([code, output]).toEqual([1, '']);
    expect(notes).toMatch(/Spark's \S+ ended with exit code 1: it ran out of memory: Java heap space\n {2}log: \//);
    expect((await spark('status')).code).toBe(4);
    expect(readProcesses().filter(({ pid }) => commandLine(pid).includes(root))).toEqual([]);
  });

  it('interrupted while it starts: 130, and nothing is left', async () => {
    writeFileSync(join(stage.sparkHome, 'slow-worker'), '');
    const terminal = fakeTerminal({ environment });
    const starting = main(['spark', 'up', ...PORTS, '--ui-port', '0', '--jar', join(root, 'amqp.jar')], terminal);
    const seen = await vi.waitFor(async () => {
      const now = await shown();
      expect(now.processes).toHaveLength(3);
      return now;
    }, 20_000);
    expect(seen).toMatchObject({ state: 'starting', code: 1 });
    const second = await up();
    expect([second.code, second.notes]).toEqual([5, expect.stringContaining('is starting a cluster there already')]);
    terminal.interrupt();
    expect(await starting).toBe(130);
    expect(seen.processes.some(({ pid }) => runs(pid))).toBe(false);
    expect((await spark('status')).code).toBe(4);
  });

  it('with a token says so and writes it nowhere', async () => {
    const { code, notes, output } = await up('--token', 'a-secret');
    expect(code).toBe(0);
    expect(notes).toContain('Clients need the token');
    expect(notes + output).not.toContain('a-secret');
    expect(readFileSync(join(cluster, 'cluster.json'), 'utf8')).not.toContain('a-secret');
  });
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

describe('spark status', () => {
  it('4 where there is none', async () => {
    expect(await spark('status')).toMatchObject({
      code: 4,
      output: '',
      notes: expect.stringContaining('millrace spark up'),
    });
  });

  it('a process whose port answers nobody is silent, one that has ended has the reason of its log', async () => {
    await up();
    const before = await shown();
    expect(before).toMatchObject({ state: 'partly', code: 1 });
    expect(before.processes.map(({ state }) => state)).toEqual(['silent', 'silent', 'silent']);
    const [master] = before.processes;
    writeFileSync(join(cluster, 'logs/master.log'), 'ERROR Master: No space left on device');
    process.kill(master!.pid, 'SIGKILL');
    await vi.waitFor(() => expect(runs(master!.pid)).toBe(false));
    const { code, notes, output } = await spark('status');
    expect(code).toBe(1);
    expect(output).toMatch(/^PROCESS +PID +STATE +PORT +URL +UPTIME +MEMORY\nmaster +\d+ +ended/);
    expect(notes).toContain('master: ended: the disk is full (');
  });

  it('a state that is none of ours is refused', async () => {
    mkdirSync(cluster, { recursive: true });
    writeFileSync(join(cluster, 'cluster.json'), '{"pids":[1]}');
    for (const command of ['status', 'down', 'up']) expect((await spark(command)).code).toBe(1);
    rmSync(join(cluster, 'cluster.json'));
  });
});

describe('spark down', () => {
  it('ends all, and then there is none', async () => {
    await up();
    const { processes } = await shown();
    expect(await spark('down')).toMatchObject({ code: 0, notes: expect.stringContaining('3 processes ended.') });
    expect(processes.some(({ pid }) => runs(pid))).toBe(false);
    expect(await spark('down')).toMatchObject({ code: 0, notes: 'No Spark runs there.\n' });
    expect(existsSync(join(cluster, 'checkpoints'))).toBe(true);
  });
});

describe('serve', () => {
  it('--processing spark without a URL takes the cluster that runs here', async () => {
    expect(await main(['serve', '--processing', 'spark'], fakeTerminal({ environment }))).toBe(2);
    await up();
    const { processingOf } = await import('../src/commands/spark-processing.js');
    const { connectUrl } = await shown();
    const terminal = fakeTerminal({ environment });
    const checkpoints = join(cluster, 'checkpoints');
    const expected = { plane: 'spark', connect: connectUrl, checkpoints };
    expect(processingOf(terminal, { processing: 'spark' })).toEqual(expected);
    const withToken = `${connectUrl}/;token=x`;
    expect(processingOf(terminal, { processing: 'spark', spark: withToken })).toEqual({
      ...expected,
      connect: withToken,
    });
    expect(() => processingOf(terminal, { processing: 'spark', spark: 'sc://elsewhere:1' })).toThrow(
      /keep their progress/,
    );
  });
});

describe('a cluster for this process alone', () => {
  it('has ports and a directory of its own, and is gone after stop', async () => {
    const lines: string[] = [];
    const local = await startLocalSpark({
      environment,
      say: (line) => lines.push(line),
      signal: new AbortController().signal,
      jar: join(root, 'amqp.jar'),
    });
    expect(local.connectUrl).toMatch(/^sc:\/\/127\.0\.0\.1:\d+$/);
    expect(existsSync(local.checkpointsDirectory)).toBe(true);
    const directory = join(local.checkpointsDirectory, '..');
    const own = readProcesses().filter(({ pid }) => commandLine(pid).includes(directory));
    expect(own.length).toBeGreaterThanOrEqual(3);
    await local.stop();
    expect(own.filter(({ pid }) => runs(pid))).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it('that does not start leaves nothing behind', async () => {
    writeFileSync(join(stage.sparkHome, 'fail-connect'), '');
    const signal = new AbortController().signal;
    const starting = startLocalSpark({ environment, say: () => {}, signal, jar: join(root, 'amqp.jar') });
    await expect(starting).rejects.toThrow(/Spark's connect ended/);
    expect(readProcesses().filter(({ pid }) => commandLine(pid).includes(stage.sparkHome))).toEqual([]);
  });
});

/**
 * `node conformance/spark-demo.mjs [CHECK]`: `npm start -- --processing spark` on real Spark. Each window's maximum and count
 * are compared with the walk that the seed gives; nothing may be left running, however the demo ends. At the end the
 * time from the job's application to its first result on a warm cluster is printed, with the load average: a figure, not a
 * check. The last line is `N passed, N failed`. An argument is a part of the checks' names. It needs Java 17 and Python 3, and
 * Maven where the connector is not built.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MILLRACE = join(ROOT, 'apps/cli/bin/millrace.js');
const FREE_PORTS = ['--amqp-port', '0', '--mqtt-port', '0', '--http-port', '0'];
const SEED = 7;
/** Where demos of this run put their files: what works there is theirs. */
const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-spark-demo-')));

let passed = 0;
let failed = 0;

function must(condition, what) {
  if (!condition) throw new Error(what);
}

async function check(name, body) {
  if (!name.includes(process.argv[2] ?? '')) return;
  const began = Date.now();
  try {
    await body();
    passed++;
    console.log(`ok   ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error.message}`);
  }
}

/** A program whose lines are kept with the times of their coming. */
class Program {
  stdout = [];
  stderr = [];

  constructor(command, argumentList) {
    this.child = spawn(command, argumentList, {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const name of ['stdout', 'stderr']) {
      let rest = '';
      this.child[name].setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines) this[name].push({ line, at: Date.now() });
      });
    }
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => resolve(code ?? signal)));
  }

  get notes() {
    return this.stderr.map(({ line }) => line).join('\n');
  }

  async until(pattern, timeoutMs = 300_000) {
    const giveUpAt = Date.now() + timeoutMs;
    for (;;) {
      const found = this.stderr.find(({ line }) => pattern.test(line));
      if (found !== undefined) return found;
      must(this.child.exitCode === null && this.child.signalCode === null, `it ended: ${this.notes}`);
      must(Date.now() < giveUpAt, `no ${pattern}: ${this.notes}`);
      await sleep(100);
    }
  }
}

/** Processes that work in the directory of this run. */
function leftOver() {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(`SPARK_CONF_DIR=${temporary}`);
    } catch {
      return false;
    }
  });
}

async function nothingIsLeft(withinMs = 10_000) {
  const giveUpAt = Date.now() + withinMs;
  while (leftOver().length > 0 && Date.now() < giveUpAt) await sleep(200);
  must(leftOver().length === 0, `still running: ${leftOver()}`);
}

/** The readings are taken off the walk in the order in which they were sent, so the windows cut it into pieces. */
async function compare(lines, sent) {
  const { simulateTemperatures } = await import(join(ROOT, 'apps/cli/dist/simulation/temperatures.js'));
  const walk = simulateTemperatures(SEED);
  const windows = lines.map(({ line }) => JSON.parse(line)).sort((a, b) => (a.window_start < b.window_start ? -1 : 1));
  must(new Set(windows.map((window) => window.window_start)).size === windows.length, 'a window came twice');
  let counted = 0;
  for (const { window_start: start, window_end: end, max, readings } of windows) {
    must(Date.parse(`${end}Z`) - Date.parse(`${start}Z`) === 5000, `${start} to ${end} is not 5 s`);
    const expected = Math.max(...Array.from({ length: readings }, () => walk.next()));
    must(max === expected, `${start}: the maximum is ${max}, and should be ${expected} of ${readings} readings`);
    counted += readings;
  }
  must(counted === sent, `${counted} readings are counted in windows, ${sent} were sent`);
  return windows.length;
}

const npmStart = (...more) =>
  new Program(process.execPath, ['scripts/start.mjs', '--processing', 'spark', ...FREE_PORTS, '--seed', SEED, ...more]);

await check('npm start -- --processing spark: every window is right, the last one included', async () => {
  const seconds = process.env.MILLRACE_DEMO_SECONDS ?? '30';
  const demo = npmStart('--for', `${seconds}s`, '--output', 'json');
  const code = await demo.ended;
  must(code === 0, `exit code ${code}: ${demo.notes}`);
  const sent = Number(/Sent (\d+) readings? over AMQP/.exec(demo.notes)?.[1]);
  const windows = await compare(demo.stdout, sent);
  must(windows >= Number(seconds) / 5, `only ${windows} windows`);
  must(readdirSync(temporary).length === 0, `left: ${readdirSync(temporary)}`);
  await nothingIsLeft();
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGKILL', 'SIGKILL'],
]) {
  await check(`the demo ended by ${signal} leaves no process of Spark`, async () => {
    const demo = npmStart('--for', '300s');
    await demo.until(/millrace ready/);
    must(leftOver().length >= 3, 'no process of Spark was found');
    demo.child.kill(signal);
    const code = await demo.ended;
    must(code === expected, `exit code ${code}: ${demo.notes}`);
    await nothingIsLeft(signal === 'SIGINT' ? 0 : 10_000);
  });
}

await check('a Spark that runs already: the job is applied and gives results there, twice', async () => {
  const cluster = join(temporary, 'cluster');
  const ports = ['--master-port', '0', '--master-ui-port', '0', '--worker-ui-port', '0', '--connect-port', '0'];
  const up = new Program(process.execPath, [
    MILLRACE,
    'spark',
    'up',
    '--directory',
    cluster,
    ...ports,
    '--ui-port',
    '0',
  ]);
  must((await up.ended) === 0, up.notes);
  const connect = up.stdout[0].line;
  try {
    for (const round of ['first', 'warm']) {
      const demo = npmStart('--spark', connect, '--for', '20s', '--output', 'json');
      const { at } = await demo.until(/millrace ready/);
      const code = await demo.ended;
      must(code === 0, `exit code ${code}: ${demo.notes}`);
      await compare(demo.stdout, Number(/Sent (\d+) readings? over AMQP/.exec(demo.notes)?.[1]));
      const seconds = ((demo.stdout[0].at - at) / 1000).toFixed(1);
      console.log(`     job applied to first result, ${round}: ${seconds} s, load average ${loadavg()[0].toFixed(1)}`);
    }
  } finally {
    const down = new Program(process.execPath, [MILLRACE, 'spark', 'down', '--directory', cluster]);
    must((await down.ended) === 0, down.notes);
  }
  await nothingIsLeft(0);
});

rmSync(temporary, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

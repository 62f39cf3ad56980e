/**
 * `node conformance/spark-local.mjs [CHECK]`: `millrace spark up`, `status` and `down` with real processes of Spark, on free
 * ports and in a directory of its own: started, shown, asked for twice, ended; parts of it killed; a start that is cut short;
 * what it says where something is missing. The last line is `N passed, N failed`. An argument is a part of the checks' names.
 * It needs Java 17 and Python 3, Maven where the connector is not built, and a built Millrace.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MILLRACE = process.env.MILLRACE_BIN ?? join(ROOT, 'apps/cli/bin/millrace.js');
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-spark-local-')));
const cluster = join(directory, 'cluster');
const FREE_PORTS = ['--master-port', '0', '--master-ui-port', '0', '--worker-ui-port', '0', '--connect-port', '0'];
const UP = ['up', '--directory', cluster, ...FREE_PORTS, '--ui-port', '0', '--cores', '1', '--memory', '512MiB'];

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

/** Runs `millrace spark …` to its end; `whileRunning` may act on it. */
function spark(argumentList, options = {}) {
  const child = spawn(process.execPath, [MILLRACE, 'spark', ...argumentList], {
    cwd: directory,
    env: options.environment ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    if (process.argv.includes('--verbose')) process.stderr.write(text);
  });
  options.whileRunning?.(child, () => stderr);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function sparkWell(argumentList, code = 0) {
  const result = await spark(argumentList);
  must(result.code === code, `spark ${argumentList[0]} ended with ${result.code}, not ${code}: ${result.stderr}`);
  return result;
}

async function report(code = 0) {
  return JSON.parse((await sparkWell(['status', '--directory', cluster, '-o', 'json'], code)).stdout);
}

/** The state that a process has, as /proc tells it; undefined when it has ended. */
function runs(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)[0] !== 'Z';
  } catch {
    return false;
  }
}

async function until(what, probe, timeoutMs = 60_000) {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    must(Date.now() < giveUpAt, `not within ${timeoutMs} ms: ${what}`);
    await sleep(200);
  }
}

function pidOf(shown, name) {
  const found = shown.processes.find((candidate) => candidate.name === name);
  must(found !== undefined, `no process "${name}"`);
  return found.pid;
}

/** The daemons of what `status` has shown. */
function pidsOf(shown) {
  return shown.processes.map(({ pid }) => pid);
}

/** Node alone, to be the whole PATH. */
function pathWith(...programs) {
  const path = mkdtempSync(join(directory, 'bin-'));
  symlinkSync(process.execPath, join(path, 'node'));
  for (const [name, text] of programs) writeFileSync(join(path, name), text, { mode: 0o755 });
  return path;
}

async function checkMissing() {
  const environment = { HOME: directory };
  await check('without Java it says what to install', async () => {
    const { code, stderr } = await spark(UP, { environment: { ...environment, PATH: pathWith() } });
    must(code === 1, `ended with ${code}`);
    must(/needs Java 17, and there is none/.test(stderr), stderr);
    must(/try: .*(openjdk|java|Java)/.test(stderr), `says not what to install: ${stderr}`);
  });

  await check('with a Java that is too old it says so', async () => {
    const PATH = pathWith(['java', '#!/bin/sh\necho \'openjdk version "11.0.2"\' >&2\n']);
    const { code, stderr } = await spark(UP, { environment: { ...environment, PATH } });
    must(code === 1 && /"java" is version 11/.test(stderr), stderr);
  });

  await check('a port that is in use is named with its flag', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await until('listening', () => server.listening);
    const { port } = server.address();
    const { code, stderr } = await spark([...UP, '--connect-port', String(port)]);
    server.close();
    must(code === 1, `ended with ${code}`);
    must(stderr.includes(`port ${port} is in use; choose another with --connect-port <port>`), stderr);
  });

  await check('a jar that is not there is not found', async () => {
    const { code, stderr } = await spark([...UP, '--jar', join(directory, 'no.jar')]);
    must(code === 4 && /no file .*no\.jar/.test(stderr), `${code} ${stderr}`);
  });

  await check('status and down where nothing runs', async () => {
    const { stderr } = await sparkWell(['status', '--directory', cluster], 4);
    must(/try: millrace spark up/.test(stderr), stderr);
    await sparkWell(['down', '--directory', cluster]);
  });
}

async function checkWhole() {
  let shown;
  await check('up: ready, its URL is the only data', async () => {
    const { stderr, stdout } = await sparkWell(UP);
    must(/^sc:\/\/127\.0\.0\.1:\d+\n$/.test(stdout), `data: ${stdout}`);
    must(/Next: millrace serve --processing spark --spark sc:/.test(stderr), stderr);
    shown = await until('an executor', async () => {
      const now = await report();
      return now.processes.some(({ name }) => name === 'executor of worker-1') && now;
    });
    must(shown.state === 'running' && stdout.startsWith(shown.connectUrl), JSON.stringify(shown));
    for (const { name, residentBytes } of shown.processes)
      must(residentBytes > 50e6, `${name}: ${residentBytes} bytes`);
    for (const { url } of shown.processes) if (url !== null) must((await fetch(url)).ok, `no page at ${url}`);
  });

  await check('its processes listen on the loopback address alone', async () => {
    const inodes = new Set(shown.processes.flatMap(({ pid }) => socketsOf(pid)));
    const open = listening().filter(({ inode }) => inodes.has(inode));
    must(open.length >= 5, `only ${open.length} sockets were found`);
    const elsewhere = open.filter(({ address }) => !LOOPBACKS.includes(address));
    must(elsewhere.length === 0, JSON.stringify(elsewhere));
  });

  await check('up again: it runs already, and nothing is started', async () => {
    const { stderr, stdout } = await sparkWell(UP);
    must(/running already/.test(stderr) && stdout.trim() === shown.connectUrl, stderr);
    must(String(pidsOf(await report())) === String(pidsOf(shown)), 'other processes');
  });

  await check('up with another port while it runs is a conflict', async () => {
    const { stderr } = await sparkWell(['up', '--directory', cluster, '--connect-port', '1'], 5);
    must(/with another --connect-port/.test(stderr), stderr);
  });

  await check('down: all have ended, and so has nobody else', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {
      detached: true,
      stdio: 'ignore',
    });
    const { stderr } = await sparkWell(['down', '--directory', cluster]);
    const alive = pidsOf(shown).filter(runs);
    must(alive.length === 0, `still there: ${alive}`);
    must(runs(bystander.pid), 'a process of somebody else has ended');
    bystander.kill('SIGKILL');
    must(/3 processes ended/.test(stderr), stderr);
    await sparkWell(['status', '--directory', cluster], 4);
  });
}

const LOOPBACKS = ['0100007F', '0000000000000000FFFF00000100007F', '00000000000000000000000001000000'];

function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, name)))?.[1] ?? [];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

function listening() {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'latin1')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // 0A is LISTEN.
      .filter((fields) => fields[3] === '0A')
      .map((fields) => ({ address: fields[1].split(':')[0], inode: fields[9] })),
  );
}

async function checkBroken() {
  await check('a worker that is killed: status says so, up starts all anew', async () => {
    await sparkWell(UP);
    const before = await report();
    process.kill(pidOf(before, 'worker-1'), 'SIGKILL');
    const after = await until('status sees it', async () => {
      const { code, stdout, stderr } = await spark(['status', '--directory', cluster, '-o', 'json']);
      return code === 1 && { ...JSON.parse(stdout), stderr };
    });
    const worker = after.processes.find(({ name }) => name === 'worker-1');
    must(after.state === 'partly' && worker.state === 'ended', JSON.stringify(after));
    must(/^worker-1: ended/m.test(after.stderr), after.stderr);
    const { stderr } = await sparkWell(UP);
    must(/worker-1 ended; starting all anew/.test(stderr), stderr);
    must((await report()).state === 'running', 'not whole');
    must(!runs(pidOf(before, 'master')), 'the master of before still runs');
  });

  await check('a number that another process has by now is not ended', async () => {
    const before = await report();
    process.kill(pidOf(before, 'connect'), 'SIGKILL');
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {
      detached: true,
      stdio: 'ignore',
    });
    const file = join(cluster, 'cluster.json');
    const state = JSON.parse(readFileSync(file, 'utf8'));
    const connect = state.processes.find(({ name }) => name === 'connect');
    connect.pid = bystander.pid;
    writeFileSync(file, JSON.stringify(state));
    await sparkWell(['down', '--directory', cluster]);
    must(runs(bystander.pid), 'it was ended');
    bystander.kill('SIGKILL');
    must(!pidsOf(before).some(runs), 'something is left');
  });

  for (const signal of ['SIGINT', 'SIGKILL']) {
    await check(`a start that is cut short by ${signal} leaves nothing behind`, async () => {
      let pids = [];
      const whileRunning = (child) =>
        until('the master runs', async () => {
          const { code, stdout } = await spark(['status', '--directory', cluster, '-o', 'json']);
          if (code === 4 || stdout === '') return false;
          pids = pidsOf(JSON.parse(stdout));
          return pids.length > 0 && child.kill(signal);
        }).catch(() => child.kill('SIGKILL'));
      const { code } = await spark(UP, { whileRunning });
      if (signal === 'SIGINT') must(code === 130, `ended with ${code}`);
      else await sparkWell(['down', '--directory', cluster]);
      must(pids.length > 0 && !pids.some(runs), `still there: ${pids.filter(runs)}`);
      await sparkWell(['status', '--directory', cluster], 4);
    });
  }

  await check('a Connect server that does not start: the reason out of its log, and nothing is left', async () => {
    const java = execFileSync('which', ['java'], { encoding: 'utf8' }).trim();
    // The Java of the path only makes the command; with another exit code than 0 nothing is started.
    const wrapper = `#!/bin/sh
case "$*" in
*SparkConnectServer*) echo 'Error: Could not reserve enough space for object heap' >&2; exit 1 ;;
esac
exec ${java} "$@"
`;
    const PATH = `${pathWith(['java', wrapper])}:${process.env.PATH}`;
    const { JAVA_HOME: _, ...others } = process.env;
    const { code, stderr } = await spark(UP, { environment: { ...others, PATH } });
    const reason = /Spark's connect ended with exit code 1: the machine has too little memory for it\n {2}log: \//;
    must(code === 1 && reason.test(stderr), `${code} ${stderr}`);
    await sparkWell(['status', '--directory', cluster], 4);
    must(!javas().some((line) => line.includes(cluster)), `left: ${javas()}`);
  });
}

function javas() {
  return execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('java'));
}

mkdirSync(cluster, { recursive: true });
try {
  await checkMissing();
  await checkWhole();
  await checkBroken();
} finally {
  await spark(['down', '--directory', cluster]);
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

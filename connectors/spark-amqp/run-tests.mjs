#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * All tests of the connector: the jar is made with its unit tests, PySpark is installed once (.cache, shared with
 * conformance/spark-sql, about 500 MB), and the jar runs in it against Millrace and against RabbitMQ. The last line is
 * `N passed, N failed`. An argument is a part of the integration tests' lines: `run-tests.mjs rabbitmq`. It needs Java 17,
 * Maven, Python 3 with venv, and a built Millrace (it builds one when there is none); RabbitMQ is installed from Debian
 * where it can be, and its tests are left out where not.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const environment = join(root, '.cache/spark-sql-venv');
const python = join(environment, 'bin/python');
const REQUIREMENT = 'pyspark==4.3.*';
const MAVEN_TEST_LINE = /Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$/;

let passed = 0;
let failed = 0;

function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

function fail(message) {
  console.log(`spark-amqp: ${message}`);
  failed++;
  finish();
}

/** Runs a command with a line every 15 seconds; gives its exit code and its output. */
function run(what, command, args, options = {}) {
  const began = Date.now();
  console.log(`spark-amqp: ${what}`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-100_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const progress = setInterval(
    () => console.log(`spark-amqp: ${what}, ${Math.round((Date.now() - began) / 1000)} s`),
    15_000,
  );
  return new Promise((resolve) => {
    child.on('error', (error) => keep(error.message));
    child.on('close', (code) => {
      clearInterval(progress);
      resolve({ code: code ?? 1, output });
    });
  });
}

function lastLines(output) {
  return output.trim().split('\n').slice(-4).join(' | ');
}

async function buildJar() {
  const { code, output } = await run('building the jar and running its unit tests', 'mvn', ['-B', 'package'], {
    cwd: here,
  });
  const summary = output
    .split('\n')
    .reverse()
    .map((line) => MAVEN_TEST_LINE.exec(line))
    .find((match) => match !== null);
  if (summary) {
    const [total, failures, errors, skipped] = summary.slice(1).map(Number);
    failed += failures + errors;
    passed += total - failures - errors - skipped;
  }
  if (code !== 0) {
    const problems = output.split('\n').filter((line) => line.includes('ERROR'));
    fail(`mvn package failed: ${problems.slice(0, 10).join('\n')}`);
  }
  const jar = readdirSync(join(here, 'target')).find((name) => /^spark-amqp-.*\.jar$/.test(name));
  return join(here, 'target', jar);
}

/** The marker is written last, so an environment that was cut short is made again. */
async function installSpark() {
  const marker = join(environment, 'installed');
  if (existsSync(marker)) return;
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(dirname(environment), { recursive: true });
  const made = await run('making a Python environment', 'python3', ['-m', 'venv', environment]);
  if (made.code !== 0) fail(`python3 -m venv failed: ${lastLines(made.output)}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', REQUIREMENT];
  const installed = await run(`installing ${REQUIREMENT} into .cache (once, about 500 MB)`, python, pip);
  if (installed.code !== 0) fail(`pip install failed: ${lastLines(installed.output)}`);
  writeFileSync(marker, `${REQUIREMENT}\n`);
}

async function buildMillrace() {
  if (existsSync(join(root, 'apps/cli/dist/main.js'))) return;
  const { code, output } = await run('building Millrace', 'npm', ['run', 'build']);
  if (code !== 0) fail(`npm run build failed: ${lastLines(output)}`);
}

/** RUNLEVEL=1 keeps Debian from starting its own broker on the well-known port. */
async function installRabbit() {
  if (existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')) return;
  if (process.getuid?.() !== 0 || spawnSync('which', ['apt-get']).status !== 0) return;
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' };
  await run('updating the lists of Debian', 'apt-get', ['update', '-q'], { env });
  const args = ['install', '-y', '-q', '--no-install-recommends', 'rabbitmq-server'];
  const { code, output } = await run('installing RabbitMQ', 'apt-get', args, { env });
  if (code !== 0) console.log(`spark-amqp: RabbitMQ cannot be installed: ${lastLines(output)}`);
}

function runSuite(jar, only) {
  const args = [join(here, 'integration/suite.py'), '--jar', jar, '--only', only];
  const env = { ...process.env, SPARK_LOCAL_IP: '127.0.0.1', PYTHONDONTWRITEBYTECODE: '1' };
  const suite = spawn(python, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let rest = '';
  let errors = '';
  let counted = false;
  suite.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  suite.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const count = /^(\d+) passed, (\d+) failed$/.exec(line);
      if (count === null) {
        if (/^(ok|FAIL|skip)\b/.test(line)) console.log(line);
        continue;
      }
      counted = true;
      passed += Number(count[1]);
      failed += Number(count[2]);
    }
  });
  return new Promise((resolve) =>
    suite.on('close', () => {
      if (!counted) fail(`the suite ended early: ${lastLines(errors)}`);
      resolve();
    }),
  );
}

const jar = await buildJar();
await installSpark();
await buildMillrace();
await installRabbit();
await runSuite(jar, process.argv[2] ?? '');
finish();

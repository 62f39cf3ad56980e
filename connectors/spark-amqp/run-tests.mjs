#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installSpark, python } from '../../conformance/spark-sql/environment.mjs';
import { installArtemis } from '../../scripts/install-artemis.mjs';
import { prepare } from '../../scripts/prepare.mjs';

/**
 * All tests of the connector: the jar is made with its unit tests, PySpark is installed once (.cache, shared with
 * conformance/spark-sql, about 500 MB), and the jar runs in it against Millrace, Artemis and RabbitMQ. The last line is
 * `N passed, N failed`.
 *
 *     node run-tests.mjs [PART]     tests whose line contains PART, such as rabbitmq
 *     --quick                       fewer messages and kills, Millrace and Artemis alone, no figures: what CI runs
 *
 * What is missing is installed: Java 17, Maven, Python and RabbitMQ from Debian, where that can be; Artemis from Maven
 * Central into .cache. Millrace is built when its sources have changed.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const {
  values: { quick },
  positionals: [only = ''],
} = parseArgs({ options: { quick: { type: 'boolean', default: false } }, allowPositionals: true });
const has = (program) => spawnSync('which', [program]).status === 0;
/** By their packages in Debian. */
const PROGRAMS = {
  'openjdk-17-jdk-headless': () => has('javac'),
  maven: () => has('mvn'),
  'python3-venv': () => spawnSync('python3', ['-m', 'ensurepip', '--version']).status === 0,
  openssl: () => has('openssl'),
  unzip: () => has('unzip'),
};
const isRabbitThere = () => existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server');
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

/** What Debian has of that which is missing here. RUNLEVEL=1 keeps it from starting its own broker on the well-known port. */
async function installPrograms() {
  const wanted = Object.entries(PROGRAMS).filter(([, isThere]) => !isThere());
  const packages = [...wanted.map(([name]) => name), ...(quick || isRabbitThere() ? [] : ['rabbitmq-server'])];
  if (packages.length === 0) return;
  const can = process.getuid?.() === 0 && has('apt-get');
  if (can) {
    const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' };
    await run('updating the lists of Debian', 'apt-get', ['update', '-q'], { env });
    const args = ['install', '-y', '-q', '--no-install-recommends', ...packages];
    const { code, output } = await run(`installing ${packages.join(' ')}`, 'apt-get', args, { env });
    if (code !== 0) console.log(`spark-amqp: apt-get install failed: ${lastLines(output)}`);
  }
  const missing = wanted.filter(([, isThere]) => !isThere()).map(([name]) => name);
  if (missing.length > 0) fail(`missing, and not to be installed from here: ${missing.join(', ')}`);
}

/** The tests against it are left out where it cannot be had. */
function tryArtemis() {
  try {
    installArtemis((line) => console.log(`spark-amqp: ${line}`));
  } catch (error) {
    console.log(`spark-amqp: Artemis cannot be installed: ${error.message}`);
    if (quick) failed++;
  }
}

function runSuite(jar) {
  const args = [join(here, 'integration/suite.py'), '--jar', jar, '--only', only, ...(quick ? ['--quick'] : [])];
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

await installPrograms();
const jar = await buildJar();
try {
  await installSpark((line) => console.log(`spark-amqp: ${line}`));
  await prepare();
} catch (error) {
  fail(error.message);
}
tryArtemis();
await runSuite(jar);
finish();

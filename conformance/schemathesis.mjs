/**
 * `node conformance/schemathesis.mjs [--seconds 120] [--seed N]`: requests made from `/openapi.json` against the built server,
 * those that fit the description and those that do not, by schemathesis with all of its checks but the one that guesses
 * passwords: guessing is slowed down here, so what it hears is 503. It is installed from PyPI into an environment of its own
 * under .cache, once, and comes as a user who may do everything. Left out are the two operations whose answers have no end
 * (events and previews), and the two that could take that user away; `schemathesis.toml` says where a request that fits may be
 * refused. The last line is `N passed, N failed`, of operations.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { note, prepare, ROOT, StepFailed } from '../scripts/prepare.mjs';

const REQUIREMENT = 'schemathesis==4.32.*';
const LEFT_OUT = ['listenToEvents', 'previewSql', 'patchUser', 'deleteUser'];
const NAME = 'schemathesis';
const PASSWORD = 'of loopback alone';
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    'max-examples': { type: 'string' },
  },
});
const environment = join(ROOT, '.cache', 'schemathesis');
const report = join(ROOT, '.cache', 'schemathesis-junit.xml');

function finish(passed, failed) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** The marker is written last, so an environment that was cut short is made again. */
function install() {
  const marker = join(environment, 'installed');
  if (existsSync(marker) && readFileSync(marker, 'utf8').trim() === REQUIREMENT) return;
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  note(`installing ${REQUIREMENT} into .cache (once)`);
  const step = (command, args) => {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0)
      throw new StepFailed(`${command} ${args.join(' ')}: ${(stderr ?? error?.message ?? '').slice(-500)}`);
  };
  step('python3', ['-m', 'venv', environment]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', REQUIREMENT];
  step(join(environment, 'bin', 'python'), pip);
  writeFileSync(marker, `${REQUIREMENT}\n`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function startServer() {
  const port = await freePort();
  const program = process.env.MILLRACE_BIN ?? join(ROOT, 'apps/cli/bin/millrace.js');
  const ports = ['--amqp-port', String(await freePort()), '--mqtt-port', String(await freePort())];
  const server = spawn(process.execPath, [program, 'serve', ...ports, '--http-port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 300; tries += 1) {
    if (server.exitCode !== null) throw new StepFailed(`the server did not start: ${log}`);
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.status === 200) {
      await createUser(url);
      return { server, url, log: () => log };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new StepFailed(`the server was not ready in 30 s: ${log}`);
}

/** With it the server lets in nobody without a name. */
async function createUser(url) {
  const spec = {
    authentication: { type: 'password', password: PASSWORD },
    permissions: [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }],
  };
  const body = JSON.stringify({ apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name: NAME }, spec });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/users/${NAME}`, { method: 'PUT', headers, body });
  if (answer.status !== 201) throw new StepFailed(`the user was not created: ${await answer.text()}`);
}

function schemathesis(url) {
  const args = ['--config-file', join(ROOT, 'conformance', 'schemathesis.toml'), 'run', `${url}/openapi.json`];
  args.push(
    '--auth',
    `${NAME}:${PASSWORD}`,
    '--checks',
    'all',
    '--exclude-checks',
    'ignored_auth',
    '--max-time',
    values.seconds,
    '--request-timeout',
    '20',
    '--continue-on-failure',
  );
  args.push('--no-color', '--warnings', 'off', '--report', 'junit', '--report-junit-path', report);
  for (const operation of LEFT_OUT) args.push('--exclude-operation-id', operation);
  if (values.seed !== undefined) args.push('--seed', values.seed);
  if (values['max-examples'] !== undefined) args.push('--max-examples', values['max-examples']);
  return new Promise((resolve) => {
    const child = spawn(join(environment, 'bin', 'schemathesis'), args, {
      cwd: join(ROOT, '.cache'),
      stdio: 'inherit',
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Each operation, and each stateful sequence, is a case of the report. */
function counts() {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const cases = readFileSync(report, 'utf8').split('<testcase').slice(1);
  const failed = cases.filter((one) => /<(failure|error)\b/.test(one)).length;
  return { passed: cases.length - failed, failed };
}

try {
  await prepare();
  install();
  rmSync(report, { force: true });
  const { server, url, log } = await startServer();
  const code = await schemathesis(url);
  const faults = log()
    .split('\n')
    .filter((line) => line.includes('fault:'));
  const alive = server.exitCode === null;
  server.kill('SIGTERM');
  for (const line of faults.slice(0, 5)) note(line);
  if (!alive) note(`the server ended: ${log()}`);
  const { passed, failed } = counts();
  const others = faults.length + (alive ? 0 : 1) + (code !== 0 && failed === 0 ? 1 : 0);
  finish(passed, failed + others);
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  note(error.message);
  finish(0, 1);
}

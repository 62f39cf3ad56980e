/**
 * `npm run test:spark -- [--kills 2] [--only demo,engines]`: the main job on Apache Spark, as a user has it. One part after
 * the other, each a script of its own with its own count; the last line is the sum, `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const COUNT = /^(\d+) passed, (\d+) failed$/;

const { values } = parseArgs({ options: { kills: { type: 'string', default: '2' }, only: { type: 'string' } } });

const PARTS = {
  // The connector first: what follows uses the jar that it makes.
  connector: ['connectors/spark-amqp/run-tests.mjs', '--quick'],
  engines: ['conformance/engines/run.mjs'],
  jobs: ['packages/plane-spark/test/integration/run.mjs'],
  cluster: ['conformance/spark-local.mjs'],
  image: ['deploy/spark/test.mjs'],
  demo: ['conformance/spark-demo.mjs', 'every window is right'],
  kills: ['conformance/spark-kill.mjs', '--rounds', values.kills],
};

const chosen = values.only === undefined ? Object.keys(PARTS) : values.only.split(',');
const unknown = chosen.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  process.stderr.write(`there is no part ${unknown}, only ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}

/** @returns what the last count of the script says; a script that ends otherwise than its count says has failed once more */
function run([script, ...argumentList]) {
  const child = spawn(process.execPath, [script, ...argumentList], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let [passed, failed, rest] = [0, 0, ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const count = COUNT.exec(line);
      if (count !== null) [passed, failed] = [Number(count[1]), Number(count[2])];
    }
  });
  return new Promise((resolve) => {
    child.on('error', () => resolve({ passed: 0, failed: 1 }));
    child.on('close', (code) => resolve({ passed, failed: code !== 0 && failed === 0 ? 1 : failed }));
  });
}

const table = [];
const sum = { passed: 0, failed: 0 };
const beganAll = Date.now();
for (const name of chosen) {
  const began = Date.now();
  process.stdout.write(`\n-- ${name}: node ${PARTS[name].join(' ')}\n`);
  const { passed, failed } = await run(PARTS[name]);
  sum.passed += passed;
  sum.failed += failed;
  const seconds = Math.round((Date.now() - began) / 1000);
  table.push(`${name.padEnd(10)} ${String(seconds).padStart(5)} s  ${passed} passed, ${failed} failed`);
}
const minutes = ((Date.now() - beganAll) / 60_000).toFixed(1);
process.stdout.write(`\n${table.join('\n')}\n${minutes} min in all, load average ${loadavg()[0].toFixed(2)}\n`);
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`);
process.exitCode = sum.failed === 0 ? 0 : 1;

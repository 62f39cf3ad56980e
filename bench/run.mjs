/**
 * `npm run bench`: the project's figures, paired with mosquitto and a rhea server in one run; durable messages with
 * Artemis and RabbitMQ, where they are installed (node scripts/install-peers.mjs --brokers).
 *
 *     --rows A,B     only rows whose name starts with one of these: mqtt, amqp, durable, job, start, or one row
 *     --rounds N     alternating rounds. Default: 3
 *     --seconds N    length of one measurement. Default: 5
 *     --quick        one round of 1.5 s: shows that everything runs, proves no figure
 *     --document     also write docs/reference/benchmarks.md
 *
 * Progress goes to stderr, the report to stdout and to bench/results/. Ends with 1 when a run had an error or lost
 * something; a missed bar is reported, and is no error.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, platform, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { documentPath, withKeptSection } from './lib/document.mjs';
import { measureDurable } from './lib/durable-measure.mjs';
import { durableRows } from './lib/durable-rows.mjs';
import { buildGenerators } from './lib/generator.mjs';
import { jobRows } from './lib/job-rows.mjs';
import { measureJobs, measureMessaging, measureStart } from './lib/measure.mjs';
import { benchDirectory, hasCommand, millraceVersion, rootDirectory } from './lib/processes.mjs';
import { reportText } from './lib/report.mjs';
import { messagingRows } from './lib/rows.mjs';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    document: { type: 'boolean', default: false },
  },
});
const settings = {
  rounds: Number(options.rounds ?? (options.quick ? 1 : 3)),
  seconds: Number(options.seconds ?? (options.quick ? 1.5 : 5)),
  quick: options.quick,
  say: (text) => process.stderr.write(`${text}\n`),
};
const wanted = options.rows?.split(',');
const isWanted = (name) => wanted === undefined || wanted.some((prefix) => name.startsWith(prefix));

function prepare() {
  if (!hasCommand('mosquitto')) throw new Error('mosquitto is missing: run node scripts/install-peers.mjs');
  buildGenerators();
  const built = process.env.MILLRACE_BIN
    ? { status: 0 }
    : spawnSync('npx', ['tsc', '-b'], { cwd: rootDirectory, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the build fails:\n${built.stdout}${built.stderr}`);
}

const load = () => loadavg().map((value) => value.toFixed(2));

async function measure() {
  const messaging = messagingRows.filter((row) => isWanted(row.name));
  const durable = durableRows.filter((row) => isWanted(row.name));
  const jobs = jobRows.filter((row) => isWanted(row.name));
  const result = {
    startedAt: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${platform()} ${release()}, Node ${process.versions.node}`,
    rounds: settings.rounds,
    seconds: settings.seconds,
    loadBefore: load(),
    versions: [millraceVersion()],
    messaging: [],
    durable: [],
    absent: [],
    jobs: [],
  };
  // The start is measured first, while the machine is as idle as it will be.
  if (isWanted('start')) result.start = await measureStart(settings, options.quick ? { starts: 2, idleMs: 1000 } : {});
  if (messaging.length > 0) {
    const { measured, versions } = await measureMessaging(messaging, settings);
    result.messaging = measured;
    result.versions = versions;
  }
  if (durable.length > 0) {
    const { measured, versions, absent } = await measureDurable(durable, settings);
    result.durable = measured;
    result.versions = [...new Set([...result.versions, ...versions])];
    result.absent = absent;
  }
  if (jobs.length > 0) result.jobs = await measureJobs(jobs, settings);
  result.loadAfter = load();
  return result;
}

function keep(result) {
  const directory = join(benchDirectory, 'results');
  mkdirSync(directory, { recursive: true });
  const name = join(directory, result.startedAt.replaceAll(':', '-').slice(0, 19));
  const text = reportText(result);
  writeFileSync(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${name}.md`, text);
  if (options.document) writeFileSync(documentPath, withKeptSection(text));
  process.stdout.write(text);
  settings.say(`\nkept as ${name}.json and .md`);
}

try {
  prepare();
  const result = await measure();
  keep(result);
  const rows = [...result.messaging, ...result.durable, ...result.jobs];
  const faulty = rows.filter(
    (row) => row.errors.length > 0 || row.medians.some((own) => own.name === 'millrace' && own.faults > 0),
  );
  process.exit(faulty.length === 0 ? 0 : 1);
} catch (error) {
  settings.say(error.message);
  process.exit(1);
}

#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { collect } from './collect.mjs';
import { installSpark, python } from './environment.mjs';
import { randomTexts } from './random-expressions.mjs';

/**
 * Every SQL text of the repository against real Spark: Millrace checks it, Spark parses and analyzes it, and both must
 * give the same columns of the same types. One line a text; the last line is `N passed, N failed`.
 *
 * Then random expressions, which show what the texts did not think of (`--seed N` for others).
 *
 * Spark comes from the pyspark package, in a virtual environment under .cache, made once (about 500 MB). It needs
 * Python 3 with venv and a Java 17 runtime. With an argument only the texts whose place contains it are looked at.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const RANDOM_COUNT = 300;

function fail(message) {
  console.log(`spark-sql: ${message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

function runQuietly(command, args, what) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.status === 0) return result.stdout;
  return fail(
    `${what} failed: ${(result.stderr ?? result.error?.message ?? '').trim().split('\n').slice(-3).join(' ')}`,
  );
}

/** The checker as it is in the sources, compiled. */
async function loadChecker() {
  runQuietly(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/sql'],
    'tsc -b packages/sql',
  );
  return import(pathToFileURL(join(root, 'packages/sql/dist/index.js')).href);
}

function sparkColumns(fields, sql) {
  return fields.map(({ name, type }) => [name, sql.typeofText(type).toUpperCase()]);
}

/** What Millrace makes of a text: its columns and what Spark has to be asked, or its first diagnostic. */
function examine(text, sql) {
  const columns = {};
  for (const { source, name, type } of text.columns) {
    columns[source] = [...(columns[source] ?? []), { name, type: sql.parseDataType(type) }];
  }
  const schemas = Object.fromEntries(
    (text.eventTimes ?? []).map(({ source, column }) => [source, { eventTime: { column, delayUs: 0 } }]),
  );
  const options = { catalogue: { columns, schemas } };
  const isJob = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*INSERT\b/i.test(text.sql);
  const checked = isJob ? sql.checkJob(text.sql, options) : sql.checkQuery(text.sql, options);
  if (checked.plan === undefined) return { error: checked.diagnostics[0] };
  const { plan } = sql.checkQuery(text.sql, options);
  const { address } = plan.source;
  const fields = [...sql.MESSAGE_FIELDS, ...(columns[address] ?? [])];
  const request = {
    sql: text.sql.replace(/;\s*$/, ''),
    select: text.sql
      .replace(/;\s*$/, '')
      .replace(/^((?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*)INSERT\s+INTO\s+(?:TABLE\s+)?(?:`(?:[^`]|``)+`|\w+)/i, '$1'),
    sources: { [address]: sparkColumns(fields, sql) },
    // Where the view has its watermark, as a deployed job has it; none beside one of the text's own.
    watermark: /\bWATERMARK\b/i.test(text.sql) ? null : (plan.watermark?.column ?? 'time'),
  };
  return { request, columns: plan.root.output.map(({ name, type }) => [name, sql.typeofText(type)]) };
}

/** The first difference between the two schemas. */
function difference(ours, sparks) {
  if (ours.length !== sparks.length) return `Millrace has ${ours.length} columns, Spark ${sparks.length}`;
  for (const [index, [name, type]] of ours.entries()) {
    const [sparkName, sparkType] = sparks[index];
    if (type !== sparkType) return `column ${name}: Millrace has ${type}, Spark ${sparkType}`;
    // A name that was made up from an expression has marks in it; Spark spells those in its own way.
    const made = /[^\p{L}\p{N}_ `]/u.test(name);
    if (!made && name.toLowerCase() !== sparkName.toLowerCase())
      return `column ${index + 1}: Millrace names it ${name}, Spark ${sparkName}`;
  }
  return undefined;
}

/** Spark as a process that answers one line with one line. */
function openSpark() {
  const spark = spawn(python, [join(here, 'spark.py')], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  spark.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const lines = createInterface({ input: spark.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) fail(`Spark ended: ${errors.trim().split('\n').slice(-3).join(' ')}`);
    return JSON.parse(value);
  };
  return {
    ready: next,
    ask: (request) => {
      spark.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    close: () =>
      new Promise((resolve) => {
        spark.on('close', resolve);
        spark.stdin.end();
      }),
  };
}

async function judge(text, sql, spark) {
  const ours = examine(text, sql);
  if (text.expect === 'error')
    return ours.error === undefined ? 'Millrace accepts it, and it is marked as an error' : undefined;
  if (ours.error !== undefined) return `Millrace refuses it: line ${ours.error.line}: ${ours.error.message}`;
  const answer = await spark.ask(ours.request);
  return answer.error === undefined ? difference(ours.columns, answer.schema) : `Spark refuses it: ${answer.error}`;
}

async function main() {
  await installSpark((text) => console.log(`spark-sql: ${text}`)).catch((error) => fail(error.message));
  const sql = await loadChecker();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string', default: '1' } },
  });
  const wanted = positionals[0] ?? '';
  const random = randomTexts(sql, { seed: Number(values.seed), count: RANDOM_COUNT });
  const texts = [...collect(root), ...random].filter(({ place }) => place.includes(wanted));
  const spark = openSpark();
  const { version } = await spark.ready();
  console.log(`spark-sql: ${texts.length} texts, Spark ${version}`);
  let failed = 0;
  for (const text of texts) {
    const problem = await judge(text, sql, spark);
    if (problem !== undefined) failed++;
    console.log(
      `${problem === undefined ? 'ok  ' : 'FAIL'} ${text.place}${problem === undefined ? '' : `: ${problem}`}`,
    );
  }
  await spark.close();
  console.log(`${texts.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();

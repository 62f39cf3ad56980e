#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSpark, sparkHome } from '../spark-sql/environment.mjs';

/**
 * The same job documents over the same messages on the embedded engine and on real Spark: both must send the same messages.
 * One server, whose addresses both read, each by subscriptions of its own; so a message has one time of acceptance. The
 * last line is `N passed, N failed`.
 *
 * `--embedded` runs the embedded engine alone and prints what it sends; other words choose documents by a part of their name;
 * `--keep` leaves the folder of Spark's checkpoints, `--patience 3` waits three times as long for Spark. It needs Python 3 with venv, a Java 17 runtime and Maven.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const connector = join(root, 'connectors/spark-amqp');
const jar = join(connector, 'target/spark-amqp-0.1.0.jar');

function fail(message) {
  console.log(`engines: ${message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

function newestSource() {
  const files = readdirSync(join(connector, 'src/main'), { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  return Math.max(...[...paths, join(connector, 'pom.xml')].map((path) => statSync(path).mtimeMs));
}

function makeConnector() {
  if (existsSync(jar) && statSync(jar).mtimeMs > newestSource()) return;
  console.log('engines: making the connector');
  const { status, stdout, error } = spawnSync('mvn', ['-q', '-B', '-DskipTests', 'package'], {
    cwd: connector,
    encoding: 'utf8',
  });
  if (status !== 0) fail(`mvn package failed: ${(error?.message ?? stdout).trim().split('\n').slice(-3).join(' ')}`);
}

const args = process.argv.slice(2);
const env = { ...process.env, SPARK_AMQP_JAR: jar };
if (!args.includes('--embedded')) {
  await installSpark((text) => console.log(`engines: ${text}`)).catch((error) => fail(error.message));
  makeConnector();
  env.SPARK_HOME = sparkHome();
}
const script = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', join(here, 'compare.ts'), ...args], {
  cwd: root,
  stdio: 'inherit',
  env,
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => script.kill(signal));
script.on('close', (code) => {
  process.exitCode = code ?? 1;
});

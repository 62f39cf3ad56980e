#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSpark, sparkHome } from '../../../../conformance/spark-sql/environment.mjs';

/**
 * Jobs on real Spark, a server in this process and a Connect server from the pyspark package on free ports. The last
 * line is `N passed, N failed`. Needs Python 3 with venv, a JDK 17 and Maven. Arguments go to vitest.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../../..');
const connector = join(root, 'connectors/spark-amqp');
const report = join(root, '.cache/plane-spark-report.json');

/** The connector's jar, made when it is not there. */
function buildConnector() {
  if (existsSync(join(connector, 'target/spark-amqp-0.1.0.jar'))) return;
  console.log('plane-spark: building the connector');
  const { status, stdout, error } = spawnSync('mvn', ['-q', '-B', 'package', '-DskipTests'], {
    cwd: connector,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`mvn package failed: ${error?.message ?? stdout.slice(-1000)}`);
}

function count() {
  if (!existsSync(report)) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file whose server did not start has no failed test of its own: it counts as one.
  const unloaded = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
}

function runTests() {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  const tests = spawn(
    process.execPath,
    [vitest, 'run', '--config', join(here, 'vitest.config.ts'), ...reporters, ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit', env: { ...process.env, SPARK_HOME: sparkHome() } },
  );
  return new Promise((resolve) => tests.on('close', resolve));
}

async function main() {
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  let code = 1;
  try {
    await installSpark((text) => console.log(`plane-spark: ${text}`));
    buildConnector();
    code = await runTests();
  } catch (error) {
    console.log(`plane-spark: ${error.message}`);
  }
  const { passed, failed } = count();
  const failures = code !== 0 && failed === 0 ? 1 : failed;
  console.log(`${passed} passed, ${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;
}

await main();

#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSpark, sparkHome } from '../../../../conformance/spark-sql/environment.mjs';

/**
 * Jobs on real Spark, a server in this process and a Connect server from the pyspark package on free ports. The last
 * line is `N passed, N failed`. Needs Python 3 with venv and a Java 17 runtime. Arguments go to vitest.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../../..');
const report = join(root, '.cache/plane-spark-report.json');

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

/**
 * `npm test`: installs and builds what is missing, checks the types of sources and tests, format and lint, then runs
 * every test that needs nothing but npm packages. The last line is `N passed, N failed`. Arguments after `--` go to
 * vitest: `npm test -- packages/sql`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { executable, note, prepare, ROOT, run, StepFailed } from './prepare.mjs';

const REPORT = join(ROOT, '.cache', 'test-report.json');

try {
  await prepare();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  note(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const failedChecks = [];
await check('types', executable('typescript', 'tsc'), ['-p', 'tsconfig.test.json']);
await check('format and lint', executable('@biomejs/biome', 'biome'), ['check', '--max-diagnostics=50']);
const tests = await runTests(process.argv.slice(2));

for (const name of failedChecks) note(`The check of ${name} failed; see above.`);
const failed = tests.failed + failedChecks.length;
console.log(`${tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function check(name, script, argumentList) {
  note(`Checking ${name} …`);
  const code = await run(process.execPath, [script, ...argumentList]);
  if (code !== 0) failedChecks.push(name);
}

async function runTests(argumentList) {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  rmSync(REPORT, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const code = await run(process.execPath, [executable('vitest', 'vitest'), 'run', ...reporters, ...argumentList], {
    stdout: 1,
  });
  if (!existsSync(REPORT)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(REPORT, 'utf8'));
  // A file that could not be loaded has no tests to fail: it counts as one.
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = report.numFailedTests + unloaded.length;
  // An error outside any test, such as an unhandled rejection, shows in the exit code alone.
  return { passed: report.numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed };
}

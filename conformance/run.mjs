/**
 * All conformance suites against the built server: other people's clients, faults over the socket, the demo. The last line
 * is `N passed, N failed`. Arguments go to vitest: `node conformance/run.mjs mosquitto`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { executable, note, prepare, ROOT, run, StepFailed } from '../scripts/prepare.mjs';

const report = join(ROOT, '.cache', 'conformance-report.json');

try {
  await prepare();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  note(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
mkdirSync(join(ROOT, '.cache'), { recursive: true });
rmSync(report, { force: true });
const config = join(ROOT, 'conformance', 'vitest.config.ts');
const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
const code = await run(
  process.execPath,
  [executable('vitest', 'vitest'), 'run', '--config', config, ...reporters, ...process.argv.slice(2)],
  { stdout: 1 },
);
let passed = 0;
let failed = 0;
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that could not be loaded, or whose server did not start, has no failed test of its own: it counts as one.
  const unloaded = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  passed = numPassedTests;
  failed = numFailedTests + unloaded.length;
}
if (code !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

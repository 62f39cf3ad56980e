/**
 * `npm start`: from a fresh clone to the running demo. Installs and builds what is missing, then becomes
 * `millrace demo` with the arguments after `--`, in this same process: signals and the exit code are its own.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { note, prepare, ROOT, StepFailed } from './prepare.mjs';

try {
  await prepare();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  note(error.message);
  process.exit(error.exitCode);
}

const program = join(ROOT, 'apps', 'cli', 'bin', 'millrace.js');
process.argv = [process.execPath, program, 'demo', ...process.argv.slice(2)];
await import(pathToFileURL(program).href);

/**
 * Runs a command with a fault planted, which it must find: `node scripts/must-fail.mjs npm run test:journal -- --plant …`. It
 * has to end with a failure and say `N passed, M failed` with M above 0; a command that breaks off has found nothing. The
 * last line is `1 passed, 0 failed` when it did.
 */
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  process.stderr.write('usage: must-fail.mjs COMMAND [ARGUMENT…]\n');
  process.exit(2);
}
const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
let last = '';
child.stdout.setEncoding('utf8').on('data', (text) => {
  last = (last + text).slice(-4096);
  // Indented: a count of the command's own is not the count of this one.
  process.stdout.write(text.replaceAll(/^(?=\d+ passed)/gm, '  '));
});
child.on('error', (error) => {
  process.stdout.write(`${error.message}\n0 passed, 1 failed\n`);
  process.exit(1);
});
child.on('close', (code) => {
  const counts = [...last.matchAll(/^\d+ passed, (\d+) failed/gm)].at(-1);
  const found = code !== 0 && Number(counts?.[1] ?? 0) > 0;
  const sentence = found
    ? 'the planted fault was found, as it must be'
    : `the planted fault was not found (exit code ${code})`;
  process.stdout.write(`${sentence}\n${found ? '1 passed, 0 failed' : '0 passed, 1 failed'}\n`);
  process.exitCode = found ? 0 : 1;
});

/**
 * `npm run test:kill -- [--rounds 20] [--seed N] [--only amqp,mqtt,sessions,retained,documents,jobs] [--plant lose] [--keep]`:
 * `kill -9` of the server at random moments under load by Python Proton and mosquitto's clients, with a ledger outside the
 * server. Each round the server starts again on the same data and ports, and the clients go on. Nothing accepted may be
 * lost, nothing invented, order is kept, and a second copy needs a reason (kill/compare.ts). `--seed N` repeats the moments
 * of the kills, `--plant` puts a fault into the ledger that must be found. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { register } from 'tsx/esm/api';
import { note, prepare, StepFailed } from '../scripts/prepare.mjs';

const needed = [
  ['mosquitto_pub', ['--help']],
  ['mosquitto_sub', ['--help']],
  ['/usr/bin/python3', ['-c', 'import proton']],
];
const missing = needed.filter(([command, args]) => {
  const { error, status } = spawnSync(command, args);
  return error !== undefined || (command.includes('python') && status !== 0);
});
if (missing.length > 0) {
  note(`missing: ${missing.map((words) => words.flat().join(' ')).join('; ')}. Run node scripts/install-peers.mjs`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
try {
  await prepare();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  note(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
register();
await import('./kill/run.ts');

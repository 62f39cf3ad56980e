/**
 * Imported first by the scripts that drive other people's clients: sees that the clients are there and the server is built,
 * and lets TypeScript be imported. Otherwise says what is missing, with the count of one failure, and ends.
 */
import { spawnSync } from 'node:child_process';
import { register } from 'tsx/esm/api';
import { note, prepare, StepFailed } from '../../scripts/prepare.mjs';

const PROGRAMS = [
  ['mosquitto_pub', '--help'],
  ['mosquitto_sub', '--help'],
  ['stdbuf', '--version'],
  ['/usr/bin/python3', '-c', 'import proton'],
];

function fail(sentence) {
  note(sentence);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const missing = PROGRAMS.filter(([command, ...args]) => {
  const { error, status } = spawnSync(command, args);
  // mosquitto's clients end their help with 1.
  return error !== undefined || (args[0] === '-c' && status !== 0);
});
if (missing.length > 0) {
  fail(`missing: ${missing.map((words) => words.join(' ')).join('; ')}. Run node scripts/install-peers.mjs`);
}
try {
  await prepare();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  fail(error.message);
}
register();

/**
 * `npm run test:windows -- --publishers 50 [--seconds 30] [--burst 5] [--pause-seconds 20]`: known values at known times
 * over both protocols; every window's maximum, minimum, count and sum must equal the ledger's, and nothing may be lost. One
 * line a window; exit 0 when all are equal. With --pause-seconds the job is paused and resumed under way.
 */
import { register } from 'tsx/esm/api';
import { note, prepare, StepFailed } from '../scripts/prepare.mjs';

try {
  await prepare();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  note(error.message);
  process.exit(error.exitCode);
}
register();
await import('./windows.ts');

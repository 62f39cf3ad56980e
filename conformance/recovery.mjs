/**
 * `npm run test:recovery -- [--large] [--count N]`: stores a million messages of 100 bytes (ten million with --large), kills
 * the server, and starts it again: time until ready, memory, and whether each message is there; then reads them all, in
 * order, and sees the room on the disk come back. The time is a figure beside its bar; what is there is a check. Needs a
 * C compiler and make. The last line is `N passed, N failed`.
 */
import './harness/peers-present.mjs';

await import('./faults/recovery.ts');

/**
 * `npm run test:disk-full -- [--cycles 2] [--limit 48MiB]`: a store on a file system of 64 MB is filled by Proton and
 * mosquitto_pub until both are refused, each in its protocol's words; the server is killed while it is full; then it is
 * drained under load and must take messages again by itself. Nothing that was accepted may be lost. Mounting needs root;
 * without it the store's own limit takes the part of the disk. The last line is `N passed, N failed`.
 */
import './harness/peers-present.mjs';

await import('./faults/disk-full.ts');

/**
 * `npm run test:spark-kill -- [--rounds 5] [--only executor,worker,connect,millrace] [--seed N]`: the main job on a real
 * Spark cluster, under load by Python Proton; each part is killed (`kill -9`) so many times at random moments and started
 * again, as a supervisor would. All that was accepted is counted in a window, and each window is stored once: `max` looks
 * for duplicates. The last line is `N passed, N failed`.
 */
import './harness/peers-present.mjs';

await import('./spark/kill.ts');

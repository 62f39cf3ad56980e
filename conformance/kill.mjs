/**
 * `npm run test:kill -- [--rounds 20] [--seed N] [--only amqp,mqtt,duplicates,sessions,retained,wills,documents,jobs] [--plant lose] [--keep]`:
 * `kill -9` of the server at random moments under load by Python Proton and mosquitto's clients, with a ledger outside the
 * server. Each round the server starts again on the same data and ports, and the clients go on. Nothing accepted may be
 * lost, nothing invented, order is kept, and a second copy needs a reason (kill/compare.ts). `--seed N` repeats the moments
 * of the kills, `--plant` puts a fault into the ledger that must be found. The last line is `N passed, N failed`.
 */
import './harness/peers-present.mjs';

await import('./kill/run.ts');

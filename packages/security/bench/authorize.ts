/** What a question of permission and a login cost. Run: npx tsx --conditions=source packages/security/bench/authorize.ts */
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { Access, type Principal } from '../src/index.js';
import { credentialsOf, ITERATIONS } from '../src/scram/credentials.js';

const ROUNDS = 9;

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1]!;
}

function nanosecondsOf(work: () => void, count: number): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begin = process.hrtime.bigint();
    for (let index = 0; index < count; index += 1) work();
    return Number(process.hrtime.bigint() - begin) / count;
  });
  return Math.round(median(rounds));
}

const access = new Access();
const addresses = Array.from({ length: 1_000 }, (_, index) => `plants/${index}/+/readings/#`);
const password = { type: 'password', credentials: await credentialsOf('p', randomBytes(16), ITERATIONS) } as const;
const put = (name: string, patterns: string[]) =>
  access.putUser({
    name,
    uid: name,
    spec: { authentication: password, enabled: true, permissions: [{ verbs: ['send', 'recv'], addresses: patterns }] },
  });
put('device', ['devices/${user}/#']);
put('client', ['devices/${clientId}/#']);
put('plant', addresses);
put('all', ['#']);

const origin = { protocol: 'mqtt', host: '127.0.0.1', encrypted: false, clientId: 'c' } as const;
async function logIn(name: string): Promise<Principal> {
  const outcome = await access.authenticator.password(name, Buffer.from('p'), origin);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.principal;
}

process.stdout.write(`load average ${loadavg()[0]!.toFixed(1)}, medians of ${ROUNDS} rounds\n`);
for (const [name, verb, address] of [
  ['device', 'send', 'devices/device/temperature'],
  ['device', 'send', 'devices/other/temperature'],
  ['client', 'send', 'devices/c/temperature'],
  ['plant', 'send', 'plants/999/a/readings/b/c'],
  ['plant', 'recv', 'plants/+/a/readings/#'],
  ['all', 'recv', '#'],
] as const) {
  const principal = await logIn(name);
  const ns = nanosecondsOf(() => access.quietly.authorize(principal, verb, address), 200_000);
  process.stdout.write(`${name} ${verb} ${address}: ${ns} ns\n`);
}
const first: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  put('device', ['devices/${user}/#']);
  access.putUser({
    name: 'fresh',
    uid: `${round}`,
    spec: { authentication: password, enabled: true, permissions: [] },
  });
  const begin = process.hrtime.bigint();
  await logIn('fresh');
  first.push(Number(process.hrtime.bigint() - begin) / 1e6);
}
process.stdout.write(`first login by password: ${median(first).toFixed(1)} ms\n`);
const again: number[] = [];
for (let round = 0; round < 2_000; round += 1) {
  const begin = process.hrtime.bigint();
  await logIn('device');
  again.push(Number(process.hrtime.bigint() - begin) / 1e3);
}
process.stdout.write(`login again: ${median(again).toFixed(1)} µs\n`);

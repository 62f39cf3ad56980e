/** See ../disk-full.mjs. */
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually, pause } from '../harness/commands.js';
import { DurableServer } from '../harness/durable-server.js';
import {
  mosquittoPublisher,
  protonReceiver,
  protonSender,
  type ReceivingClient,
  type SendingClient,
} from '../kill/clients.js';
import { compare } from '../kill/compare.js';
import { makeSmallDisk, type SmallDisk } from './small-disk.js';

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '2' }, limit: { type: 'string' } },
});
const cycles = Number(values.cycles);
const BODY_BYTES = 8_000;
const MB = 1024 * 1024;
/** Where nothing can be mounted, the store's own limit takes the part of the disk. */
const FALLBACK_LIMIT = '48MiB';

let passed = 0;
let failed = 0;
const say = (line: string) => process.stdout.write(`${line}\n`);

function check(name: string, isGood: boolean, detail: string): void {
  if (isGood) passed += 1;
  else failed += 1;
  say(`${isGood ? '  ok    ' : '  FAILED'} ${name}: ${detail}`);
}

const QUEUES = ['amqp', 'mqtt', 'blocked'] as const;
type QueueName = (typeof QUEUES)[number];
/** One sender each: `amqp` and `mqtt` to queues that refuse when there is no room, `blocked` to one that holds senders back. */
type Clients = Readonly<Record<QueueName, SendingClient>>;
/** Messages that the sender to `blocked` has in flight at most. */
const BLOCKED_WINDOW = 50;

function senders(server: DurableServer, cycle: number): Clients {
  return {
    amqp: protonSender(server, {
      producer: `amqp-${cycle}`,
      address: 'full/amqp',
      ratePerSecond: 600,
      size: BODY_BYTES,
    }),
    mqtt: mosquittoPublisher(server, {
      producer: `mqtt-${cycle}`,
      address: 'full/mqtt',
      ratePerSecond: 300,
      size: BODY_BYTES,
      qos: 1,
      version: 'mqttv5',
    }),
    blocked: protonSender(server, {
      producer: `blocked-${cycle}`,
      address: 'full/blocked',
      ratePerSecond: 200,
      size: BODY_BYTES,
      window: BLOCKED_WINDOW,
    }),
  };
}

const refusals = ({ ledger }: SendingClient) =>
  [...ledger.refusals].map(([name, count]) => `${count} × ${name}`).join(', ');
const within = (what: string, probe: () => boolean | Promise<boolean>, timeoutMs: number) =>
  eventually(what, probe, timeoutMs).then(
    () => true,
    () => false,
  );

/** Nothing durable is accepted any more, and each protocol says why in its own words. */
async function fill({ amqp, mqtt }: Clients): Promise<void> {
  const began = Date.now();
  const both = await within(
    'refusals over both protocols',
    () => amqp.ledger.refusals.size > 0 && mqtt.ledger.refusals.size > 0,
    60_000,
  );
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const accepted = amqp.ledger.accepted + mqtt.ledger.accepted;
  check('it fills up', both, `${accepted} messages of ${BODY_BYTES} bytes accepted in ${seconds} s`);
}

/** Every refusal has the condition that its protocol has for "no room". */
function reasons({ amqp, mqtt, blocked }: Clients): void {
  const isSaid = ({ ledger }: SendingClient, condition: string) =>
    ledger.refusals.size === 1 && ledger.refusals.has(condition);
  check('AMQP says why', isSaid(amqp, 'amqp:resource-limit-exceeded'), refusals(amqp) || 'no refusal');
  check('MQTT 5 says why', isSaid(mqtt, '0x97'), refusals(mqtt) || 'no refusal');
  // What was in flight when the room ended: once when it filled up, once after the kill, and a few times while it is drained.
  const refused = [...blocked.ledger.refusals.values()].reduce((sum, count) => sum + count, 0);
  const detail = `${blocked.ledger.accepted} accepted, refused ${refusals(blocked) || 'none'}`;
  check('where it blocks, senders are held back', refused <= 5 * BLOCKED_WINDOW, detail);
}

/** Messages that need no disk go on in both directions while it is full. */
async function nonDurableGoesOn(server: DurableServer): Promise<void> {
  const got: string[] = [];
  const receiver = protonReceiver(server, { name: 'direct', address: 'full/direct', onBody: (body) => got.push(body) });
  await within('a receiver', () => receiver.ledger.connected, 5_000);
  const url = `${server.httpUrl}/v1/addresses/full%2Fdirect/messages`;
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ body: 'still here' }) });
  await within('a message', () => got.length > 0, 5_000);
  await receiver.finish();
  check('what is not durable goes on', got[0] === 'still here', `sent with ${status}, received ${got.length}`);
}

async function usedMb(server: DurableServer): Promise<string> {
  const { json } = await server.http('/v1/status').catch(() => ({ json: undefined }));
  return JSON.stringify((json as { store?: unknown } | undefined)?.store ?? {});
}

/** Fills it, kills the server while it is full, drains it under load, and sees it take messages again by itself. */
async function cycle(server: DurableServer, number: number, ledgers: Ledgers): Promise<void> {
  say(`cycle ${number}`);
  const clients = senders(server, number);
  for (const queue of QUEUES) ledgers[queue].push(clients[queue]);
  await fill(clients);
  say(`         store: ${await usedMb(server)}`);
  await nonDurableGoesOn(server);
  await server.kill();
  ledgers.killedAt.push(Date.now());
  const readyMs = await server.start();
  check('kill -9 while it is full', true, `ready again in ${readyMs.toFixed(0)} ms`);
  const connected = await within('clients are back', () => answersSince(clients, Date.now()), 10_000);
  check('clients are back', connected, `${refusals(clients.amqp)}; ${refusals(clients.mqtt)}`);
  const before = QUEUES.map((queue) => clients[queue].ledger.accepted);
  const receivers = QUEUES.map((queue) => receiver(server, queue, ledgers));
  const more = () => QUEUES.map((queue, at) => clients[queue].ledger.accepted - before[at]!);
  const taken = await within('new messages are accepted', () => more().every((count) => count > 100), 30_000);
  check('it takes messages again by itself, when drained', taken, `${more().join(' + ')} more accepted meanwhile`);
  await Promise.all(QUEUES.map((queue) => clients[queue].finish()));
  reasons(clients);
  await drained(ledgers);
  await Promise.all(receivers.map((client) => client.finish()));
}

/** Refused or accepted: either is an answer of the server that lives now. */
function answersSince({ amqp, mqtt }: Clients, since: number): Promise<boolean> {
  const count = ({ ledger }: SendingClient) =>
    ledger.accepted + [...ledger.refusals.values()].reduce((sum, refused) => sum + refused, 0);
  const before = [count(amqp), count(mqtt)];
  return eventually('answers', () => count(amqp) > before[0]! && count(mqtt) > before[1]!, since + 9_000 - Date.now());
}

interface Ledgers extends Readonly<Record<QueueName, SendingClient[]>> {
  readonly receivers: { readonly queue: QueueName; readonly client: ReceivingClient }[];
  readonly killedAt: number[];
}

function receiver(server: DurableServer, queue: QueueName, ledgers: Ledgers): ReceivingClient {
  const client = protonReceiver(server, { name: `full-${queue}`, address: `full/${queue}`, hold: 20 });
  ledgers.receivers.push({ queue, client });
  return client;
}

async function drained({ receivers, ...ledgers }: Ledgers): Promise<void> {
  const senders = QUEUES.flatMap((queue) => ledgers[queue]);
  const accepted = senders.reduce((sum, { ledger }) => sum + ledger.accepted, 0);
  const received = () => receivers.reduce((sum, { client }) => sum + client.ledger.receptions.length, 0);
  await within('all is received', () => received() >= accepted, 30_000);
  await pause(500);
}

async function all(disk: SmallDisk, server: DurableServer): Promise<void> {
  await server.start();
  const limits = { messages: 10_000_000, bytes: '10GiB' };
  for (const queue of QUEUES) {
    const whenFull = queue === 'blocked' ? 'block' : 'reject';
    await server.put('addresses', `full/${queue}`, { type: 'queue', durability: 'always', limits, whenFull });
  }
  await server.put('addresses', 'full/direct', { type: 'anycast' });
  const ledgers: Ledgers = { amqp: [], mqtt: [], blocked: [], receivers: [], killedAt: [] };
  for (let number = 1; number <= cycles; number += 1) await cycle(server, number, ledgers);
  for (const queue of QUEUES) {
    const { accepted, inDoubt, received, duplicates, faults } = compare(
      {
        name: queue,
        producers: ledgers[queue].map(({ ledger }) => ledger),
        receivers: ledgers.receivers.filter((entry) => entry.queue === queue).map(({ client }) => client.ledger),
        guarantee: 'at-least-once',
      },
      ledgers.killedAt,
    );
    const refused = ledgers[queue].map(refusals).join('; ');
    const detail = `${accepted} accepted, ${inDoubt} in doubt, ${received} received, ${duplicates} again, refused ${refused}`;
    check(
      `nothing lost, invented or doubled (${queue})`,
      faults.length === 0,
      [detail, ...faults.slice(0, 5)].join('\n           '),
    );
  }
  say(`         store: ${await usedMb(server)}, free on the disk ${(disk.free() / MB).toFixed(1)} MB`);
}

const disk = makeSmallDisk();
const limit = values.limit ?? (disk.kind === 'none' ? FALLBACK_LIMIT : undefined);
if (disk.kind === 'ext4')
  say(`a file system of 64 MB: ext4 over a loop device, ${(disk.free() / MB).toFixed(1)} MB free`);
else if (disk.kind === 'tmpfs') say(`a file system of 64 MB: tmpfs, whose sync does nothing (${disk.why})`);
else say(`SKIPPED the small file system, nothing can be mounted here: ${disk.why}`);
if (limit !== undefined) say(`the store's limit is ${limit}`);
const server = await DurableServer.create({
  data: join(disk.directory, 'data'),
  args: limit === undefined ? [] : ['--data-limit', limit],
});
try {
  await all(disk, server);
} catch (error) {
  failed += 1;
  say(`BROKEN OFF: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${server.log}`);
} finally {
  await server.remove();
  disk.remove();
}
say(`load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} processors`);
say(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Receivers that ask for it are told when the broker accepted each message, and its number. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AmqpReceiver, ReceiverLink } from '@millrace/amqp';
import { Recovery } from '@millrace/broker';
import { DiskJournal } from '@millrace/journal';
import { afterEach, describe, expect, it } from 'vitest';
import { CrashingJournal } from '../support/crashing-journal.js';
import { AmqpServer, RawClient, restart, type ServerOptions, text, texts, until } from './amqp-server.js';

const ASKS = { desiredCapabilities: ['ingress-time'] } as const;
const DURABLE = { durable: 2, expiryPolicy: 'never' } as const;
const addresses: NonNullable<ServerOptions['addresses']> = {
  q: { type: 'queue' },
  t: { type: 'topic' },
  dead: { type: 'queue' },
};

const servers: AmqpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.stop();
    expect(server.faults).toEqual([]);
  }
});

async function start(options: ServerOptions = {}): Promise<AmqpServer> {
  const server = await AmqpServer.start({ addresses, ...options });
  servers.push(server);
  return server;
}

async function annotations(receiver: AmqpReceiver): Promise<Record<string, unknown>> {
  const next = await receiver.receive(2_000);
  if (next === undefined) throw new Error('nothing came');
  return { ...next.message.messageAnnotations };
}

describe('the time at which the broker accepted a message', () => {
  it('comes with each message to a link that asks, and to no other', async () => {
    const server = await start({ addresses: { ...addresses, other: { type: 'queue' } } });
    const client = await server.client();
    const before = Date.now();
    for (const address of ['q', 'other']) await (await client.openSender(address)).send(text('x'));
    const asking = await client.openReceiver('q', ASKS);
    expect(asking.offeredCapabilities).toEqual(['ingress-time']);
    const { 'x-opt-ingress-time': time, ...rest } = await annotations(asking);
    expect(rest).toEqual({});
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
    const silent = await client.openReceiver('other');
    expect(silent.offeredCapabilities).toEqual([]);
    expect(await annotations(silent)).toEqual({});
  });

  it('leaves what the sender annotated, and overrules what it said of the time', async () => {
    const server = await start();
    const client = await server.client();
    const messageAnnotations = { 'x-opt-ingress-time': 1, 'x-opt-mine': 'kept' };
    await (await client.openSender('q')).send(text('x', { messageAnnotations }));
    const received = await annotations(await client.openReceiver('q', ASKS));
    expect(received['x-opt-mine']).toBe('kept');
    expect(received['x-opt-ingress-time']).toBeGreaterThan(1_700_000_000_000);
  });

  it('is the same to all subscriptions, and after a restart, and when a message comes again', async () => {
    const journal = new CrashingJournal();
    const server = await start({ journal });
    const client = await server.client('c');
    const durable = await client.openReceiver('t', { ...ASKS, name: 'sub', source: DURABLE, settlement: 'explicit' });
    const plain = await client.openReceiver('t', ASKS);
    const sender = await client.openSender('t');
    await sender.send(text('x', { header: { durable: true, priority: 7, ttl: 600_000 } }));
    const first = await annotations(plain);
    expect(await annotations(durable)).toEqual(first);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await restart(journal, { addresses });
    servers.push(second);
    const again = await (await second.client('c')).openReceiver('t', { ...ASKS, name: 'sub', source: DURABLE });
    const delivery = (await again.receive(2_000))!;
    expect(delivery.message.header).toMatchObject({ durable: true, priority: 7, firstAcquirer: false });
    expect({ ...delivery.message.messageAnnotations }).toEqual(first);
  });

  it('comes with a message that several frames carry, and with one that is browsed', async () => {
    const server = await start();
    const client = await server.client();
    const large = 'abcdefghij'.repeat(50_000);
    await (await client.openSender('q')).send(text(large));
    const browser = await client.openReceiver('q', { ...ASKS, source: { distributionMode: 'copy' } });
    const seen = await annotations(browser);
    const taker = await client.openReceiver('q', ASKS);
    const taken = (await taker.receive(2_000))!;
    expect(taken.message.body).toMatchObject({ value: large });
    expect({ ...taken.message.messageAnnotations }).toEqual(seen);
  });
});

describe('the number of a message', () => {
  const NUMBERED = { desiredCapabilities: ['sequence-number', 'ingress-time'] } as const;
  const numberOf = async (receiver: AmqpReceiver) => Number((await annotations(receiver))['x-opt-sequence-number']);

  it('rises, and is another for each message', async () => {
    const server = await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    for (const body of ['a', 'b', 'c']) await sender.send(text(body, { messageAnnotations: { 'x-opt-mine': body } }));
    const receiver = await client.openReceiver('q', NUMBERED);
    expect(receiver.offeredCapabilities).toEqual(['ingress-time', 'sequence-number']);
    const first = await annotations(receiver);
    expect(Object.keys(first).sort()).toEqual(['x-opt-ingress-time', 'x-opt-mine', 'x-opt-sequence-number']);
    const numbers = [Number(first['x-opt-sequence-number']), await numberOf(receiver), await numberOf(receiver)];
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers[0]).toBeGreaterThan(0);
  });

  it('is the same when the message comes again, also after a restart, and new for a later one', async () => {
    const journal = new CrashingJournal();
    const server = await start({ journal });
    const client = await server.client('c');
    const sender = await client.openSender('q');
    for (const body of ['a', 'b']) await sender.send(text(body, { header: { durable: true } }));
    const explicit = { ...NUMBERED, settlement: 'explicit' } as const;
    const receiver = await client.openReceiver('q', explicit);
    const numbers = [await numberOf(receiver), await numberOf(receiver)];
    await receiver.close();
    const again = await client.openReceiver('q', explicit);
    expect([await numberOf(again), await numberOf(again)]).toEqual(numbers);
    const second = await restart(journal, { addresses });
    servers.push(second);
    const later = await second.client('c');
    await (await later.openSender('q')).send(text('c', { header: { durable: true } }));
    const after = await later.openReceiver('q', explicit);
    const [one, two, three] = [await numberOf(after), await numberOf(after), await numberOf(after)];
    expect([one, two]).toEqual(numbers);
    expect(three).toBeGreaterThan(Math.max(...numbers));
  });

  it('is 0 for what is settled as it is sent', async () => {
    const server = await start();
    const client = await server.client();
    await (await client.openSender('q')).send(text('a'));
    const receiver = await client.openReceiver('q', {
      desiredCapabilities: ['sequence-number'],
      settlement: 'settled',
    });
    expect(await annotations(receiver)).toEqual({ 'x-opt-sequence-number': 0 });
  });
});

describe('the answer to a drain of a link that asks', () => {
  type Flow = Parameters<ReceiverLink['handleFlow']>[0];

  async function drained(credit: number, messages: number): Promise<Flow> {
    const server = await start();
    const sender = await (await server.client()).openSender('q');
    for (let i = 0; i < messages; i++) await sender.send(text(`${i}`));
    const client = new RawClient(server);
    const session = client.engine.beginSession();
    const link = session.attach('receiver', 'r', { source: { address: 'q' }, ...ASKS }) as ReceiverLink;
    const answers: Flow[] = [];
    const handle = link.handleFlow.bind(link);
    link.handleFlow = (flow) => {
      if (flow.drain === true) answers.push(flow);
      handle(flow);
    };
    client.write();
    await until(() => link.state === 'attached');
    link.setCredit(credit);
    link.requestDrain();
    client.write();
    await until(() => answers.length > 0);
    client.socket.destroy();
    return answers[0]!;
  }

  it('says up to when all has been sent', async () => {
    const before = Date.now();
    const answer = await drained(10, 3);
    expect(answer).toMatchObject({ deliveryCount: 10, linkCredit: 0 });
    const time = answer.properties?.['x-opt-ingress-time'];
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('says nothing of it when the credit was too little', async () => {
    const answer = await drained(3, 3);
    expect(answer).toMatchObject({ deliveryCount: 3, linkCredit: 0 });
    expect(answer.properties).toBeUndefined();
  });
});

describe('a drain of a queue whose messages have to be read from the disk', () => {
  it('is answered after the last of them', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-drain-'));
    const journal = await DiskJournal.open({ directory, owner: new Recovery() });
    const server = await start({ journal, paging: { residentBytes: 0, blockBytes: 2_000, aheadBytes: 4_000 } });
    const client = await server.client();
    const sender = await client.openSender('q');
    const count = 500;
    const sends = Array.from({ length: count }, (_, i) =>
      sender.send(text(`${i}`.padEnd(100), { header: { durable: true } })),
    );
    await Promise.all(sends);
    await until(() => server.broker.address('q')!.pagedOut > 400);
    const receiver = await client.openReceiver('q', { credit: 2_000 });
    await receiver.drain();
    expect(server.broker.address('q')!.counters.out).toBe(count);
    const got = await texts(receiver, count);
    expect(got.map((one) => String(one).trim())).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
    await server.stop();
    await journal.close();
    servers.pop();
    rmSync(directory, { recursive: true });
  });
});

/** What AMQP clients find again after the end of the process. */
import { type ReceiverLink, SenderSettleMode } from '@millrace/amqp';
import { afterEach, expect, test } from 'vitest';
import { CrashingJournal } from '../support/crashing-journal.js';
import { AmqpServer, RawClient, restart, type ServerOptions, text, texts, until } from './amqp-server.js';

const DURABLE = { durable: 2, expiryPolicy: 'never' } as const;
const topic: ServerOptions = { addresses: { t: { type: 'topic' } } };

const servers: AmqpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.stop();
    expect(server.faults).toEqual([]);
  }
});

async function start(options: ServerOptions): Promise<{ server: AmqpServer; journal: CrashingJournal }> {
  const journal = new CrashingJournal();
  const server = await AmqpServer.start({ ...options, journal });
  servers.push(server);
  return { server, journal };
}

async function again(journal: CrashingJournal, options: ServerOptions): Promise<AmqpServer> {
  const server = await restart(journal, options);
  servers.push(server);
  return server;
}

const stored = (value: string) => text(value, { header: { durable: true } });

test('a durable subscription and what it stores are there again, and gone when it is closed', async () => {
  const { server, journal } = await start(topic);
  const receiver = await (await server.client('c')).openReceiver('t', { name: 'sub', source: DURABLE });
  await receiver.detach();
  const sender = await (await server.client('s')).openSender('t');
  for (const value of ['a', 'b']) await sender.send(stored(value));
  const second = await again(journal, topic);
  const back = await (await second.client('c')).openReceiver('t', { name: 'sub', source: DURABLE });
  expect(await texts(back, 2)).toEqual(['a', 'b']);
  await back.close();
  const third = await again(second.journal as CrashingJournal, topic);
  expect(third.broker.subscriptions()).toEqual([]);
});

test('the answer to attach waits for the disk, and nothing is sent before it', async () => {
  const { server, journal } = await start(topic);
  journal.holds = true;
  const client = new RawClient(server);
  const session = client.engine.beginSession();
  const link = session.attach('receiver', 'sub', {
    source: { address: 't', ...DURABLE },
    target: { address: 'x' },
    senderSettleMode: SenderSettleMode.settled,
  }) as ReceiverLink;
  client.write();
  // Before the answer to begin came, no flow can leave.
  await until(() => server.broker.subscriptions().length === 1 && session.state === 'begun');
  // A peer may give credit right behind its attach, before the answer has come.
  link.state = 'attached';
  link.setCredit(10);
  client.write();
  link.state = 'attaching';
  const sender = await (await server.client('s')).openSender('t');
  void sender.send(text('x')).catch(() => {});
  await until(() => server.broker.subscriptions()[0]!.stored === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([link.state, server.broker.subscriptions()[0]!.stored]).toEqual(['attaching', 1]);
  journal.write();
  await until(() => link.state === 'attached' && server.broker.subscriptions()[0]!.stored === 0);
  client.socket.destroy();
});

test('so does the answer to the detach that ends the subscription', async () => {
  const { server, journal } = await start(topic);
  const receiver = await (await server.client('c')).openReceiver('t', { name: 'sub', source: DURABLE });
  journal.holds = true;
  let closed = false;
  const closing = receiver.close().then(() => {
    closed = true;
  });
  await until(() => server.broker.subscriptions().length === 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(closed).toBe(false);
  journal.write();
  await closing;
});

test('a subscription that cannot be stored is refused, one that is there goes on', async () => {
  const { server, journal } = await start(topic);
  const client = await server.client('c');
  const receiver = await client.openReceiver('t', { name: 'sub', source: DURABLE });
  await receiver.detach();
  journal.state = { kind: 'full' };
  await client.openReceiver('t', { name: 'sub', source: DURABLE });
  await expect(client.openReceiver('t', { name: 'other', source: DURABLE })).rejects.toMatchObject({
    condition: 'amqp:resource-limit-exceeded',
  });
  expect(server.broker.subscriptions().map(({ durableName }) => durableName)).toEqual(['amqp/c/sub']);
  journal.state = { kind: 'open' };
  journal.holds = true;
  const refused = client.openReceiver('t', { name: 'third', source: DURABLE });
  refused.catch(() => {});
  await until(() => server.broker.subscriptions().length === 2);
  journal.state = { kind: 'failed' };
  journal.write();
  await expect(refused).rejects.toMatchObject({ condition: 'amqp:internal-error' });
  expect(server.broker.subscriptions().length).toBe(1);
});

test('the client that may make a queue brings one that was there to life again', async () => {
  const options: ServerOptions = { addresses: {}, settings: { undeclared: 'queue' } };
  const { server, journal } = await start(options);
  await (await (await server.client()).openSender('made')).send(stored('kept'));
  const second = await again(journal, options);
  expect(second.broker.address('made')?.waitsForDeclaration).toBe(true);
  expect(await texts(await (await second.client()).openReceiver('made'), 1)).toEqual(['kept']);
});

test('what may have been delivered before says so: first-acquirer and delivery-count', async () => {
  const { server, journal } = await start({});
  const sender = await (await server.client()).openSender('q');
  for (const value of ['failed', 'seen']) await sender.send(stored(value));
  const receiver = await (await server.client()).openReceiver('q', { settlement: 'explicit', credit: 1 });
  (await receiver.receive(2_000))!.modify({ deliveryFailed: true });
  await until(() => server.broker.browse('q', { limit: 1 })![0]!.deliveryCount === 1);
  const second = await again(journal, {});
  const back = await (await second.client()).openReceiver('q', { settlement: 'explicit' });
  const headers = [];
  for (let i = 0; i < 2; i++) headers.push((await back.receive(2_000))!.message.header);
  expect(headers).toMatchObject([
    { firstAcquirer: false, deliveryCount: 1 },
    { firstAcquirer: false, deliveryCount: 0 },
  ]);
});

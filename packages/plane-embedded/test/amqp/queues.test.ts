import { connect as connectTcp } from 'node:net';
import { encodeMessage, OutgoingDelivery, type ReceiverLink, type SenderLink } from '@millrace/amqp';
import { type Journal, JournalError } from '@millrace/journal';
import { afterEach, describe, expect, it } from 'vitest';
import { AmqpServer, RawClient, type ServerOptions, text, texts, until } from './amqp-server.js';

let server: AmqpServer;
const start = async (options?: ServerOptions) => {
  server = await AmqpServer.start(options);
};

afterEach(async () => {
  await server.stop();
  expect(server.faults).toEqual([]);
});

describe('a queue over AMQP', () => {
  it('takes and gives in order, with an outcome for each', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    const outcomes = await Promise.all(Array.from({ length: 5_000 }, (_, i) => sender.send(text(`${i}`))));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['accepted']));
    const receiver = await client.openReceiver('q');
    expect(await texts(receiver, 5_000)).toEqual(Array.from({ length: 5_000 }, (_, i) => `${i}`));
    await until(() => server.broker.address('q')!.stored === 0);
  });

  it('takes and gives pre-settled', async () => {
    await start();
    const client = await server.client();
    const receiver = await client.openReceiver('q', { settlement: 'settled' });
    const sender = await client.openSender('q', { settlement: 'settled' });
    for (let i = 0; i < 10; i++) void sender.send(text(`${i}`));
    const first = await receiver.receive(2_000);
    expect(first?.isSettled).toBe(true);
    expect(await texts(receiver, 9)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(server.broker.address('q')!.stored).toBe(0);
  });

  it('carries a message of many frames', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    const large = 'abcdefghij'.repeat(100_000);
    expect(await sender.send(text(large))).toEqual({ kind: 'accepted' });
    expect(await texts(await client.openReceiver('q'), 1)).toEqual([large]);
  });

  it('keeps the bare message, and makes the header anew', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    const properties = {
      messageId: 'id',
      to: 'q',
      subject: 's',
      correlationId: 7,
      contentType: 'text/plain',
      groupId: 'g',
    };
    await sender.send({
      header: { durable: true, priority: 7, ttl: 60_000, deliveryCount: 3 },
      deliveryAnnotations: { hop: 'this one' },
      messageAnnotations: { 'x-opt-a': 'b' },
      properties,
      applicationProperties: { n: 1, s: 'x' },
      body: { kind: 'sequence', sequences: [['a', 1], ['b']] },
      footer: { 'x-opt-f': 1 },
    });
    const { message } = (await (await client.openReceiver('q')).receive(2_000))!;
    expect(message.header).toMatchObject({ durable: true, priority: 7, firstAcquirer: true, deliveryCount: 0 });
    expect(message.header!.ttl).toBeGreaterThan(50_000);
    expect(message.deliveryAnnotations).toBeUndefined();
    expect({ ...message.messageAnnotations }).toEqual({ 'x-opt-a': 'b' });
    expect(message.properties).toEqual(properties);
    expect({ ...message.applicationProperties }).toEqual({ n: 1, s: 'x' });
    expect(message.body).toEqual({ kind: 'sequence', sequences: [['a', 1], ['b']] });
    expect({ ...message.footer }).toEqual({ 'x-opt-f': 1 });
  });

  it('expires by ttl and by absolute-expiry-time', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    await sender.send(text('short', { header: { ttl: 1 } }));
    await sender.send(text('past', { properties: { absoluteExpiryTime: new Date(1_000) } }));
    await sender.send(text('stays', { properties: { absoluteExpiryTime: new Date(Date.now() + 60_000) } }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const received = (await (await client.openReceiver('q')).receive(2_000))!;
    expect(received.message.body).toMatchObject({ value: 'stays' });
  });

  it('delivers again what was released or failed, and says so', async () => {
    await start();
    const client = await server.client();
    await (await client.openSender('q')).send(text('again'));
    const receiver = await client.openReceiver('q', { settlement: 'explicit' });
    const headers = [];
    for (const give of ['release', 'modify', 'accept'] as const) {
      const received = (await receiver.receive(2_000))!;
      headers.push([received.message.header?.deliveryCount, received.message.header?.firstAcquirer]);
      received[give]();
    }
    expect(headers[0]).toEqual([0, true]);
    expect(headers[2]?.[0]).toBe(1);
    expect(headers[2]?.[1]).toBe(false);
    await until(() => server.broker.address('q')!.stored === 0);
  });

  it('moves what was rejected to the dead letters', async () => {
    await start({ addresses: { q: { type: 'queue', deadLetter: 'dead' }, dead: { type: 'queue' } } });
    const client = await server.client();
    await (await client.openSender('q')).send(text('bad'));
    const receiver = await client.openReceiver('q', { settlement: 'explicit' });
    (await receiver.receive(2_000))!.reject();
    expect(await texts(await client.openReceiver('dead'), 1)).toEqual(['bad']);
  });

  it('does not give a message again to a receiver for whom it is undeliverable', async () => {
    await start({ addresses: { q: { type: 'queue', deadLetter: 'dead' }, dead: { type: 'queue' } } });
    const client = await server.client();
    await (await client.openSender('q')).send(text('not for me'));
    const only = await client.openReceiver('q', { settlement: 'explicit' });
    (await only.receive(2_000))!.modify({ undeliverableHere: true });
    expect(await texts(await client.openReceiver('dead'), 1)).toEqual(['not for me']);
    expect(await only.receive(0)).toBeUndefined();
  });

  it('gives back in order what a client held when it broke off', async () => {
    await start();
    const first = await server.client('first');
    const sender = await first.openSender('q');
    for (let i = 0; i < 20; i++) await sender.send(text(`${i}`));
    const receiver = await first.openReceiver('q', { settlement: 'explicit', credit: 10 });
    for (let i = 0; i < 3; i++) await receiver.receive(2_000);
    await first.close();
    const second = await server.client('second');
    expect(await texts(await second.openReceiver('q'), 20)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
  });

  it('shows without taking (distribution-mode copy)', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    for (let i = 0; i < 3; i++) await sender.send(text(`${i}`));
    const browser = await client.openReceiver('q', { source: { distributionMode: 'copy' } });
    expect(await texts(browser, 3)).toEqual(['0', '1', '2']);
    await browser.drain();
    expect(server.broker.address('q')!.stored).toBe(3);
  });

  it('answers a drain when it has no more', async () => {
    await start();
    const client = await server.client();
    const receiver = await client.openReceiver('q', { credit: 10 });
    await (await client.openSender('q')).send(text('one'));
    await receiver.drain();
    expect(receiver.credit).toBe(0);
    expect(await texts(receiver, 1)).toEqual(['one']);
  });

  it('holds senders back when it is full, and loses nothing', async () => {
    await start({ addresses: { q: { type: 'queue', whenFull: 'block', limits: { messages: 100 } } } });
    const client = await server.client();
    const sender = await client.openSender('q');
    let accepted = 0;
    const sends = Array.from({ length: 1_000 }, (_, i) =>
      sender.send(text(`${i}`)).then(({ kind }) => {
        expect(kind).toBe('accepted');
        accepted++;
      }),
    );
    await until(() => server.broker.address('q')!.stored >= 88);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(accepted).toBeLessThanOrEqual(100);
    expect(sender.credit).toBe(0);
    const other = await server.client('other');
    expect(await texts(await other.openReceiver('q'), 1_000)).toEqual(Array.from({ length: 1_000 }, (_, i) => `${i}`));
    await Promise.all(sends);
  });

  it('takes credit back from other senders when it is full', async () => {
    await start({ addresses: { q: { type: 'queue', whenFull: 'block', limits: { messages: 100 } } } });
    const client = await server.client();
    const [first, second] = [await client.openSender('q'), await client.openSender('q')];
    await until(() => first.credit > 0 && second.credit > 0);
    for (let i = 0; i < 88; i++) void first.send(text(`${i}`));
    await until(() => second.credit === 0);
    const late = second.send(text('late'));
    expect(await texts(await client.openReceiver('q'), 89)).toHaveLength(89);
    expect(await late).toEqual({ kind: 'accepted' });
  });

  it('settles a run of messages with one frame', async () => {
    await start();
    const client = new RawClient(server);
    const link = client.engine.beginSession().attach('sender', 's', { target: { address: 'q' } }) as SenderLink;
    client.write();
    await until(() => link.credit > 300);
    client.received.length = 0;
    const delivery = new OutgoingDelivery();
    delivery.buffer = encodeMessage(text('x'));
    delivery.end = delivery.buffer.length;
    for (let i = 0; i < 300; i++) link.send(delivery);
    client.write();
    await until(() => client.settledStates.length === 300);
    const dispositions = Buffer.concat(client.received).toString('latin1').split('\x00\x53\x15').length - 1;
    expect(dispositions).toBeLessThanOrEqual(2);
    client.socket.destroy();
  });

  it('rejects with the condition when it is full and asked to', async () => {
    await start({ addresses: { q: { type: 'queue', whenFull: 'reject', limits: { messages: 2 } } } });
    const sender = await (await server.client()).openSender('q');
    const outcomes = await Promise.all(['a', 'b', 'c'].map((value) => sender.send(text(value))));
    expect(outcomes).toMatchObject([
      { kind: 'accepted' },
      { kind: 'accepted' },
      { kind: 'rejected', error: { condition: 'amqp:resource-limit-exceeded' } },
    ]);
  });

  it('rejects a message that is larger than the address takes', async () => {
    await start({ addresses: { q: { type: 'queue', limits: { messageBytes: 100 } } } });
    const sender = await (await server.client()).openSender('q');
    expect(await sender.send(text('x'.repeat(200)))).toMatchObject({
      kind: 'rejected',
      error: { condition: 'amqp:link:message-size-exceeded' },
    });
  });

  it('never says accepted for what the journal did not keep', async () => {
    let commits = 0;
    const journal: Journal = {
      durable: false,
      append: () => 1,
      commit(done) {
        const failed = ++commits % 3 === 0;
        setImmediate(() => done(failed ? new JournalError('disk') : undefined));
      },
    };
    await start({ journal });
    const client = await server.client();
    const sender = await client.openSender('q');
    const kinds: string[] = [];
    for (let i = 0; i < 12; i++) {
      const outcome = await sender.send(text(`${i}`, { header: { durable: true } }));
      kinds.push(outcome.kind === 'rejected' ? outcome.error!.condition : outcome.kind);
    }
    expect(new Set(kinds)).toEqual(new Set(['accepted', 'amqp:internal-error']));
    const accepted = kinds.flatMap((kind, i) => (kind === 'accepted' ? [`${i}`] : []));
    expect(await texts(await client.openReceiver('q'), accepted.length)).toEqual(accepted);
  });

  it('detaches its links when it is deleted', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    const receiver = await client.openReceiver('q');
    const waiting = receiver.receive();
    server.broker.remove('q', { force: true });
    await expect(waiting).rejects.toMatchObject({ condition: 'amqp:resource-deleted' });
    await expect(sender.send(text('x'))).rejects.toMatchObject({ condition: 'amqp:resource-deleted' });
  });

  it('gives a receiver that does not read only what the socket takes', async () => {
    await start({ settings: { outputBytes: 100_000 } });
    const sender = await (await server.client()).openSender('q');
    const body = 'x'.repeat(100_000);
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, () => sender.send(text(body))));
    // Attaches, grants credit for all of it, and reads no further.
    const client = new RawClient(server);
    const link = client.engine.beginSession().attach('receiver', 'lazy', { source: { address: 'q' } }) as ReceiverLink;
    client.write();
    await until(() => link.state === 'attached');
    link.setCredit(10_000);
    client.write();
    client.socket.pause();
    const lazy = () => [...server.listener.observe()].find(({ container }) => container === 'raw')!.links[0]!;
    await until(() => lazy().deliveries > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // 50 MB wait; the kernel takes some MB by itself, the broker's output a hundredth of it.
    expect(lazy().deliveries).toBeLessThan(250);
    // What it did not read is others' to have.
    client.socket.destroy();
    const receiver = await (await server.client('eager')).openReceiver('q', { credit: 100 });
    expect(await texts(receiver, 500)).toHaveLength(500);
  });
});

describe('a client that breaks the rules', () => {
  it('ends its own connection alone', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('q');
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      'AMQP\x00\x01\x00\x00\x00\x00\x00\x02\x02\x00\x00\x00',
      'AMQP\x00\x01\x00\x00\xff\xff\xff\xff\x02\x00\x00\x00',
    ]) {
      const socket = connectTcp(server.listener.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(Buffer.from(bytes, 'latin1'));
      await new Promise((resolve) => socket.on('close', resolve).resume());
    }
    expect(await sender.send(text('still here'))).toEqual({ kind: 'accepted' });
  });

  it('is told that its message is none', async () => {
    await start();
    const sender = await (await server.client()).openSender('q');
    expect(await sender.sendEncoded(Buffer.from('no message'))).toMatchObject({
      kind: 'rejected',
      error: { condition: 'amqp:decode-error' },
    });
    expect(await sender.send(text('x'))).toEqual({ kind: 'accepted' });
  });

  it('is cut when it does not open in time', async () => {
    await start({ settings: { openTimeoutMs: 100 } });
    const socket = connectTcp(server.listener.port, '127.0.0.1');
    socket.write(Buffer.from('AMQP\x00\x01\x00\x00', 'latin1'));
    await new Promise((resolve) => socket.on('close', resolve).resume());
  });
});

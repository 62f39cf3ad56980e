/** The client over real sockets, against a small listener of the same engine: an echo that keeps one queue. */

import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCEPTED,
  AmqpError,
  type AmqpMessage,
  Condition,
  Connection,
  ConnectionHandler,
  connect,
  GrowingOutput,
  type IncomingDelivery,
  type Link,
  OutgoingDelivery,
  parsePlain,
  type ReceiverLink,
  SaslCode,
  type SaslInit,
  SenderLink,
  valueBody,
} from '../src/index.js';

/** Stores what comes, sends it to whoever has credit, in order. */
class EchoHandler extends ConnectionHandler {
  readonly queue: Buffer[];
  readonly settledStates: string[];
  private readonly senders: SenderLink[] = [];

  constructor(queue: Buffer[], settledStates: string[]) {
    super();
    this.queue = queue;
    this.settledStates = settledStates;
  }

  override onSaslInit(connection: Connection, init: SaslInit): void {
    const plain = init.mechanism === 'PLAIN' ? parsePlain(init.initialResponse ?? Buffer.alloc(0)) : undefined;
    const good = init.mechanism === 'ANONYMOUS' || plain?.password === 'secret';
    connection.saslOutcome(good ? SaslCode.ok : SaslCode.auth);
  }

  override onAttach(link: Link): void {
    const { source, target } = link.remote!;
    const address = link.role === 'sender' ? source?.address : target?.address;
    if (address === 'missing') {
      link.refuse(new AmqpError(Condition.notFound, 'there is no address "missing"', 'link'));
      return;
    }
    link.accept({ source: source?.dynamic === true ? { ...source, address: 'temporary-1' } : source, target });
    if (link instanceof SenderLink) this.senders.push(link);
    else (link as ReceiverLink).setCredit(10);
    this.deliver();
  }

  override onTransfer(link: ReceiverLink, delivery: IncomingDelivery): void {
    this.queue.push(Buffer.from(delivery.buffer.subarray(delivery.start, delivery.end)));
    if (!delivery.settled) link.settle(delivery.deliveryId, ACCEPTED);
    if (link.credit < 5) link.setCredit(10);
    this.deliver();
  }

  override onFlow(link: Link): void {
    this.deliver();
    if (link instanceof SenderLink && this.queue.length === 0) link.drained();
  }

  override onSettled(_link: SenderLink, _context: unknown, state: { kind: string } | undefined): void {
    this.settledStates.push(state?.kind ?? 'none');
  }

  private deliver(): void {
    const delivery = new OutgoingDelivery();
    for (const sender of this.senders) {
      while (this.queue.length > 0 && sender.sendable() > 0) {
        delivery.buffer = this.queue.shift()!;
        delivery.end = delivery.buffer.length;
        sender.send(delivery);
      }
    }
  }
}

let server: Server;
let port: number;
let queue: Buffer[];
let settledStates: string[];
let sockets: Socket[];

beforeEach(async () => {
  queue = [];
  settledStates = [];
  sockets = [];
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

function serve(socket: Socket): void {
  sockets.push(socket);
  const output = new GrowingOutput();
  const handler = new EchoHandler(queue, settledStates);
  const connection = new Connection({
    role: 'listener',
    containerId: 'echo',
    output,
    handler,
    saslMechanisms: ['ANONYMOUS', 'PLAIN'],
    frameSizeMax: 1_024,
  });
  const write = (): void => {
    connection.flush();
    if (output.position > 0) socket.write(output.take());
    if (connection.state === 'closed') socket.end();
  };
  socket.on('data', (chunk: Buffer) => {
    connection.ingest(chunk, 0, chunk.length);
    write();
  });
  socket.on('error', () => {});
  socket.on('close', () => connection.transportClosed());
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const open = () => connect({ host: '127.0.0.1', port, containerId: 'test' });
const text = (value: string): AmqpMessage => ({ body: valueBody(value) });

describe('client', () => {
  it('sends and receives in order, with more messages than credit', async () => {
    const connection = await open();
    const receiver = await connection.openReceiver('q', { credit: 7 });
    const sender = await connection.openSender('q');
    const outcomes = Array.from({ length: 100 }, (_, i) => sender.send(text(`message ${i}`)));
    const received: unknown[] = [];
    for await (const { message } of receiver) {
      received.push(message.body.kind === 'value' ? message.body.value : undefined);
      if (received.length === 100) break;
    }
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => `message ${i}`));
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set([ACCEPTED]));
    await connection.close();
    expect(await connection.closed).toBeUndefined();
    expect(settledStates).toEqual(new Array(100).fill('accepted'));
  });

  it('sends large messages over small frames', async () => {
    const connection = await open();
    const sender = await connection.openSender('q', { settlement: 'settled' });
    expect(await sender.send(text('x'.repeat(50_000)))).toEqual(ACCEPTED);
    const receiver = await connection.openReceiver('q');
    const received = await receiver.receive(5_000);
    expect(received?.message.body).toEqual(valueBody('x'.repeat(50_000)));
    await connection.close();
  });

  it('gives explicit outcomes, once each', async () => {
    const connection = await open();
    const sender = await connection.openSender('q');
    await Promise.all(['a', 'b', 'c', 'd'].map((value) => sender.send(text(value))));
    const receiver = await connection.openReceiver('q', { settlement: 'explicit' });
    (await receiver.receive())!.accept();
    (await receiver.receive())!.reject({ condition: 'x:y' });
    (await receiver.receive())!.release();
    const last = (await receiver.receive())!;
    last.modify({ undeliverableHere: true });
    last.accept();
    expect(last.isSettled).toBe(true);
    await receiver.close();
    await connection.close();
    expect(settledStates).toEqual(['accepted', 'rejected', 'released', 'modified']);
  });

  it('gives back on closing what was not handed out', async () => {
    const connection = await open();
    const sender = await connection.openSender('q');
    await Promise.all(['a', 'b', 'c'].map((value) => sender.send(text(value))));
    const receiver = await connection.openReceiver('q');
    await receiver.receive(2_000);
    await receiver.close();
    await connection.close();
    expect(settledStates).toEqual(['accepted', 'released', 'released']);
  });

  it('gets a dynamic address', async () => {
    const connection = await open();
    const receiver = await connection.openReceiver(undefined);
    expect(receiver.address).toBe('temporary-1');
    await connection.close();
  });

  it('drains, and waits for a message no longer than it is told', async () => {
    const connection = await open();
    const receiver = await connection.openReceiver('q', { credit: 5 });
    expect(await receiver.receive(10)).toBeUndefined();
    await receiver.drain();
    expect(receiver.credit).toBe(0);
    await connection.close();
  });

  it('names the condition of a refused link', async () => {
    const connection = await open();
    await expect(connection.openSender('missing')).rejects.toMatchObject({ condition: 'amqp:not-found' });
    await expect(connection.openReceiver('missing')).rejects.toMatchObject({
      condition: 'amqp:not-found',
      scope: 'link',
    });
    expect((await connection.openSender('q')).credit).toBeGreaterThanOrEqual(0);
    await connection.close();
  });

  it('authenticates, and says when that fails', async () => {
    const options = { host: '127.0.0.1', port, username: 'u' };
    await (await connect({ ...options, password: 'secret' })).close();
    await expect(connect({ ...options, password: 'wrong' })).rejects.toMatchObject({
      condition: 'amqp:unauthorized-access',
    });
  });

  it('speaks over TLS, and to nobody whose certificate it does not trust', async () => {
    const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
    const secure = createTlsServer({ key: fixture('key.pem'), cert: fixture('certificate.pem') }, serve);
    secure.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const options = { host: '127.0.0.1', port: (secure.address() as AddressInfo).port };
    const connection = await connect({ ...options, tls: { ca: fixture('certificate.pem'), servername: 'localhost' } });
    const sender = await connection.openSender('q');
    expect(await sender.send(text('secret'))).toEqual(ACCEPTED);
    await connection.close();
    await expect(connect({ ...options, tls: {} })).rejects.toMatchObject({ condition: Condition.connectionForced });
    await new Promise((resolve) => secure.close(resolve));
  });

  it('says when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(open()).rejects.toMatchObject({
      condition: Condition.connectionForced,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('rejects what waits when the transport breaks', async () => {
    const connection = await open();
    const receiver = await connection.openReceiver('q');
    const sender = await connection.openSender('q');
    const waiting = receiver.receive();
    const sends = Array.from({ length: 20 }, () => sender.send(text('x')));
    sockets[0]!.destroy();
    const results = await Promise.allSettled([waiting, ...sends]);
    expect(results.every((result) => result.status === 'rejected')).toBe(true);
    expect(await connection.closed).toBeInstanceOf(AmqpError);
    await expect(sender.send(text('y'))).rejects.toBeInstanceOf(AmqpError);
  });

  it('closes a sender after what waits was sent', async () => {
    const connection = await open();
    const sender = await connection.openSender('q');
    const sends = Array.from({ length: 50 }, (_, i) => sender.send(text(`${i}`)));
    await sender.close();
    expect(await Promise.all(sends)).toHaveLength(50);
    expect(queue).toHaveLength(50);
    await connection.close();
  });
});

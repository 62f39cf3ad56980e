/** The client over real sockets, against a small server made of the same engine. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  connect,
  type MqttClient,
  MqttError,
  matchesTopic,
  OutgoingPublication,
  ReasonCode,
  type ReceivedMessage,
} from '../src/index.js';
import { End } from './support.js';

/** A server's end on a socket: passes every message on to all whose subscriptions take it in. */
class TestServer {
  readonly ends = new Set<SocketEnd>();
  readonly server: Server;
  refuses = false;

  constructor() {
    this.server = createServer((socket) => this.ends.add(new SocketEnd(this, socket)));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const end of this.ends) end.socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

class SocketEnd extends End {
  readonly socket: Socket;

  constructor(server: TestServer, socket: Socket) {
    super('server');
    this.socket = socket;
    this.output.onFirstReserve = () => setImmediate(() => socket.write(this.output.take()));
    socket.on('data', (bytes: Buffer) => this.connection.ingest(bytes));
    socket.on('close', () => server.ends.delete(this));
    socket.on('error', () => {});
    this.onConnect = (packet) => {
      this.connect = packet;
      if (server.refuses) this.connection.refuse(ReasonCode.notAuthorized, 'go away');
      else
        this.connection.accept({
          session: this.session,
          sessionPresent: false,
          properties: { assignedClientIdentifier: 'given' },
        });
    };
    this.onPublish = (publication) => {
      for (const end of server.ends) end.pass(publication.topic, Buffer.from(publication.payload()));
      if (publication.qos > 0) {
        this.connection.acknowledge(publication.tag, publication.topic === 'forbidden' ? ReasonCode.notAuthorized : 0);
      }
    };
  }

  pass(topic: string, payload: Buffer): void {
    for (const subscribe of this.subscribes) {
      for (const { filter, qos } of subscribe.subscriptions) {
        if (!matchesTopic(filter, topic)) continue;
        const message = new OutgoingPublication();
        message.topic = topic;
        message.payload = payload;
        message.payloadEnd = payload.length;
        message.qos = qos;
        this.connection.publish(message);
      }
    }
  }

  override onClosed(error: MqttError | undefined): void {
    super.onClosed(error);
    setImmediate(() => this.socket.end(this.output.take()));
  }
}

let server: TestServer;
let port = 0;
beforeEach(async () => {
  server = new TestServer();
  port = await server.listen();
});
afterEach(() => server.close());

function next(count: number): {
  readonly messages: Promise<ReceivedMessage[]>;
  onMessage(message: ReceivedMessage): void;
} {
  const seen: ReceivedMessage[] = [];
  let done: (messages: ReceivedMessage[]) => void = () => {};
  const messages = new Promise<ReceivedMessage[]>((resolve) => {
    done = resolve;
  });
  return {
    messages,
    onMessage(message) {
      seen.push(message);
      if (seen.length === count) done(seen);
    },
  };
}

describe.each([4, 5] as const)('a client of MQTT level %s', (protocolVersion) => {
  const open = (): Promise<MqttClient> => connect({ host: '127.0.0.1', port, protocolVersion });

  test('publishes and receives with each QoS, and ends', async () => {
    const client = await open();
    const received = next(6);
    expect(await client.subscribe('a/+', { qos: 2 }, received.onMessage)).toBe(2);
    expect(await client.subscribe('a/#', { qos: 1 }, () => {})).toBe(1);
    await client.publish('a/1', 'zero');
    await client.publish('a/2', Buffer.from('one'), { qos: 1 });
    await client.publish('a/3', 'two', { qos: 2 });
    const messages = await received.messages;
    expect(new Set(messages.map((message) => `${message.topic} ${message.payload}`))).toEqual(
      new Set(['a/1 zero', 'a/2 one', 'a/3 two']),
    );
    await client.end();
    expect(await client.closed).toBeUndefined();
    await expect(client.publish('a', 'late', { qos: 1 })).rejects.toThrow(/closed/);
  });

  test('many publications wait their turn and keep their order', async () => {
    const client = await open();
    const received = next(5000);
    await client.subscribe('t', {}, received.onMessage);
    await Promise.all(Array.from({ length: 5000 }, (_, i) => client.publish('t', `${i}`, { qos: 1 })));
    expect((await received.messages).map((message) => Number(message.payload.toString()))).toEqual(
      Array.from({ length: 5000 }, (_, i) => i),
    );
    await client.end();
  });

  test('a lost connection rejects what waits', async () => {
    const client = await open();
    for (const end of server.ends) end.onPublish = () => end.socket.destroy();
    await expect(client.publish('t', 'x', { qos: 1 })).rejects.toThrow();
    expect(await client.closed).toBeInstanceOf(Error);
  });

  test('a refusal', async () => {
    server.refuses = true;
    await expect(open()).rejects.toMatchObject({ name: 'MqttError', reasonCode: ReasonCode.notAuthorized });
  });
});

test('a refused message, with MQTT 5', async () => {
  const client = await connect({ host: '127.0.0.1', port });
  expect(client.clientId).toBe('given');
  await expect(client.publish('forbidden', 'x', { qos: 1 })).rejects.toMatchObject({
    reasonCode: ReasonCode.notAuthorized,
  });
  await expect(client.publish('wild/+', 'x')).rejects.toBeInstanceOf(MqttError);
  await client.end();
});

test('nobody listens', async () => {
  await server.close();
  await expect(connect({ host: '127.0.0.1', port })).rejects.toThrow(/ECONNREFUSED/);
  server = new TestServer();
  await server.listen();
});

test('a server that says nothing', async () => {
  for (const end of server.ends) end.onConnect = () => {};
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address() as { port: number };
  const connecting = connect({ host: '127.0.0.1', port: address.port, connectTimeoutMs: 50 });
  await expect(connecting).rejects.toMatchObject({ reasonCode: ReasonCode.maximumConnectTime });
  silent.close();
});

/** Both listeners on a real journal, over sockets: what clients find when the server begins with what a crash left. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectAmqp, valueBody } from '@millrace/amqp';
import { type ClientOptions, connect as connectMqtt, type MqttClient } from '@millrace/mqtt';
import { OPEN_AUTHORIZER } from '@millrace/security';
import { afterEach, expect, test } from 'vitest';
import { EmbeddedPlane } from '../src/embedded-plane.js';
import { openStore } from '../src/store.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sessions-'));
  ends.push(async () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

class DiskServer {
  readonly directory: string;
  readonly faults: unknown[] = [];
  private readonly plane: EmbeddedPlane;

  private constructor(directory: string, store: Awaited<ReturnType<typeof openStore>>) {
    this.directory = directory;
    this.plane = new EmbeddedPlane({
      host: '127.0.0.1',
      amqpPort: 0,
      mqttPort: 0,
      authorizer: OPEN_AUTHORIZER,
      services: new Map(),
      undeclaredAmqp: 'topic',
      store,
      onFault: (error) => this.faults.push(error),
    });
  }

  static async start(directory = temporaryDirectory()): Promise<DiskServer> {
    const server = new DiskServer(directory, await openStore({ directory, limitBytes: 8 * 1024 ** 2, log: () => {} }));
    ends.push(async () => {
      await server.plane.stop('the test is over');
      expect(server.faults).toEqual([]);
    });
    await server.plane.listen();
    return server;
  }

  /** A new server on the files as they are now: this one is as good as gone. */
  crash(): Promise<DiskServer> {
    const directory = temporaryDirectory();
    for (const name of readdirSync(this.directory)) {
      if (name.endsWith('.log')) cpSync(join(this.directory, name), join(directory, name));
    }
    return DiskServer.start(directory);
  }

  port(protocol: 'amqp' | 'mqtt'): number {
    return this.plane.messaging.endpoints().find((endpoint) => endpoint.protocol === protocol)!.port;
  }

  async mqtt(clientId: string, options: Partial<ClientOptions> = {}): Promise<MqttClient> {
    const client = await connectMqtt({
      host: '127.0.0.1',
      port: this.port('mqtt'),
      clientId,
      cleanStart: false,
      properties: { sessionExpiryInterval: 600 },
      ...options,
    });
    ends.push(async () => client.destroy());
    return client;
  }

  async amqp(containerId: string) {
    const client = await connectAmqp({ host: '127.0.0.1', port: this.port('amqp'), containerId });
    ends.push(() => client.close());
    return client;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not so within 10 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, at) => `${from + at}`);

test('sessions with messages of QoS 1 and 2, a retained one and a will', async () => {
  const first = await DiskServer.start();
  const away = await first.mqtt('away');
  await away.subscribe('m/#', { qos: 2 }, () => {});
  await away.end();
  const sender = await first.mqtt('sender');
  const sent = numbers(0, 200);
  await Promise.all(sent.map((text, at) => sender.publish('m/x', text, { qos: at % 2 === 0 ? 1 : 2 })));
  await sender.publish('m/last', 'kept', { qos: 1, retain: true });
  await first.mqtt('mortal', {
    will: { topic: 'm/will', payload: Buffer.from('gone'), qos: 2, retain: false, properties: {} },
  });
  const second = await first.crash();
  const got: string[] = [];
  const back = await second.mqtt('away', {
    onMessage: ({ payload }) => {
      got.push(payload.toString());
    },
  });
  expect(back.connack.sessionPresent).toBe(true);
  await until(() => got.length >= 202);
  expect([...got].sort()).toEqual([...sent, 'kept', 'gone'].sort());
  const retained: string[] = [];
  await (await second.mqtt('new')).subscribe('m/last', { qos: 1 }, ({ payload }) => {
    retained.push(payload.toString());
  });
  await until(() => retained.length === 1);
});

test('QoS 2 in both directions comes once, though the server goes again and again in the midst of it', async () => {
  let server = await DiskServer.start();
  const got: string[] = [];
  const onMessage: NonNullable<ClientOptions['onMessage']> = ({ payload }) => {
    got.push(payload.toString());
  };
  let receiver = await server.mqtt('receiver');
  await receiver.subscribe('once', { qos: 2 }, onMessage);
  let sender = await server.mqtt('sender');
  const accepted: string[] = [];
  for (let round = 0; round < 5; round++) {
    const before = got.length;
    for (const text of numbers(round * 100, 100)) {
      void sender.publish('once', text, { qos: 2 }).then(
        () => accepted.push(text),
        () => {},
      );
    }
    await until(() => got.length > before + 10 + round * 10);
    // Nobody hears what this server says from now on: it may be further than its clients know.
    for (const client of [sender, receiver]) client.destroy();
    server = await server.crash();
    receiver = await server.mqtt('receiver', { session: receiver.session, onMessage });
    sender = await server.mqtt('sender', { session: sender.session });
  }
  await receiver.end();
  const last = await server.mqtt('receiver', { session: receiver.session, onMessage });
  await last.publish('once', 'end', { qos: 2 });
  await until(() => got.includes('end'));
  expect(got.length).toBe(new Set(got).size);
  expect(accepted.filter((text) => !got.includes(text))).toEqual([]);
});

test('a durable subscription of AMQP', async () => {
  const first = await DiskServer.start();
  const source = { durable: 2, expiryPolicy: 'never' } as const;
  await (await (await first.amqp('c')).openReceiver('news', { name: 'sub', source })).detach();
  const sender = await (await first.amqp('s')).openSender('news');
  await sender.send({ header: { durable: true }, body: valueBody('kept') });
  const second = await first.crash();
  const receiver = await (await second.amqp('c')).openReceiver('news', { name: 'sub', source });
  expect((await receiver.receive(5_000))?.message.body).toEqual(valueBody('kept'));
});

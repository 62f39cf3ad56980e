/**
 * An MQTT server that plays by a script: what a client publishes decides what becomes of it, and each subscription gets
 * the messages that it was started with.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  GrowingOutput,
  MqttConnection,
  MqttSession,
  OutgoingPublication,
  type Publication,
  ReasonCode,
  type SubscribePacket,
} from '@millrace/mqtt';

export interface FakeMqttServer {
  readonly url: string;
  /** "topic qos retain payload" of each publication. */
  readonly published: readonly string[];
  /** Payloads that a subscriber acknowledged. */
  readonly acknowledged: readonly string[];
  /** DISCONNECT packets: clients that said good-bye. */
  readonly goodbyes: () => number;
  close(): Promise<void>;
}

/** Payload "full" is refused with Quota exceeded, "cut" ends the socket. Topic "secret" is not allowed. User "bad" is not known. */
export async function startFakeMqttServer(messages: readonly string[] = []): Promise<FakeMqttServer> {
  const published: string[] = [];
  const acknowledged: string[] = [];
  const sockets = new Set<Socket>();
  let goodbyes = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    const output = new GrowingOutput();
    output.onFirstReserve = () => setImmediate(() => socket.write(output.take()));
    let waiting: string[] = [];
    const connection: MqttConnection = new MqttConnection({
      role: 'server',
      output,
      handler: {
        onConnect: (packet) => {
          if (packet.username === 'bad') connection.refuse(ReasonCode.badUserNameOrPassword);
          else connection.accept({ session: new MqttSession(), sessionPresent: false });
        },
        onPublish: (publication) => onPublish(connection, publication, socket),
        onSubscribe: (packet) => {
          onSubscribe(connection, packet);
          waiting = [...messages];
          sendWaiting();
        },
        onUnsubscribe: () => {},
        onAcknowledged: (context) => acknowledged.push(String(context)),
        onCompleted: () => sendWaiting(),
        onResend: () => false,
        onDisconnect: () => {
          goodbyes += 1;
        },
        onAuth: () => {},
        onClosed: () => setImmediate(() => socket.end()),
      },
    });
    const sendWaiting = () => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const publication = new OutgoingPublication();
        publication.topic = 'max';
        publication.qos = 1;
        publication.payload = Buffer.from(next);
        publication.payloadEnd = publication.payload.length;
        publication.context = next;
        if (connection.publish(publication) !== 'sent') return;
        waiting.shift();
      }
    };
    socket.on('data', (bytes: Buffer) => connection.ingest(bytes));
    socket.on('error', () => {});
  });
  const onPublish = (connection: MqttConnection, publication: Publication, socket: Socket) => {
    const payload = publication.payload().toString();
    published.push(`${publication.topic} ${publication.qos} ${publication.retain} ${payload}`);
    if (payload === 'cut') socket.destroy();
    else if (publication.tag >= 0) {
      connection.acknowledge(publication.tag, payload === 'full' ? ReasonCode.quotaExceeded : ReasonCode.success);
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    published,
    acknowledged,
    goodbyes: () => goodbyes,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function onSubscribe(connection: MqttConnection, packet: SubscribePacket): void {
  const refused = packet.subscriptions.some(({ filter }) => filter === 'secret');
  connection.answerSubscribe(packet.packetId, [refused ? ReasonCode.notAuthorized : 1]);
}

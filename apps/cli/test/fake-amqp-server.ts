/** An AMQP server that plays by a script, as fake-mqtt-server.ts does for MQTT. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  ACCEPTED,
  AmqpError,
  type AmqpMessage,
  Condition,
  Connection,
  ConnectionHandler,
  type DeliveryState,
  decodeMessage,
  encodeMessage,
  GrowingOutput,
  type IncomingDelivery,
  type Link,
  OutgoingDelivery,
  parsePlain,
  type ReceiverLink,
  SaslCode,
  type SaslInit,
  SenderLink,
  type Session,
} from '@millrace/amqp';

export interface FakeAmqpServer {
  readonly url: string;
  readonly port: number;
  readonly published: readonly AmqpMessage[];
  /** What a receiver said of each message: "body outcome". */
  readonly settled: readonly string[];
  /** Connections that were closed in order. */
  readonly goodbyes: () => number;
  /** One more message, to each receiver that is there. */
  send(message: AmqpMessage): void;
  close(): Promise<void>;
}

/**
 * Body "full" is rejected, "released" and "modified" are what they say, "cut" ends the socket. Address "none" does not
 * exist, "secret" is not allowed, "dry" gives no credit. User "bad" is not known.
 */
export async function startFakeAmqpServer(messages: readonly AmqpMessage[] = []): Promise<FakeAmqpServer> {
  const script = new Script(messages);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, script);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `amqp://127.0.0.1:${port}`,
    port,
    published: script.published,
    settled: script.settled,
    goodbyes: () => script.goodbyes,
    send: (message) => {
      script.messages.push(message);
      for (const handler of script.handlers) handler.sendMore();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

class Script {
  readonly messages: AmqpMessage[];
  readonly published: AmqpMessage[] = [];
  readonly settled: string[] = [];
  readonly handlers: ScriptedHandler[] = [];
  goodbyes = 0;

  constructor(messages: readonly AmqpMessage[]) {
    this.messages = [...messages];
  }
}

function serve(socket: Socket, script: Script): void {
  const output = new GrowingOutput();
  const handler = new ScriptedHandler(script, socket);
  script.handlers.push(handler);
  const connection = new Connection({
    role: 'listener',
    containerId: 'fake',
    output,
    handler,
    saslMechanisms: ['PLAIN', 'ANONYMOUS'],
  });
  const flush = () => {
    connection.flush();
    if (output.position > 0 && !socket.destroyed) socket.write(output.take());
  };
  handler.flushSoon = () => setImmediate(flush);
  socket.on('data', (bytes: Buffer) => {
    connection.ingest(bytes, 0, bytes.length);
    flush();
  });
  socket.on('close', () => connection.transportClosed());
  socket.on('error', () => {});
}

class ScriptedHandler extends ConnectionHandler {
  flushSoon: () => void = () => {};
  private readonly script: Script;
  private readonly socket: Socket;
  private next = 0;
  private sender: SenderLink | undefined;

  constructor(script: Script, socket: Socket) {
    super();
    this.script = script;
    this.socket = socket;
  }

  override onSaslInit(connection: Connection, init: SaslInit): void {
    const user =
      init.mechanism === 'PLAIN' ? parsePlain(init.initialResponse ?? Buffer.alloc(0))?.username : 'anonymous';
    connection.saslOutcome(user === 'bad' ? SaslCode.auth : SaslCode.ok);
  }

  override onAttach(link: Link): void {
    const terminus = link.role === 'receiver' ? link.remote?.target : link.remote?.source;
    const { address } = terminus ?? {};
    if (address === 'none') link.refuse(new AmqpError(Condition.notFound, 'there is no address "none"', 'link'));
    else if (address === 'secret') link.refuse(new AmqpError(Condition.unauthorizedAccess, 'not for you', 'link'));
    else {
      link.accept({ source: link.remote?.source, target: link.remote?.target });
      if (link.role === 'receiver' && address !== 'dry') (link as ReceiverLink).setCredit(1000);
    }
  }

  override onTransfer(link: ReceiverLink, delivery: IncomingDelivery): void {
    const message = decodeMessage(delivery.buffer, delivery.start, delivery.end);
    this.script.published.push(message);
    const body = bodyOf(message);
    if (body === 'cut') this.socket.destroy();
    else link.settle(delivery.deliveryId, OUTCOMES[body] ?? ACCEPTED);
  }

  override onFlow(link: Link): void {
    if (!(link instanceof SenderLink)) return;
    this.sender = link;
    this.sendWaiting(link);
  }

  sendMore(): void {
    if (this.sender !== undefined) this.sendWaiting(this.sender);
  }

  override onSettled(link: SenderLink, context: unknown, state: DeliveryState | undefined): void {
    this.script.settled.push(`${context} ${state?.kind}`);
    this.sendWaiting(link);
  }

  override onClose(_connection: Connection, error: AmqpError | undefined): void {
    if (error === undefined) this.script.goodbyes += 1;
  }

  override onDisconnect(): void {
    this.flushSoon();
    setImmediate(() => this.socket.end());
  }

  override onSessionBegin(_session: Session): void {}

  private sendWaiting(link: SenderLink): void {
    for (let message = this.script.messages[this.next]; message !== undefined && link.sendable() > 0; ) {
      const delivery = new OutgoingDelivery();
      delivery.buffer = encodeMessage(message);
      delivery.end = delivery.buffer.length;
      delivery.context = bodyOf(message);
      link.send(delivery);
      this.next += 1;
      message = this.script.messages[this.next];
    }
    this.flushSoon();
  }
}

const OUTCOMES: Readonly<Record<string, DeliveryState>> = {
  full: { kind: 'rejected', error: { condition: Condition.resourceLimitExceeded, description: 'the address is full' } },
  released: { kind: 'released' },
  modified: { kind: 'modified', deliveryFailed: true },
};

function bodyOf(message: AmqpMessage): string {
  return message.body.kind === 'value' ? String(message.body.value) : message.body.kind;
}

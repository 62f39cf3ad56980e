import {
  type AuthPacket,
  type ConnackPacket,
  type ConnectionLimits,
  type ConnectPacket,
  type DisconnectPacket,
  GrowingOutput,
  MqttConnection,
  type MqttError,
  MqttSession,
  type OutgoingPublication,
  type Publication,
  type Spool,
  type SubscribeAnswer,
  type SubscribePacket,
  type UnsubscribePacket,
} from '../src/index.js';

export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

export function connectPacket(changes: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: 'c',
    will: undefined,
    username: undefined,
    password: undefined,
    properties: {},
    ...changes,
  };
}

export interface Seen {
  topic: string;
  payload: string;
  qos: number;
  retain: boolean;
  duplicate: boolean;
  tag: number;
  packetId: number;
}

/** One end whose handler writes down what it is told. Answers are chosen by the test. */
export class End {
  readonly output = new GrowingOutput();
  readonly connection: MqttConnection;
  readonly published: Seen[] = [];
  readonly events: string[] = [];
  readonly subscribes: SubscribePacket[] = [];
  readonly unsubscribes: UnsubscribePacket[] = [];
  readonly answers: SubscribeAnswer[] = [];
  connect: ConnectPacket | undefined;
  connack: ConnackPacket | undefined;
  closed = 0;
  error: MqttError | undefined;
  /** Messages by context, for sending again. */
  readonly kept = new Map<unknown, OutgoingPublication>();
  /** Session that the server goes on with. */
  session = new MqttSession();
  sessionPresent = false;
  acknowledges: 'at once' | 'later' = 'at once';
  accepts: 'at once' | 'later' = 'at once';

  constructor(role: 'server' | 'client', limits: ConnectionLimits = {}, openSpool?: () => Spool) {
    const spool = openSpool === undefined ? {} : { openSpool };
    this.connection = new MqttConnection({ role, output: this.output, handler: this, limits, ...spool });
  }

  onConnect(packet: ConnectPacket): void {
    this.connect = packet;
    if (this.accepts === 'at once') this.accept();
  }

  accept(): void {
    this.connection.accept({ session: this.session, sessionPresent: this.sessionPresent });
  }

  onConnack(packet: ConnackPacket): void {
    this.connack = packet;
  }

  onPublish(publication: Publication): void {
    const { topic, qos, retain, duplicate, tag, packetId } = publication;
    this.published.push({ topic, qos, retain, duplicate, tag, packetId, payload: publication.payload().toString() });
    if (qos > 0 && this.acknowledges === 'at once') this.connection.acknowledge(tag);
  }

  onSubscribe(packet: SubscribePacket): void {
    this.subscribes.push(packet);
    const { packetId, subscriptions } = packet;
    this.connection.answerSubscribe(
      packetId,
      subscriptions.map((subscription) => subscription.qos),
    );
  }

  onUnsubscribe(packet: UnsubscribePacket): void {
    this.unsubscribes.push(packet);
    this.connection.answerUnsubscribe(
      packet.packetId,
      packet.filters.map(() => 0),
    );
  }

  onSubscribeAnswer(context: unknown, packet: SubscribeAnswer): void {
    this.answers.push(packet);
    this.events.push(`answered ${context}`);
  }

  onAcknowledged(context: unknown, reasonCode: number): void {
    this.events.push(`acknowledged ${context} ${reasonCode}`);
  }

  onCompleted(context: unknown): void {
    this.events.push(`completed ${context}`);
  }

  onResend(context: unknown, packetId: number): boolean {
    this.events.push(`resend ${context}`);
    const message = this.kept.get(context);
    return message !== undefined && this.connection.resend(message, packetId);
  }

  onDisconnect(packet: DisconnectPacket): void {
    this.events.push(`disconnect ${packet.reasonCode}`);
  }

  onAuth(packet: AuthPacket): void {
    this.events.push(`auth ${packet.reasonCode}`);
  }

  onClosed(error: MqttError | undefined): void {
    this.closed++;
    this.error = error;
  }

  /** Hex of what was written since the last call. */
  written(): string {
    return this.output.take().toString('hex');
  }
}

/** Carries bytes both ways until nothing moves. */
export function exchange(left: End, right: End): void {
  for (;;) {
    const there = left.output.take();
    const back = right.output.take();
    if (there.length + back.length === 0) return;
    right.connection.ingest(there);
    left.connection.ingest(back);
  }
}

export interface Pair {
  readonly client: End;
  readonly server: End;
}

export function connected(
  packet: Partial<ConnectPacket> = {},
  limits: { client?: ConnectionLimits; server?: ConnectionLimits; session?: MqttSession } = {},
): Pair {
  const client = new End('client', limits.client);
  const server = new End('server', limits.server);
  client.connection.connect(connectPacket(packet), limits.session);
  exchange(client, server);
  return { client, server };
}

/** A broker with the MQTT listener half, and clients made of the same engine, without sockets: time is the test's. */
import type { Socket } from 'node:net';
import { Broker, Recovery } from '@millrace/broker';
import { type Journal, JournalError, MemoryJournal } from '@millrace/journal';
import {
  type AuthPacket,
  type ConnackPacket,
  type ConnectionLimits,
  type ConnectPacket,
  type DisconnectPacket,
  encodeProperties,
  GrowingOutput,
  MqttConnection,
  type MqttError,
  type MqttProperties,
  type MqttSession,
  OutgoingPublication,
  type Publication,
  type QoS,
  type SubscribeAnswer,
  type SubscriptionRequest,
} from '@millrace/mqtt';
import { type Authorizer, type ClientCertificate, OPEN_AUTHORIZER } from '@millrace/security';
import { MqttProtocol, type MqttProtocolOptions } from '../../../src/mqtt/mqtt-protocol.js';
import type { Host, ProtocolConnection } from '../../../src/protocol-connection.js';
import { SocketOutput } from '../../../src/socket-output.js';
import { Turn } from '../../../src/turn.js';
import type { CrashingJournal } from '../../support/crashing-journal.js';

/** Reports when told to, and as told. */
export class SlowJournal implements Journal {
  readonly durable = false;
  readonly waiting: ((error: JournalError | undefined) => void)[] = [];
  private sequence = 0;

  append(): number {
    return ++this.sequence;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    this.waiting.push(done);
  }

  report(error?: JournalError): void {
    for (const done of this.waiting.splice(0)) done(error);
  }
}

export interface PlaneOptions extends Partial<MqttProtocolOptions> {
  readonly journal?: Journal;
  readonly recovery?: Recovery;
  readonly now?: number;
}

/** What the disk of a crashed server has, on a new server: the clients' own sessions are what they were. */
export function restart(
  journal: CrashingJournal,
  options: PlaneOptions = {},
  declare: (broker: Broker) => void = () => {},
): Plane {
  const recovery = new Recovery();
  const again = journal.crash();
  for (const record of again.records) recovery.replay(record);
  const plane = new Plane({ ...options, journal: again, recovery });
  declare(plane.broker);
  plane.protocol.recover(plane.now);
  return plane;
}

export class Plane {
  now: number;
  readonly turn = new Turn();
  readonly broker: Broker;
  readonly journal: Journal;
  readonly protocol: MqttProtocol;
  readonly clients = new Set<Client>();

  constructor(options: PlaneOptions = {}) {
    this.now = options.now ?? 1_000_000;
    this.journal = options.journal ?? new MemoryJournal();
    const commit = { scheduled: false, endOfTurn: () => this.broker.commitPending() };
    this.broker = new Broker({
      journal: this.journal,
      ...(options.recovery === undefined ? {} : { recovery: options.recovery }),
      now: () => this.now,
      scheduleCommit: () => this.turn.scheduleCommit(commit),
    });
    let clientNumber = 0;
    this.protocol = new MqttProtocol({
      authorizer: OPEN_AUTHORIZER,
      newClientId: () => `assigned-${++clientNumber}`,
      ...options,
      broker: this.broker,
    });
  }

  /** Until nothing moves. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; ) {
      let moved = false;
      for (const client of this.clients) moved = client.flush() || moved;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = moved ? 0 : quiet + 1;
    }
  }

  /** Lets time pass, and everybody know. */
  async pass(seconds: number): Promise<void> {
    this.now += seconds * 1000;
    this.broker.tick(this.now);
    this.protocol.tick(this.now);
    for (const client of this.clients) client.tick(this.now);
    await this.settle();
  }

  async connect(clientId: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(this, clientId, options);
    await this.settle();
    return client;
  }
}

export interface ClientOptions extends Partial<ConnectPacket> {
  readonly limits?: ConnectionLimits;
  readonly session?: MqttSession;
  /** The client before: its session, and its messages for sending again. */
  readonly keeps?: Client;
  /** What TLS has verified. */
  readonly certificate?: ClientCertificate;
}

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly duplicate: boolean;
  readonly packetId: number;
  readonly tag: number;
  readonly properties: MqttProperties;
}

export interface Message extends MqttProperties {
  readonly qos?: QoS;
  readonly retain?: boolean;
}

export class Client {
  readonly received: Received[] = [];
  /** `label: reason code` of each of this client's publications that is done. */
  readonly outcomes: string[] = [];
  readonly answers: (readonly number[])[] = [];
  readonly engine: MqttConnection;
  readonly protocol: ProtocolConnection;
  connack: ConnackPacket | undefined;
  disconnect: DisconnectPacket | undefined;
  readonly auths: AuthPacket[] = [];
  /** The server has ended the connection. */
  closed = false;
  error: MqttError | undefined;
  paused = false;
  acknowledges = true;
  /** How many of `received` a test has acknowledged itself. */
  acknowledged = 0;
  /** What the server writes stays in its socket. */
  stuck = false;
  private readonly output = new GrowingOutput();
  private readonly plane: Plane;
  private readonly unread: { readonly part: Buffer; readonly done: () => void }[] = [];
  private readonly kept = new Map<unknown, OutgoingPublication>();

  constructor(plane: Plane, clientId: string, options: ClientOptions) {
    this.plane = plane;
    const { limits, keeps, certificate, session = keeps?.engine.session, ...packet } = options;
    for (const [context, publication] of keeps?.kept ?? []) this.kept.set(context, publication);
    this.engine = new MqttConnection({ role: 'client', output: this.output, handler: this, limits: limits ?? {} });
    this.protocol = plane.protocol.accept(this.host(certificate));
    plane.clients.add(this);
    this.engine.connect(
      {
        protocolVersion: 5,
        cleanStart: true,
        keepAlive: 0,
        will: undefined,
        username: undefined,
        password: undefined,
        properties: {},
        ...packet,
        clientId,
      },
      session,
    );
  }

  private host(certificate: ClientCertificate | undefined): Host {
    const socket = {
      cork() {},
      uncork() {},
      write: (part: Buffer, done: () => void) => {
        this.unread.push({ part, done });
        return true;
      },
    } as unknown as Socket;
    const output = new SocketOutput(socket, this.plane.turn);
    return {
      output,
      turn: this.plane.turn,
      remoteAddress: '127.0.0.1:1',
      encrypted: false,
      certificate,
      end: () => {
        output.endOfTurn();
        this.closed = true;
      },
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      now: () => this.plane.now,
    };
  }

  /** Carries bytes both ways once. */
  flush(): boolean {
    let moved = false;
    if (!this.stuck) {
      for (const { part, done } of this.unread.splice(0)) {
        this.engine.ingest(part);
        done();
        moved = true;
      }
    }
    if (!this.paused && !this.closed) {
      const bytes = this.output.take();
      if (bytes.length > 0) {
        this.protocol.ingest(bytes);
        moved = true;
      }
    }
    return moved;
  }

  tick(nowMs: number): void {
    if (!this.closed) this.protocol.tick(nowMs);
  }

  /** Bytes as they are, behind what the engine has written. */
  raw(bytes: Buffer): void {
    this.output.reserve(bytes.length);
    this.output.position += bytes.copy(this.output.buffer, this.output.position);
  }

  get texts(): string[] {
    return this.received.map((message) => message.text);
  }

  publish(topic: string, text: string, message: Message = {}): string {
    const { qos = 0, retain = false, messageExpiryInterval, ...properties } = message;
    const publication = new OutgoingPublication();
    publication.topic = topic;
    publication.payload = Buffer.from(text);
    publication.payloadEnd = publication.payload.length;
    publication.qos = qos;
    publication.retain = retain;
    publication.properties = encodeProperties(properties);
    publication.propertiesEnd = publication.properties.length;
    publication.messageExpiryInterval = messageExpiryInterval ?? -1;
    publication.context = text;
    this.kept.set(text, publication);
    return this.engine.publish(publication);
  }

  async send(topic: string, text: string, message: Message = {}): Promise<void> {
    this.publish(topic, text, message);
    await this.plane.settle();
  }

  /** @returns the reason code of SUBACK */
  async subscribe(
    filter: string,
    options: Partial<SubscriptionRequest> & { identifier?: number } = {},
  ): Promise<number> {
    const { identifier, ...request } = options;
    this.engine.subscribe(
      [{ filter, shared: undefined, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0, ...request }],
      identifier === undefined ? {} : { subscriptionIdentifiers: [identifier] },
      filter,
    );
    await this.plane.settle();
    return this.answers.at(-1)?.[0] ?? -1;
  }

  async unsubscribe(filter: string): Promise<number> {
    this.engine.unsubscribe([filter], {}, filter);
    await this.plane.settle();
    return this.answers.at(-1)?.[0] ?? -1;
  }

  /** The cable is pulled. */
  async cut(): Promise<void> {
    this.drop();
    await this.plane.settle();
  }

  drop(): void {
    this.lose();
    this.protocol.closed();
  }

  /** The server is gone. */
  lose(): void {
    this.plane.clients.delete(this);
    this.closed = true;
    this.engine.transportClosed();
  }

  async end(reasonCode = 0, properties: MqttProperties = {}): Promise<void> {
    this.engine.disconnect(reasonCode, properties);
    this.flush();
    await this.cut();
  }

  // ---- engine ----

  onConnack(packet: ConnackPacket): void {
    this.connack = packet;
  }

  onPublish(publication: Publication): void {
    const { topic, qos, retain, duplicate, packetId, tag } = publication;
    const { topicAlias: _alias, ...properties } = publication.properties();
    const text = publication.payload().toString();
    this.received.push({ topic, text, qos, retain, duplicate, packetId, tag, properties });
    if (qos > 0 && this.acknowledges) this.engine.acknowledge(tag);
  }

  onAcknowledged(context: unknown, reasonCode: number): void {
    this.outcomes.push(`${context}: ${reasonCode}`);
  }

  onCompleted(): void {}

  onResend(context: unknown, packetId: number): boolean {
    const publication = this.kept.get(context);
    return publication !== undefined && this.engine.resend(publication, packetId);
  }

  onSubscribeAnswer(_context: unknown, packet: SubscribeAnswer): void {
    this.answers.push(packet.reasonCodes);
  }

  onDisconnect(packet: DisconnectPacket): void {
    this.disconnect = packet;
  }

  onAuth(packet: AuthPacket): void {
    this.auths.push(packet);
  }

  onClosed(error: MqttError | undefined): void {
    this.error = error;
  }
}

/** Allows what is listed: `send temperature`, `recv a/#`. */
export function allowing(...allowed: string[]): Authorizer {
  return { authorize: (_principal, verb, address) => allowed.includes(`${verb} ${address}`) };
}

export { JournalError };

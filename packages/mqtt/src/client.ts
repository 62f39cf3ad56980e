/**
 * An MQTT client: promises at the edge, the engine inside. It does not reconnect by itself; give `session` of the old
 * client to `connect` to go on where it was cut.
 */
import { MqttConnection } from './connection.js';
import type { MqttClientHandler } from './connection-options.js';
import { MqttError } from './error.js';
import type { ProtocolVersion, QoS } from './packet-type.js';
import { encodeProperties } from './packet-writer.js';
import type { AuthPacket, ConnackPacket, DisconnectPacket, SubscribeAnswer, Will } from './packets.js';
import type { MqttProperties } from './property.js';
import { OutgoingPublication, type Publication } from './publication.js';
import { ReasonCode, reasonName } from './reason-code.js';
import type { MqttSession } from './session.js';
import { openTransport, type Transport, type TransportOptions } from './socket.js';
import { matchesTopic, parseSharedFilter } from './topic.js';

export interface ClientOptions extends TransportOptions {
  /** Default: empty, the server assigns one. */
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string | Uint8Array;
  /** Default: 5. */
  readonly protocolVersion?: ProtocolVersion;
  /** Default: true. */
  readonly cleanStart?: boolean;
  /** Seconds; 0 = none. Default: 60. */
  readonly keepAlive?: number;
  readonly will?: Will;
  /** MQTT 5: session expiry and others. */
  readonly properties?: MqttProperties;
  /** What an earlier client of the same client id left undone. */
  readonly session?: MqttSession;
  /** Messages that no listener of this client takes: those of subscriptions that a resumed session brings. Default: acknowledged and dropped. */
  readonly onMessage?: MessageListener;
}

export interface PublishOptions {
  /** Default: 0. */
  readonly qos?: QoS;
  /** Default: false. */
  readonly retain?: boolean;
  /** MQTT 5. */
  readonly properties?: MqttProperties;
}

export interface SubscribeOptions {
  /** Default: 0. */
  readonly qos?: QoS;
  /** MQTT 5. Default: false. */
  readonly noLocal?: boolean;
  /** MQTT 5. Default: false. */
  readonly retainAsPublished?: boolean;
  /** MQTT 5. Default: 0. */
  readonly retainHandling?: 0 | 1 | 2;
  /** MQTT 5: user properties, subscription identifier. */
  readonly properties?: MqttProperties;
}

/** A message that came. Its bytes are its own. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly duplicate: boolean;
  readonly properties: MqttProperties;
}

/**
 * Called for each message of a subscription. Acknowledged when it returns, or when the promise it returns is fulfilled;
 * a rejected promise, or an exception, ends the connection without acknowledgement.
 */
export type MessageListener = (message: ReceivedMessage) => void | Promise<void>;

interface Settling {
  resolve(value: SubscribeAnswer): void;
  reject(error: Error): void;
}

/** A publication on its way: the message for sending it again, and who waits for it. */
class Sending implements Settling {
  readonly message: OutgoingPublication;
  reasonCode: number = ReasonCode.success;
  resolve!: () => void;
  reject!: (error: Error) => void;

  constructor(message: OutgoingPublication) {
    this.message = message;
  }
}

interface Route {
  readonly changes: number;
  readonly found: readonly MessageListener[];
}

/** Bytes that may wait in the socket before `publish` with QoS 0 waits too. */
const PENDING_MAX = 1_048_576;

export class MqttClient {
  /** As chosen, or as the server assigned it. */
  clientId: string;
  /** The server's answer to CONNECT. */
  readonly connack: ConnackPacket;
  /** Fulfilled when the connection has ended; with the reason when it did not end in order. */
  readonly closed: Promise<Error | undefined>;
  private readonly link: ClientLink;

  /** Use `connect`. */
  constructor(link: ClientLink, connack: ConnackPacket, clientId: string) {
    this.link = link;
    this.connack = connack;
    this.clientId = connack.properties.assignedClientIdentifier ?? clientId;
    this.closed = link.closed;
  }

  /** For `ClientOptions.session` of a later connection. */
  get session(): MqttSession {
    return this.link.connection.session;
  }

  /**
   * Fulfilled when the message is sent (QoS 0) or the server has taken it (QoS 1 and 2). At most as many as the server
   * allows are under way; others wait their turn.
   *
   * @throws MqttError when the server refuses it, or the connection ends first
   */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const message = new OutgoingPublication();
    message.topic = topic;
    message.payload =
      typeof payload === 'string'
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    message.payloadEnd = message.payload.length;
    message.qos = options.qos ?? 0;
    message.retain = options.retain ?? false;
    if (options.properties !== undefined) {
      const { messageExpiryInterval, ...properties } = options.properties;
      message.messageExpiryInterval = messageExpiryInterval ?? -1;
      message.properties = encodeProperties(properties);
      message.propertiesEnd = message.properties.length;
    }
    return this.link.publish(message);
  }

  /**
   * Fulfilled when the server has granted it. A message goes to every subscription of this client whose filter takes it
   * in, once for each copy that the server sends.
   *
   * @returns the granted QoS
   * @throws MqttError when the server refuses
   */
  async subscribe(filter: string, options: SubscribeOptions, onMessage: MessageListener): Promise<QoS> {
    return await this.link.subscribe(filter, options, onMessage);
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.link.unsubscribe(filter);
  }

  /** Sends DISCONNECT after what is waiting, and waits for the end. */
  async end(reasonCode: number = ReasonCode.success): Promise<void> {
    this.link.connection.disconnect(reasonCode);
    await this.closed;
  }

  /** Cuts the connection without DISCONNECT. */
  destroy(): void {
    this.link.destroy();
  }
}

/** Connects. @throws Error when the transport fails, MqttError when the server refuses */
export async function connect(options: ClientOptions): Promise<MqttClient> {
  const link = new ClientLink();
  const connack = await link.open(options);
  return new MqttClient(link, connack, options.clientId ?? '');
}

/** Engine, transport and what waits, of one connection. */
class ClientLink implements MqttClientHandler {
  connection!: MqttConnection;
  readonly closed: Promise<Error | undefined>;
  private transport!: Transport;
  private markClosed!: (error: Error | undefined) => void;
  private opening: { resolve(packet: ConnackPacket): void; reject(error: Error): void } | undefined;
  private readonly listeners = new Map<string, MessageListener>();
  private otherwise: MessageListener | undefined;
  /** Rises whenever `listeners` changes. */
  private changes = 0;
  /** Publications that wait for quota, in order. */
  private waiting: Sending[] = [];
  /** Publications and requests under way. */
  private readonly underWay = new Set<Settling>();
  private timer: NodeJS.Timeout | undefined;
  private failure: Error | undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.markClosed = resolve;
    });
  }

  async open(options: ClientOptions): Promise<ConnackPacket> {
    this.otherwise = options.onMessage;
    this.transport = await openTransport(options, this);
    this.connection = new MqttConnection({
      role: 'client',
      output: this.transport.output,
      handler: this,
      limits: { connectTimeoutMs: options.connectTimeoutMs ?? 10_000 },
    });
    const answer = new Promise<ConnackPacket>((resolve, reject) => {
      this.opening = { resolve, reject };
    });
    const password = typeof options.password === 'string' ? Buffer.from(options.password) : options.password;
    this.connection.connect(
      {
        protocolVersion: options.protocolVersion ?? 5,
        cleanStart: options.cleanStart ?? true,
        keepAlive: options.keepAlive ?? 60,
        clientId: options.clientId ?? '',
        will: options.will,
        username: options.username,
        password: password === undefined ? undefined : Buffer.from(password),
        properties: options.properties ?? {},
      },
      options.session,
    );
    this.scheduleTick();
    return await answer;
  }

  private readonly scheduleTick = (): void => {
    const now = performance.now();
    const next = this.connection.tick(now);
    clearTimeout(this.timer);
    if (next > 0) this.timer = setTimeout(this.scheduleTick, Math.max(1, next - now));
  };

  destroy(): void {
    this.transport.destroy();
  }

  // ---- transport ----

  onData(bytes: Buffer): void {
    this.connection.ingest(bytes);
  }

  onClose(error: Error | undefined): void {
    clearTimeout(this.timer);
    this.connection.transportClosed();
    this.failure = error ?? this.failure;
    this.settleAll(this.failure ?? new MqttError(ReasonCode.unspecifiedError, 'the connection is closed'));
    this.markClosed(this.failure);
  }

  private settleAll(error: Error): void {
    this.opening?.reject(error);
    this.opening = undefined;
    for (const sending of this.waiting) sending.reject(error);
    this.waiting = [];
    for (const settling of this.underWay) settling.reject(error);
    this.underWay.clear();
  }

  // ---- requests ----

  publish(message: OutgoingPublication): Promise<void> {
    const sending = new Sending(message);
    message.context = sending;
    return new Promise((resolve, reject) => {
      sending.resolve = resolve;
      sending.reject = reject;
      const mustWait = message.qos === 0 && this.transport.pending > PENDING_MAX;
      if (this.waiting.length > 0 || mustWait) this.wait(sending);
      else this.send(sending);
    });
  }

  private wait(sending: Sending): void {
    this.waiting.push(sending);
    if (sending.message.qos === 0) setImmediate(() => this.pump());
  }

  /** False when it must wait. */
  private send(sending: Sending): boolean {
    try {
      switch (this.connection.publish(sending.message)) {
        case 'sent':
          if (sending.message.qos === 0) sending.resolve();
          else this.underWay.add(sending);
          return true;
        case 'no-quota':
          this.waiting.unshift(sending);
          return false;
        case 'too-large':
          sending.reject(new MqttError(ReasonCode.packetTooLarge, 'the server takes no packet of that size'));
          return true;
        case 'not-open':
          sending.reject(this.failure ?? new MqttError(ReasonCode.unspecifiedError, 'the connection is closed'));
          return true;
      }
    } catch (error) {
      sending.reject(error as Error);
      return true;
    }
  }

  private pump(): void {
    while (this.waiting.length > 0) {
      const next = this.waiting[0]!;
      if (next.message.qos === 0 && this.transport.pending > PENDING_MAX) {
        setTimeout(() => this.pump(), 5);
        return;
      }
      this.waiting.shift();
      if (!this.send(next)) return;
    }
  }

  async subscribe(filter: string, options: SubscribeOptions, onMessage: MessageListener): Promise<QoS> {
    const shared = parseSharedFilter(filter);
    const request = {
      filter,
      shared: shared === 'invalid' ? undefined : shared,
      qos: options.qos ?? 0,
      noLocal: options.noLocal ?? false,
      retainAsPublished: options.retainAsPublished ?? false,
      retainHandling: options.retainHandling ?? 0,
    };
    // Messages may come before SUBACK [MQTT-3.8.4-1].
    const before = this.listeners.get(filter);
    this.listen(filter, onMessage);
    const answer = await this.request((context) =>
      this.connection.subscribe([request], options.properties ?? {}, context),
    );
    const code = answer.reasonCodes[0] ?? ReasonCode.unspecifiedError;
    if (code < 0x80) return code as QoS;
    this.listen(filter, before);
    throw new MqttError(code, `the server refuses the subscription to ${filter}: ${reasonName(code)}`);
  }

  async unsubscribe(filter: string): Promise<void> {
    const answer = await this.request((context) => this.connection.unsubscribe([filter], {}, context));
    const code = answer.reasonCodes[0] ?? ReasonCode.success;
    if (code >= 0x80) throw new MqttError(code, `the server refuses to unsubscribe ${filter}: ${reasonName(code)}`);
    this.listen(filter, undefined);
  }

  private listen(filter: string, listener: MessageListener | undefined): void {
    if (listener === undefined) this.listeners.delete(filter);
    else this.listeners.set(filter, listener);
    this.changes++;
  }

  private request(send: (context: Settling) => void): Promise<SubscribeAnswer> {
    return new Promise((resolve, reject) => {
      const settling: Settling = { resolve, reject };
      send(settling);
      this.underWay.add(settling);
    });
  }

  // ---- engine ----

  onConnack(packet: ConnackPacket): void {
    if (packet.reasonCode !== ReasonCode.success) return; // onClosed follows, with the reason
    this.opening?.resolve(packet);
    this.opening = undefined;
    setImmediate(this.scheduleTick);
  }

  onPublish(publication: Publication): void {
    const { tag } = publication;
    const message: ReceivedMessage = {
      topic: publication.topic,
      payload: Buffer.from(publication.payload()),
      qos: publication.qos,
      retain: publication.retain,
      duplicate: publication.duplicate,
      properties: publication.properties(),
    };
    const running: Promise<void>[] = [];
    for (const listener of this.listenersOf(publication)) {
      const promise = listener(message);
      if (promise !== undefined) running.push(promise);
    }
    if (running.length === 0) this.acknowledge(tag);
    else {
      Promise.all(running).then(
        () => this.acknowledge(tag),
        (error) => this.fail(error),
      );
    }
  }

  /** Which listeners a topic goes to is remembered with the topic, until a subscription changes. */
  private listenersOf(publication: Publication): readonly MessageListener[] {
    const known = publication.entry.route as Route | undefined;
    if (known?.changes === this.changes) return known.found;
    const found: MessageListener[] = [];
    for (const [filter, listener] of this.listeners) {
      const shared = parseSharedFilter(filter);
      if (matchesTopic(typeof shared === 'object' ? shared.filter : filter, publication.topic)) found.push(listener);
    }
    if (found.length === 0 && this.otherwise !== undefined) found.push(this.otherwise);
    const route: Route = { changes: this.changes, found };
    publication.entry.route = route;
    return found;
  }

  private acknowledge(tag: number): void {
    if (tag >= 0) this.connection.acknowledge(tag);
  }

  private fail(error: Error): void {
    this.failure = error;
    this.connection.disconnect(ReasonCode.implementationSpecificError);
  }

  onAcknowledged(context: unknown, reasonCode: number): void {
    (context as Sending).reasonCode = reasonCode;
  }

  onCompleted(context: unknown): void {
    const sending = context as Sending;
    this.underWay.delete(sending);
    const { reasonCode } = sending;
    if (reasonCode < 0x80) sending.resolve();
    else sending.reject(new MqttError(reasonCode, `the server refuses the message: ${reasonName(reasonCode)}`));
    this.pump();
  }

  onResend(context: unknown, packetId: number): boolean {
    return this.connection.resend((context as Sending).message, packetId);
  }

  onSubscribeAnswer(context: unknown, packet: SubscribeAnswer): void {
    const settling = context as Settling;
    this.underWay.delete(settling);
    settling.resolve(packet);
  }

  onDisconnect(_packet: DisconnectPacket): void {}

  onAuth(_packet: AuthPacket): void {
    this.connection.disconnect(ReasonCode.protocolError);
  }

  onClosed(error: MqttError | undefined): void {
    this.failure ??= error;
    this.transport.end();
  }
}

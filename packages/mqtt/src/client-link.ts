/** One connection of a client: engine, transport, and what waits for an answer or for its turn. */
import type { ClientOptions, MessageListener, ReceivedMessage, SubscribeOptions } from './client-options.js';
import { MqttConnection } from './connection.js';
import type { MqttClientHandler } from './connection-options.js';
import { MqttError } from './error.js';
import type { QoS } from './packet-type.js';
import type { AuthPacket, ConnackPacket, DisconnectPacket, SubscribeAnswer } from './packets.js';
import type { OutgoingPublication, Publication } from './publication.js';
import { ReasonCode, reasonName } from './reason-code.js';
import { openTransport, type Transport } from './socket.js';
import { matchesTopic, parseSharedFilter } from './topic.js';

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

export class ClientLink implements MqttClientHandler {
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

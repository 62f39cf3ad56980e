/**
 * One end of an MQTT connection, 3.1.1 or 5, without socket and clock: bytes and the time go in, bytes go to the output
 * and events to the handler. It keeps no messages, and no subscriptions; what outlives it is in `MqttSession`.
 *
 *     server   awaiting-connect ── CONNECT ──▶ answering ── accept ──▶ open ──▶ closed
 *                                   answering ── challenge ──▶ authenticating ── AUTH ──▶ answering
 *     client   idle ── connect() ──▶ awaiting-connack ── CONNACK ──▶ open ──▶ closed
 */
import { Acknowledgement } from './acknowledgement.js';
import { applyAcknowledgement } from './apply-acknowledgement.js';
import { decodeConnack, decodeConnect, encodeConnack, encodeConnect } from './connect.js';
import {
  type Acceptance,
  type ConnectionLimits,
  type ConnectionPhase,
  LIMIT_DEFAULTS,
  type MqttClientHandler,
  type MqttConnectionOptions,
  type MqttServerHandler,
  type PublishResult,
} from './connection-options.js';
import { decodeAuth, decodeDisconnect, describe, encodeAuth, encodeDisconnect } from './disconnect.js';
import { MqttError, malformed, protocolError } from './error.js';
import { ExchangeSteps } from './exchange-steps.js';
import { IncomingPublications } from './incoming-publications.js';
import { KeepAlive } from './keep-alive.js';
import { OutgoingPublications } from './outgoing-publications.js';
import { OutgoingState } from './outgoing-window.js';
import { type Output, writeEmptyPacket } from './output.js';
import { PacketFramer } from './packet-framer.js';
import { PacketType, type ProtocolVersion, requiredFlags } from './packet-type.js';
import type { AuthPacket, ConnectPacket, SubscribeAnswer, SubscriptionRequest } from './packets.js';
import type { MqttProperties } from './property.js';
import type { OutgoingPublication } from './publication.js';
import { ReasonCode, reasonName } from './reason-code.js';
import { MqttSession } from './session.js';
import {
  decodeSubscribe,
  decodeSubscribeAnswer,
  decodeUnsubscribe,
  encodeSubscribe,
  encodeSubscribeAnswer,
  encodeUnsubscribe,
} from './subscribe.js';
import { LARGEST } from './variable-byte-integer.js';

export class MqttConnection {
  /** From CONNECT; the session of a client until CONNACK is what `connect` was called with. */
  session = new MqttSession();
  /** 4 until CONNECT says otherwise. */
  protocolVersion: ProtocolVersion = 4;
  phase: ConnectionPhase;
  private readonly server: MqttServerHandler | undefined;
  private readonly client: MqttClientHandler | undefined;
  private readonly handler: MqttServerHandler | MqttClientHandler;
  private readonly output: Output;
  private readonly limits: Required<ConnectionLimits>;
  private readonly framer: PacketFramer;
  private readonly incoming: IncomingPublications;
  private readonly outgoing: OutgoingPublications;
  private readonly keepAlive = new KeepAlive();
  /** QoS 2 step by step, for a host that keeps sessions over a restart. */
  readonly steps: ExchangeSteps;
  private readonly acknowledgement = new Acknowledgement();
  private connectPacket: ConnectPacket | undefined;
  private connectDeadline = 0;
  private suspended = false;

  constructor(options: MqttConnectionOptions) {
    this.output = options.output;
    this.limits = { ...LIMIT_DEFAULTS, ...options.limits };
    this.handler = options.handler;
    const { maximumPacketSize, connectPacketMax } = this.limits;
    const first = options.role === 'server' ? Math.min(connectPacketMax, maximumPacketSize) : maximumPacketSize;
    this.framer = new PacketFramer(this, first, options.openSpool);
    this.server = options.role === 'server' ? options.handler : undefined;
    this.client = options.role === 'client' ? options.handler : undefined;
    this.phase = options.role === 'server' ? 'awaiting-connect' : 'idle';
    this.incoming = new IncomingPublications(options.output);
    this.incoming.decoder.allowsSubscriptionIdentifiers = options.role === 'client';
    this.outgoing = new OutgoingPublications(options.output, options.handler);
    this.steps = new ExchangeSteps(this, this.incoming, this.outgoing);
  }

  /** How many more publications of QoS 1 and 2 `publish` takes now. */
  get sendQuota(): number {
    return this.phase === 'open' ? this.outgoing.sendQuota : 0;
  }

  /** Seconds, as agreed in CONNACK; 0 = none. */
  get keepAliveSeconds(): number {
    return this.keepAlive.milliseconds / 1000;
  }

  // ---- bytes and time in ----

  /**
   * Takes bytes as they come. Whole packets are read where they lie; of a packet that is cut, the beginning is kept.
   * Never throws for what a peer sends: errors end the connection through `onClosed`.
   */
  ingest(buffer: Buffer, start = 0, end = buffer.length): void {
    this.keepAlive.received = true;
    try {
      this.framer.ingest(buffer, start, end);
    } catch (error) {
      this.fail(error);
    }
  }

  /** From the framer: one whole packet. @throws MqttError */
  receivePacket(first: number, buffer: Buffer, start: number, end: number): void {
    if ((first & 0xf0) === 0x30 && this.phase === 'open') {
      const publication = this.incoming.receive(first, buffer, start, end);
      if (publication !== undefined) this.handler.onPublish(publication);
    } else {
      this.dispatch(first, buffer, start, end);
    }
  }

  /** Stops reading between two packets: what has come is kept, and the host stops its socket. */
  suspend(): void {
    this.suspended = true;
    this.framer.paused = true;
  }

  /** Goes on reading, first what was kept. */
  resume(): void {
    this.suspended = false;
    if (this.phase !== 'answering') this.readKept();
  }

  private readKept(): void {
    try {
      this.framer.resume();
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Tells the time. Returns when the next tick is due, in the same clock's milliseconds; 0 = none is needed.
   */
  tick(nowMs: number): number {
    switch (this.phase) {
      case 'closed':
      case 'idle':
        return 0;
      case 'open':
        return this.tickOpen(nowMs);
      default:
        if (this.connectDeadline === 0) this.connectDeadline = nowMs + this.limits.connectTimeoutMs;
        if (nowMs < this.connectDeadline) return this.connectDeadline;
        this.fail(new MqttError(ReasonCode.maximumConnectTime, 'the connection was not opened in time'));
        return 0;
    }
  }

  private tickOpen(nowMs: number): number {
    if (this.suspended) this.keepAlive.excuse(nowMs);
    const next = this.server !== undefined ? this.keepAlive.serverTick(nowMs) : this.keepAlive.clientTick(nowMs);
    if (next === 'expired') {
      this.fail(new MqttError(ReasonCode.keepAliveTimeout, 'nothing was heard for one and a half keep-alives'));
      return 0;
    }
    if (next !== 'ping') return next;
    writeEmptyPacket(PacketType.pingreq, this.output);
    return nowMs + this.keepAlive.milliseconds / 8;
  }

  /** The transport is gone, without DISCONNECT. */
  transportClosed(): void {
    this.close(new MqttError(ReasonCode.unspecifiedError, 'the transport was closed'));
  }

  // ---- packets in ----

  private dispatch(first: number, buffer: Buffer, start: number, end: number): void {
    const type = first >> 4;
    if (type !== PacketType.publish && (first & 0xf) !== requiredFlags(type)) {
      throw malformed(`reserved flags of packet type ${type}`); // [MQTT-2.1.3-1]
    }
    if (this.phase !== 'open') {
      this.dispatchOpening(type, buffer, start, end);
      return;
    }
    switch (type) {
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubrel:
      case PacketType.pubcomp:
        if (this.protocolVersion === 4 && end - start !== 2)
          throw malformed('an acknowledgement is not two bytes long');
        this.acknowledgement.read(type, buffer, start, end);
        applyAcknowledgement(this.acknowledgement, this.incoming, this.outgoing);
        return;
      case PacketType.disconnect:
        this.receiveDisconnect(buffer, start, end);
        return;
      case PacketType.auth:
        this.receiveAuth(decodeAuth({ buffer, start, end }, this.protocolVersion));
        return;
      default:
        if (this.server !== undefined) this.dispatchToServer(type, buffer, start, end);
        else this.dispatchToClient(type, buffer, start, end);
    }
  }

  private dispatchOpening(type: number, buffer: Buffer, start: number, end: number): void {
    if (this.phase === 'authenticating') {
      this.dispatchAuthenticating(type, buffer, start, end);
    } else if (this.server !== undefined) {
      if (type !== PacketType.connect) throw protocolError('the first packet is not CONNECT'); // [MQTT-3.1.0-1]
      const packet = decodeConnect({ buffer, start, end });
      this.protocolVersion = packet.protocolVersion;
      this.connectPacket = packet;
      this.phase = 'answering';
      this.framer.paused = true;
      this.server.onConnect(packet);
    } else if (type === PacketType.connack) {
      this.receiveConnack(buffer, start, end);
    } else if (type === PacketType.auth) {
      this.handler.onAuth(decodeAuth({ buffer, start, end }, this.protocolVersion));
    } else {
      throw protocolError('the first packet is not CONNACK'); // [MQTT-3.2.0-1]
    }
  }

  /** [MQTT-3.1.2-30]: nothing but AUTH and DISCONNECT until CONNACK. */
  private dispatchAuthenticating(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === PacketType.disconnect) {
      this.receiveDisconnect(buffer, start, end);
      return;
    }
    if (type !== PacketType.auth) throw protocolError(`packet type ${type} before CONNACK`);
    const packet = decodeAuth({ buffer, start, end }, this.protocolVersion);
    if (packet.reasonCode !== ReasonCode.continueAuthentication)
      throw protocolError('AUTH continues what CONNECT began');
    this.phase = 'answering';
    this.framer.paused = true;
    this.receiveAuth(packet);
  }

  private dispatchToServer(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case PacketType.subscribe:
        this.server?.onSubscribe(decodeSubscribe({ buffer, start, end }, this.protocolVersion));
        break;
      case PacketType.unsubscribe:
        this.server?.onUnsubscribe(decodeUnsubscribe({ buffer, start, end }, this.protocolVersion));
        break;
      case PacketType.pingreq:
        if (start !== end) throw malformed('PINGREQ has a body');
        writeEmptyPacket(PacketType.pingresp, this.output); // [MQTT-3.12.4-1]
        break;
      case PacketType.connect:
        throw protocolError('a second CONNECT'); // [MQTT-3.1.0-2]
      default:
        throw protocolError(`packet type ${type} from a client`);
    }
  }

  private dispatchToClient(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case PacketType.suback:
      case PacketType.unsuback: {
        const packet = decodeSubscribeAnswer(type, { buffer, start, end }, this.protocolVersion);
        const state = type === PacketType.suback ? OutgoingState.awaitingSuback : OutgoingState.awaitingUnsuback;
        const { outgoing } = this.session;
        if (outgoing.stateOf(packet.packetId) !== state) throw protocolError('an answer to no request');
        const context = outgoing.contextOf(packet.packetId);
        outgoing.remove(packet.packetId);
        this.client?.onSubscribeAnswer(context, packet);
        break;
      }
      case PacketType.pingresp:
        if (start !== end) throw malformed('PINGRESP has a body');
        break;
      default:
        throw protocolError(`packet type ${type} from a server`);
    }
  }

  private receiveDisconnect(buffer: Buffer, start: number, end: number): void {
    const packet = decodeDisconnect({ buffer, start, end }, this.protocolVersion);
    if (this.server !== undefined) {
      const before = this.connectPacket?.properties.sessionExpiryInterval ?? 0;
      if (before === 0 && (packet.properties.sessionExpiryInterval ?? 0) > 0) {
        throw protocolError('session expiry is set by DISCONNECT only'); // §3.14.2.2.2
      }
    } else if (this.protocolVersion === 4) {
      throw protocolError('DISCONNECT from a server'); // MQTT 3.1.1 §3.14
    }
    this.handler.onDisconnect(packet);
    const failed = packet.reasonCode >= 0x80;
    this.close(failed ? new MqttError(packet.reasonCode, describe('the peer disconnects', packet)) : undefined);
  }

  private receiveAuth(packet: AuthPacket): void {
    const { authenticationMethod } = this.connectPacket?.properties ?? {};
    if (authenticationMethod === undefined) {
      throw protocolError('AUTH without an authentication method in CONNECT'); // [MQTT-4.12.0-6]
    }
    if (this.server !== undefined && packet.properties.authenticationMethod !== authenticationMethod) {
      throw protocolError('AUTH with another method than CONNECT'); // [MQTT-4.12.0-5], [MQTT-4.12.1-1]
    }
    this.handler.onAuth(packet);
  }

  // ---- opening ----

  /** Server: opens the connection. What the session left open is sent again before this returns. */
  accept(acceptance: Acceptance): void {
    const packet = this.connectPacket;
    if (this.phase !== 'answering' || packet === undefined) return;
    const { session, sessionPresent } = acceptance;
    const properties: MqttProperties = { ...acceptance.properties };
    if (this.limits.receiveMaximum < 65_535) properties.receiveMaximum = this.limits.receiveMaximum;
    if (this.limits.topicAliasMaximum > 0) properties.topicAliasMaximum = this.limits.topicAliasMaximum;
    properties.maximumPacketSize = this.limits.maximumPacketSize;
    this.phase = 'open';
    encodeConnack({ sessionPresent, reasonCode: ReasonCode.success, properties }, this.protocolVersion, this.output);
    this.open(session, packet.properties, acceptance.properties?.serverKeepAlive ?? packet.keepAlive);
    if (!this.suspended) this.readKept();
  }

  /** Server: asks for the next step of an extended authentication (§4.12); the answer comes by `onAuth`. */
  challenge(authenticationData: Buffer): void {
    if (this.phase !== 'answering') return;
    const { authenticationMethod } = this.connectPacket?.properties ?? {};
    this.phase = 'authenticating';
    const properties = { ...(authenticationMethod === undefined ? {} : { authenticationMethod }), authenticationData };
    this.authenticate({ reasonCode: ReasonCode.continueAuthentication, properties });
    if (!this.suspended) this.readKept();
  }

  /** Server: refuses with CONNACK and closes [MQTT-3.2.2-7]. */
  refuse(reasonCode: number, reasonString?: string): void {
    if (this.phase !== 'answering') return;
    this.close(new MqttError(reasonCode, reasonString ?? `refused: ${reasonName(reasonCode)}`), reasonCode);
  }

  /** Client: sends CONNECT. `session` is gone on with when the server has it too, else a new one takes its place. */
  connect(packet: ConnectPacket, session = new MqttSession()): void {
    if (this.phase !== 'idle') throw protocolError('a connection is opened once');
    this.session = session;
    this.protocolVersion = packet.protocolVersion;
    const properties: MqttProperties = { ...packet.properties };
    if (this.limits.receiveMaximum < 65_535) properties.receiveMaximum ??= this.limits.receiveMaximum;
    if (this.limits.topicAliasMaximum > 0) properties.topicAliasMaximum ??= this.limits.topicAliasMaximum;
    properties.maximumPacketSize ??= this.limits.maximumPacketSize;
    this.connectPacket = { ...packet, properties };
    encodeConnect(this.connectPacket, this.output);
    this.phase = 'awaiting-connack';
  }

  private receiveConnack(buffer: Buffer, start: number, end: number): void {
    const packet = decodeConnack({ buffer, start, end }, this.protocolVersion);
    if (packet.reasonCode !== ReasonCode.success) {
      this.client?.onConnack(packet);
      this.close(new MqttError(packet.reasonCode, describe('the server refuses', packet)));
      return;
    }
    const session = packet.sessionPresent ? this.session : new MqttSession(); // [MQTT-3.2.2-5]
    this.phase = 'open';
    this.client?.onConnack(packet);
    const keepAlive = packet.properties.serverKeepAlive ?? this.connectPacket?.keepAlive ?? 0; // [MQTT-3.2.2-21]
    this.open(session, packet.properties, keepAlive);
  }

  private open(session: MqttSession, peer: MqttProperties, keepAlive: number): void {
    const { limits, protocolVersion } = this;
    this.session = session;
    this.framer.maximumPacketSize = limits.maximumPacketSize;
    this.keepAlive.start(keepAlive);
    this.incoming.start(session, protocolVersion);
    this.incoming.receiveMaximum = limits.receiveMaximum;
    this.incoming.decoder.topicAliasMaximum = limits.topicAliasMaximum;
    const { encoder } = this.outgoing;
    encoder.protocolVersion = protocolVersion;
    encoder.maximumPacketSize = peer.maximumPacketSize ?? LARGEST;
    encoder.topicAliasMaximum = Math.min(peer.topicAliasMaximum ?? 0, limits.outgoingTopicAliases);
    this.outgoing.start(session, Math.min(peer.receiveMaximum ?? 65_535, limits.inFlightMaximum));
  }

  // ---- packets out ----

  /**
   * Sends one publication; its bytes are copied before this returns. With QoS 1 and 2 `onAcknowledged` follows.
   *
   * @throws MqttError when the topic is no topic name
   */
  publish(publication: OutgoingPublication): PublishResult {
    if (this.phase !== 'open') return 'not-open';
    this.keepAlive.sent = true;
    return this.outgoing.send(publication);
  }

  /** From within `onResend`: sends a publication again under its packet identifier. False when the peer cannot take it. */
  resend(publication: OutgoingPublication, packetId: number): boolean {
    return this.phase === 'open' && this.outgoing.resend(publication, packetId);
  }

  /**
   * Decides on a publication received with QoS 1 or 2: PUBACK or PUBREC goes out when all before it are decided. A
   * failure is only told to MQTT 5 peers; for others the host closes instead.
   */
  acknowledge(tag: number, reasonCode: number = ReasonCode.success, reason?: string): void {
    this.keepAlive.sent = true;
    const wanted = this.connectPacket?.properties.requestProblemInformation !== 0; // [MQTT-3.1.2-29]
    this.incoming.acknowledge(tag, reasonCode, wanted ? reason : undefined);
  }

  /** Server: SUBACK. One reason code (granted QoS, or a failure) for each, in order [MQTT-3.8.4-6]. */
  answerSubscribe(packetId: number, reasonCodes: readonly number[], properties: MqttProperties = {}): void {
    this.answer(PacketType.suback, { packetId, reasonCodes, properties });
  }

  answerUnsubscribe(packetId: number, reasonCodes: readonly number[], properties: MqttProperties = {}): void {
    this.answer(PacketType.unsuback, { packetId, reasonCodes, properties });
  }

  private answer(type: typeof PacketType.suback | typeof PacketType.unsuback, packet: SubscribeAnswer): void {
    if (this.phase !== 'open') return;
    encodeSubscribeAnswer(type, packet, this.protocolVersion, this.output);
  }

  /** Client: SUBSCRIBE. `context` comes back with the answer. @throws MqttError when it cannot be sent */
  subscribe(subscriptions: readonly SubscriptionRequest[], properties: MqttProperties, context: unknown): number {
    const packetId = this.request(OutgoingState.awaitingSuback, context);
    encodeSubscribe({ packetId, subscriptions, properties }, this.protocolVersion, this.output);
    return packetId;
  }

  unsubscribe(filters: readonly string[], properties: MqttProperties, context: unknown): number {
    const packetId = this.request(OutgoingState.awaitingUnsuback, context);
    encodeUnsubscribe({ packetId, filters, properties }, this.protocolVersion, this.output);
    return packetId;
  }

  private request(state: OutgoingState, context: unknown): number {
    if (this.phase !== 'open') throw protocolError('the connection is not open');
    const packetId = this.session.outgoing.add(state, context);
    if (packetId === 0) throw new MqttError(ReasonCode.quotaExceeded, 'all packet identifiers are in use');
    this.keepAlive.sent = true;
    return packetId;
  }

  /** Either end: AUTH, for extended authentication (§4.12). */
  authenticate(packet: AuthPacket): void {
    if (this.protocolVersion === 5 && this.phase !== 'closed') encodeAuth(packet, this.output);
  }

  /**
   * Ends the connection from this side: DISCONNECT with the reason code (to a client only in MQTT 5, and for failures),
   * then `onClosed`.
   */
  disconnect(reasonCode: number = ReasonCode.success, properties: MqttProperties = {}): void {
    if (this.phase === 'open' && (this.client !== undefined || this.protocolVersion === 5)) {
      encodeDisconnect({ reasonCode, properties }, this.protocolVersion, this.output);
    }
    this.close(
      reasonCode < 0x80 ? undefined : new MqttError(reasonCode, properties.reasonString ?? reasonName(reasonCode)),
    );
  }

  private fail(error: unknown): void {
    const failure =
      error instanceof MqttError
        ? error
        : new MqttError(ReasonCode.implementationSpecificError, 'the host failed', { cause: error });
    if (this.phase === 'open') {
      if (this.protocolVersion === 5) {
        const { reasonCode } = failure;
        encodeDisconnect({ reasonCode, properties: { reasonString: failure.message } }, 5, this.output);
      }
      this.close(failure);
      return;
    }
    // Before CONNECT is understood, only what makes an answer possible is answered (§3.2.2.2, MQTT 3.1.1 [MQTT-3.1.4-1]).
    const answers =
      this.phase === 'answering' ||
      this.phase === 'authenticating' ||
      failure.reasonCode === ReasonCode.unsupportedProtocolVersion ||
      failure.reasonCode === ReasonCode.clientIdentifierNotValid;
    this.close(failure, this.server !== undefined && answers ? failure.reasonCode : undefined);
  }

  private close(error: MqttError | undefined, connackCode?: number): void {
    if (this.phase === 'closed') return;
    if (connackCode !== undefined) {
      const properties: MqttProperties = error === undefined ? {} : { reasonString: error.message };
      encodeConnack({ sessionPresent: false, reasonCode: connackCode, properties }, this.protocolVersion, this.output);
    }
    this.phase = 'closed';
    this.incoming.close();
    this.framer.close();
    this.handler.onClosed(error);
  }
}

/** One MQTT connection of the listener: the engine on one side, session and broker on the other. */
import type { Delivery } from '@millrace/broker';
import type { ConnectionObservation, LinkObservation } from '@millrace/controller';
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  MqttConnection,
  type MqttProperties,
  type MqttServerHandler,
  type Publication,
  ReasonCode,
  type SubscribePacket,
  type UnsubscribePacket,
  type Will,
} from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import type { Host, ProtocolConnection } from '../protocol-connection.js';
import type { SocketOutput } from '../socket-output.js';
import type { ClientSession, SessionLink } from './client-session.js';
import type { MqttContext } from './mqtt-context.js';
import type { MqttSubscription } from './mqtt-subscription.js';
import { Publisher } from './publisher.js';
import { ReadGate } from './read-gate.js';
import type { SessionRegistry } from './session-registry.js';

/** Messages stop at `outputBytes`; answers to the client's own packets go on up to this many times that. */
const ANSWERS_FACTOR = 4;

/** What is there from CONNECT on. */
interface Opened {
  readonly packet: ConnectPacket;
  readonly principal: Principal;
  readonly session: ClientSession;
  readonly publisher: Publisher;
}

export class MqttServerConnection implements ProtocolConnection, MqttServerHandler, SessionLink {
  readonly connection: MqttConnection;
  readonly output: SocketOutput;
  private readonly context: MqttContext;
  private readonly registry: SessionRegistry;
  private readonly host: Host;
  private readonly openedAt: string;
  private readonly gate: ReadGate;
  private opened: Opened | undefined;
  private publisher: Publisher | undefined;
  private session: ClientSession | undefined;
  private will: Will | undefined;
  private ended = false;

  constructor(context: MqttContext, registry: SessionRegistry, host: Host) {
    this.context = context;
    this.registry = registry;
    this.host = host;
    this.output = host.output;
    this.openedAt = new Date(host.now()).toISOString();
    const { maximumPacketSize, receiveMaximum, inFlightMaximum } = context.settings;
    this.connection = new MqttConnection({
      role: 'server',
      output: host.output,
      handler: this,
      limits: { maximumPacketSize, receiveMaximum, inFlightMaximum },
      ...(context.openSpool === undefined ? {} : { openSpool: context.openSpool }),
    });
    this.gate = new ReadGate(host, this.connection, context.settings.holdMs);
    host.output.onDrain = () => {
      this.gate.open('output-full');
      this.session?.wakeStarving();
    };
    context.counters.connections++;
  }

  get principal(): Principal {
    return this.opened?.principal ?? { name: 'anonymous', authenticated: false };
  }

  // ---- socket ----

  ingest(chunk: Buffer): void {
    this.connection.ingest(chunk, 0, chunk.length);
    this.session?.wakeStarving();
    if (this.output.pending > this.context.settings.outputBytes * ANSWERS_FACTOR) this.gate.close('output-full');
  }

  tick(nowMs: number): number {
    const held = this.gate.tick(nowMs);
    const next = this.connection.tick(nowMs);
    if (held === 0 || next === 0) return held + next;
    return Math.min(held, next);
  }

  closed(): void {
    this.connection.transportClosed();
  }

  close(reason: string): void {
    this.end(ReasonCode.administrativeAction, reason);
  }

  end(reasonCode: number, reason: string): void {
    this.connection.disconnect(reasonCode, { reasonString: reason });
  }

  observe(id: string): ConnectionObservation | undefined {
    const { opened } = this;
    if (opened === undefined) return undefined;
    const { session, publisher, packet } = opened;
    return {
      id,
      protocol: 'mqtt',
      container: session.clientId,
      host: this.host.remoteAddress,
      user: opened.principal.name,
      encrypted: this.host.encrypted,
      openedAt: this.openedAt,
      properties: { version: packet.protocolVersion === 5 ? '5' : '3.1.1', 'keep-alive': `${packet.keepAlive}s` },
      links: [...[...session.subscriptions.values()].map(receiver), ...[...publisher.routes.values()].map(sender)],
    };
  }

  // ---- opening and closing ----

  onConnect(packet: ConnectPacket): void {
    const { context, connection, host } = this;
    if (packet.properties.authenticationMethod !== undefined) {
      connection.refuse(ReasonCode.badAuthenticationMethod, 'no extended authentication is spoken here');
      return;
    }
    const { username, password } = packet;
    const principal = context.authenticate({ username, password, remoteAddress: host.remoteAddress });
    if (principal === undefined) {
      connection.refuse(ReasonCode.badUserNameOrPassword, 'unknown user or wrong password');
      return;
    }
    const clientId = packet.clientId === '' ? context.newClientId() : packet.clientId;
    const expirySeconds = Math.min(wantedExpiry(packet), context.settings.sessionExpiryMaximum);
    const owner = principal.name;
    const found = this.registry.open({ clientId, owner, cleanStart: packet.cleanStart, expirySeconds });
    if (found === 'not-owner') {
      connection.refuse(ReasonCode.notAuthorized, 'the client identifier belongs to another user');
      return;
    }
    if (found === 'too-many') {
      connection.refuse(ReasonCode.quotaExceeded, 'there are too many sessions');
      return;
    }
    const { session, present } = found;
    const publisher = new Publisher({ context, gate: this.gate, connection, principal, session });
    this.opened = { packet, principal, session, publisher };
    this.session = session;
    this.publisher = publisher;
    this.will = packet.will;
    session.link = this;
    const properties: MqttProperties = {};
    if (packet.clientId === '') properties.assignedClientIdentifier = clientId;
    if (expirySeconds < (packet.properties.sessionExpiryInterval ?? 0))
      properties.sessionExpiryInterval = expirySeconds;
    connection.accept({ session: session.mqtt, sessionPresent: present, properties });
    if (present) session.resume();
  }

  onDisconnect(packet: DisconnectPacket): void {
    const { opened } = this;
    if (packet.reasonCode === ReasonCode.success) this.will = undefined; // [MQTT-3.14.4-3]
    const expiry = packet.properties.sessionExpiryInterval;
    if (opened === undefined || expiry === undefined) return;
    opened.session.expirySeconds = Math.min(expiry, this.context.settings.sessionExpiryMaximum);
  }

  onClosed(): void {
    if (this.ended) return;
    this.ended = true;
    const { session, opened, will } = this;
    this.publisher?.close();
    this.session = undefined;
    this.publisher = undefined;
    if (session !== undefined && opened !== undefined) {
      this.registry.left(session, will === undefined ? undefined : { will, principal: opened.principal });
    }
    this.host.end();
  }

  onAuth(_packet: AuthPacket): void {
    this.connection.disconnect(ReasonCode.protocolError);
  }

  // ---- messages ----

  onPublish(publication: Publication): void {
    this.publisher!.receive(publication);
  }

  onAcknowledged(context: unknown, reasonCode: number): void {
    this.session?.acknowledged(context as Delivery, reasonCode);
  }

  /** Room for another: asked for at the end of the chunk. */
  onCompleted(_context: unknown): void {}

  onResend(context: unknown, packetId: number): boolean {
    return this.session?.resend(context as Delivery, packetId) ?? false;
  }

  // ---- subscriptions ----

  onSubscribe(packet: SubscribePacket): void {
    const { session, context } = this;
    if (session === undefined) return;
    const identifier = packet.properties.subscriptionIdentifiers?.[0] ?? 0;
    const fresh: MqttSubscription[] = [];
    const codes = packet.subscriptions.map((request) => {
      const source = request.shared?.filter ?? request.filter;
      if (!context.authorizer.authorize(this.principal, 'recv', source)) return ReasonCode.notAuthorized;
      const { code, isNew } = session.subscribe(request, identifier);
      const subscription = session.subscriptions.get(request.filter);
      const wantsRetained = request.retainHandling === 0 || (request.retainHandling === 1 && isNew);
      if (subscription !== undefined && request.shared === undefined && wantsRetained) fresh.push(subscription);
      return code;
    });
    this.connection.answerSubscribe(packet.packetId, codes);
    for (const subscription of fresh) {
      if (subscription.onQueue) continue;
      session.sendRetained(subscription, context.broker.retainedMatching(subscription.source));
    }
  }

  onUnsubscribe(packet: UnsubscribePacket): void {
    const codes = packet.filters.map((filter) => this.session?.unsubscribe(filter) ?? ReasonCode.unspecifiedError);
    this.connection.answerUnsubscribe(packet.packetId, codes);
  }
}

/** MQTT 3.1.1: clean session 0 keeps it for good, which here is the longest that is allowed. */
function wantedExpiry(packet: ConnectPacket): number {
  if (packet.protocolVersion === 5) return packet.properties.sessionExpiryInterval ?? 0;
  return packet.cleanStart ? 0 : Number.MAX_SAFE_INTEGER;
}

function receiver(subscription: MqttSubscription): LinkObservation {
  return {
    name: subscription.filter,
    role: 'receiver',
    address: subscription.source,
    credit: subscription.creditSeen,
    unsettled: subscription.unsettled,
    deliveries: subscription.deliveries,
  };
}

function sender(route: {
  readonly topic: string;
  readonly messages: number;
  readonly credit: number;
}): LinkObservation {
  return {
    name: route.topic,
    role: 'sender',
    address: route.topic,
    credit: route.credit,
    unsettled: 0,
    deliveries: route.messages,
  };
}

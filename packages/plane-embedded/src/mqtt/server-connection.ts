/** One MQTT connection of the listener: the engine on one side, session and broker on the other. */
import type { Delivery, RefusalReason } from '@millrace/broker';
import type { ConnectionObservation, LinkObservation } from '@millrace/controller';
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  FAILURE,
  MqttConnection,
  type MqttProperties,
  type MqttServerHandler,
  type Publication,
  ReasonCode,
  type SubscribePacket,
  type UnsubscribePacket,
} from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import type { Host, ProtocolConnection } from '../protocol-connection.js';
import type { SocketOutput } from '../socket-output.js';
import type { ClientSession, SessionLink } from './client-session.js';
import type { KeptWill } from './kept-formats.js';
import type { MqttContext } from './mqtt-context.js';
import type { MqttSubscription } from './mqtt-subscription.js';
import { Publisher } from './publisher.js';
import { ReadGate } from './read-gate.js';
import { subscribeCode } from './refusal-codes.js';
import type { FoundSession, SessionRegistry, SessionWish } from './session-registry.js';
import { willOf } from './will.js';

/** Messages stop at `outputBytes`; answers to the client's own packets go on up to this many times that. */
const ANSWERS_FACTOR = 4;

/** What is there from CONNECT on. */
interface Opened {
  readonly packet: ConnectPacket;
  readonly principal: Principal;
  readonly session: ClientSession;
  readonly publisher: Publisher;
}

/** What a SUBSCRIBE has come to. */
interface Subscribed {
  readonly packet: SubscribePacket;
  readonly codes: readonly number[];
  /** Those that get retained messages. */
  readonly fresh: readonly MqttSubscription[];
}

/** UTF-16 units: with a filter it makes a name that the broker takes. */
const CLIENT_ID_MAX = 4_096;

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
  private will: KeptWill | undefined;
  private ended = false;
  /** CONNACK has said yes. */
  private accepted = false;

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
    const will = packet.will === undefined ? undefined : willOf(packet.will, principal);
    const wish = this.wishOf(packet, principal);
    const refusal = this.refusalFor(wish, will);
    if (refusal !== undefined) {
      connection.refuse(...refusal);
      return;
    }
    const found = this.registry.open(wish);
    if (found === 'not-owner') {
      connection.refuse(ReasonCode.notAuthorized, 'the client identifier belongs to another user');
      return;
    }
    if (found === 'too-many') {
      connection.refuse(ReasonCode.quotaExceeded, 'there are too many sessions');
      return;
    }
    const { session } = found;
    const publisher = new Publisher({ context, gate: this.gate, connection, principal, session });
    this.opened = { packet, principal, session, publisher };
    this.session = session;
    this.publisher = publisher;
    this.will = will;
    session.link = this;
    session.keep();
    if (will !== undefined) this.registry.wills.keep(session.clientId, will);
    const { broker } = context;
    const isKept = found.waits || will !== undefined;
    if (isKept) this.registry.writeClock(broker.nowMs);
    const waits = isKept && broker.durable && broker.unwritable === undefined;
    if (waits) broker.whenDurable((reason) => this.accept(found, wish, reason));
    else this.accept(found, wish, undefined);
  }

  private wishOf(packet: ConnectPacket, principal: Principal): SessionWish {
    const { context } = this;
    return {
      clientId: packet.clientId === '' ? context.newClientId() : packet.clientId,
      owner: principal.name,
      cleanStart: packet.cleanStart,
      expirySeconds: Math.min(wantedExpiry(packet), context.settings.sessionExpiryMaximum),
    };
  }

  /** Why what the client wants to be kept cannot be. A session that is kept goes on: else its messages could not leave. */
  private refusalFor(wish: SessionWish, will: KeptWill | undefined): [code: number, reason: string] | undefined {
    const { context, registry } = this;
    if (wish.clientId.length > CLIENT_ID_MAX) {
      return [ReasonCode.clientIdentifierNotValid, `a client identifier has at most ${CLIENT_ID_MAX} characters`];
    }
    if (will !== undefined && !registry.wills.fits(will)) return [ReasonCode.quotaExceeded, 'the will is too large'];
    if (wish.expirySeconds === 0 || !context.broker.durable || context.broker.unwritable === undefined)
      return undefined;
    if (!wish.cleanStart && registry.find(wish.clientId) !== undefined) return undefined;
    return [ReasonCode.quotaExceeded, 'the session cannot be stored'];
  }

  /** What CONNACK promises is on disk; or, with a reason, it is not and never will be. */
  private accept({ session, present }: FoundSession, wish: SessionWish, refusal: RefusalReason | undefined): void {
    const { opened, connection } = this;
    // The client did not wait.
    if (this.ended || opened === undefined) return;
    if (refusal !== undefined && !present) {
      session.expirySeconds = 0;
      connection.refuse(ReasonCode.implementationSpecificError, 'the session could not be stored');
      return;
    }
    this.accepted = true;
    const { packet } = opened;
    const properties: MqttProperties = {};
    if (packet.clientId === '') properties.assignedClientIdentifier = session.clientId;
    if (wish.expirySeconds < (packet.properties.sessionExpiryInterval ?? 0)) {
      properties.sessionExpiryInterval = wish.expirySeconds;
    }
    connection.accept({ session: session.mqtt, sessionPresent: present, properties });
    if (present && this.session === session) session.resume();
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
    const { session } = this;
    const will = this.accepted ? this.will : undefined;
    this.publisher?.close();
    this.session = undefined;
    this.publisher = undefined;
    if (session !== undefined) {
      if (will === undefined) this.registry.wills.forget(session.clientId);
      this.registry.left(session, will);
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
      const unwritable = session.records === undefined ? undefined : context.broker.unwritable;
      if (unwritable !== undefined) return subscribeCode(unwritable);
      const { code, isNew } = session.subscribe(request, identifier);
      const subscription = session.subscriptions.get(request.filter);
      const wantsRetained = request.retainHandling === 0 || (request.retainHandling === 1 && isNew);
      if (subscription !== undefined && request.shared === undefined && wantsRetained) fresh.push(subscription);
      return code;
    });
    const answer = (refusal: RefusalReason | undefined): void => {
      if (this.session !== session) return;
      this.subscribed(session, { packet, codes, fresh }, refusal);
    };
    if (session.records !== undefined && context.broker.unwritable === undefined) context.broker.whenDurable(answer);
    else answer(undefined);
  }

  /** The subscriptions are on disk, where they are kept; or, with a reason, they are not. */
  private subscribed(session: ClientSession, made: Subscribed, refusal: RefusalReason | undefined): void {
    const { packet, codes, fresh } = made;
    if (refusal !== undefined) {
      const failed = codes.map((code) => (code < FAILURE ? subscribeCode(refusal) : code));
      for (const { filter } of packet.subscriptions) session.unsubscribe(filter);
      this.connection.answerSubscribe(packet.packetId, failed);
      return;
    }
    this.connection.answerSubscribe(packet.packetId, codes);
    for (const subscription of fresh) {
      if (subscription.onQueue || session.subscriptions.get(subscription.filter) !== subscription) continue;
      session.sendRetained(subscription, this.context.broker.retainedMatching(subscription.source));
    }
  }

  onUnsubscribe(packet: UnsubscribePacket): void {
    const { session, connection } = this;
    if (session === undefined) return;
    const codes = packet.filters.map((filter) => session.unsubscribe(filter));
    const answer = (): void => connection.answerUnsubscribe(packet.packetId, codes);
    // A journal that has failed does not forget either: the subscription is back after the restart.
    if (session.records === undefined) answer();
    else this.context.broker.whenTakenBack((refusal) => (refusal === undefined ? answer() : undefined));
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

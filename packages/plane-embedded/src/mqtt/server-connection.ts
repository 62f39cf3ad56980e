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
import { ANONYMOUS, type ChangedUsers, type Principal } from '@millrace/security';
import { type Host, originOf, type ProtocolConnection } from '../protocol-connection.js';
import { NOT_VALID_ANY_MORE } from '../sasl-dialogue.js';
import type { SocketOutput } from '../socket-output.js';
import type { ClientSession, SessionLink } from './client-session.js';
import { type ConnectAnswer, ConnectAuthentication } from './connect-authentication.js';
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
  /** Goes along with CONNACK: the last word of an extended authentication. */
  readonly data: Uint8Array | undefined;
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
  private authentication: ConnectAuthentication | undefined;
  /** While it is not known yet who sent it. */
  private connectPacket: ConnectPacket | undefined;
  private opened: Opened | undefined;
  private publisher: Publisher | undefined;
  private session: ClientSession | undefined;
  private will: KeptWill | undefined;
  private ended = false;
  /** CONNACK has said yes. */
  private accepted = false;
  /** CONNECT is being decided on, and nothing is read: what the client sends meanwhile waits in its socket. */
  private deciding = false;

  constructor(context: MqttContext, registry: SessionRegistry, host: Host) {
    this.context = context;
    this.registry = registry;
    this.host = host;
    this.output = host.output;
    this.openedAt = new Date(host.now()).toISOString();
    const { settings } = context;
    const { maximumPacketSize, receiveMaximum, inFlightMaximum, connectTimeoutMs, connectPacketMax } = settings;
    this.connection = new MqttConnection({
      role: 'server',
      output: host.output,
      handler: this,
      limits: { maximumPacketSize, receiveMaximum, inFlightMaximum, connectTimeoutMs, connectPacketMax },
      ...(context.openSpool === undefined ? {} : { openSpool: context.openSpool }),
    });
    this.gate = new ReadGate(host, this.connection, settings.holdMs);
    host.output.onDrain = () => {
      this.gate.open('output-full');
      this.session?.wakeStarving();
    };
    context.counters.connections++;
  }

  get principal(): Principal {
    return this.opened?.principal ?? ANONYMOUS;
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
    const { connection, host } = this;
    const { access } = this.context;
    if (access !== undefined) {
      this.authentication = new ConnectAuthentication(access, originOf(host, 'mqtt', packet.clientId));
      this.connectPacket = packet;
      this.decide();
      this.authentication.begin(packet, (answer) => this.identified(packet, answer));
    } else if (packet.properties.authenticationMethod !== undefined) {
      connection.refuse(ReasonCode.badAuthenticationMethod, 'no extended authentication is spoken here');
    } else {
      this.enter(packet, ANONYMOUS, undefined);
    }
  }

  private decide(): void {
    this.deciding = true;
    this.host.pause();
  }

  private decided(): void {
    if (!this.deciding) return;
    this.deciding = false;
    this.host.resume();
  }

  private identified(packet: ConnectPacket, answer: ConnectAnswer): void {
    if (this.ended) return;
    const { connection, context } = this;
    switch (answer.kind) {
      case 'challenge':
        this.decided();
        connection.challenge(Buffer.from(answer.data));
        return;
      case 'refused':
        context.counters.authenticationsFailed++;
        connection.refuse(answer.code, answer.reason);
        return;
      case 'known':
        // The user may have been changed while it was being asked.
        if (context.access?.stillValid(answer.principal) !== false) this.enter(packet, answer.principal, answer.data);
        else connection.refuse(ReasonCode.notAuthorized, NOT_VALID_ANY_MORE);
    }
  }

  /** The client is known: its session, and the answer as soon as what it promises is on disk. */
  private enter(packet: ConnectPacket, principal: Principal, data: Uint8Array | undefined): void {
    const { context, connection } = this;
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
    this.opened = { packet, principal, session, publisher, data };
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
    if (!waits) {
      this.accept(found, wish, undefined);
      return;
    }
    this.decide();
    broker.whenDurable((reason) => this.accept(found, wish, reason));
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
    if (will !== undefined && !context.authorizer.authorize(will.principal, 'send', will.topic)) {
      return [ReasonCode.notAuthorized, 'the will may not be sent there'];
    }
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
    this.decided();
    this.host.established?.();
    const { packet, principal, data } = opened;
    const properties: MqttProperties = authenticationProperties(packet, data);
    if (packet.clientId === '') properties.assignedClientIdentifier = session.clientId;
    if (wish.expirySeconds < (packet.properties.sessionExpiryInterval ?? 0)) {
      properties.sessionExpiryInterval = wish.expirySeconds;
    }
    // What it has no right to any more is not sent again either.
    if (present) this.context.counters.revoked += session.dropForbidden(principal);
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

  onAuth(packet: AuthPacket): void {
    const { opened, authentication, connection } = this;
    if (authentication === undefined) {
      connection.disconnect(ReasonCode.protocolError);
    } else if (opened !== undefined) {
      authentication.continue(packet, (answer) => this.identifiedAgain(opened.packet, answer));
    } else {
      this.decide();
      authentication.continue(packet, (answer) => this.identified(this.connectPacket!, answer));
    }
  }

  /** Another round on an open connection (MQTT 5 §4.12.1): messages go on meanwhile. */
  private identifiedAgain(packet: ConnectPacket, answer: ConnectAnswer): void {
    const { opened, connection } = this;
    if (this.ended || opened === undefined) return;
    switch (answer.kind) {
      case 'challenge': {
        const properties = authenticationProperties(packet, answer.data);
        connection.authenticate({ reasonCode: ReasonCode.continueAuthentication, properties });
        return;
      }
      case 'refused':
        this.context.counters.authenticationsFailed++;
        this.end(answer.code, answer.reason);
        return;
      case 'known':
        if (answer.principal.name !== opened.principal.name) {
          this.end(ReasonCode.notAuthorized, 'a connection stays with its user');
          return;
        }
        this.opened = { ...opened, principal: answer.principal };
        opened.publisher.principal = answer.principal;
        connection.authenticate({
          reasonCode: ReasonCode.success,
          properties: authenticationProperties(packet, answer.data),
        });
        this.recheck();
    }
  }

  /** Users or rights have changed. */
  recheck(changed?: ChangedUsers): void {
    const { opened, context } = this;
    if (opened === undefined || this.ended || context.access === undefined) return;
    const { principal, session, publisher } = opened;
    if (changed?.has(principal) === false) return;
    if (!context.access.stillValid(principal)) {
      context.counters.revoked++;
      if (this.accepted) this.end(ReasonCode.notAuthorized, NOT_VALID_ANY_MORE);
      else this.connection.refuse(ReasonCode.notAuthorized, NOT_VALID_ANY_MORE);
      return;
    }
    publisher.recheck();
    context.counters.revoked += session.dropForbidden(principal);
  }

  // ---- messages ----

  onPublish(publication: Publication): void {
    this.host.messageRate?.count();
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

/** [MQTT-4.12.0-5]: the method stands in every packet. */
function authenticationProperties({ properties }: ConnectPacket, data: Uint8Array | undefined): MqttProperties {
  const { authenticationMethod } = properties;
  if (authenticationMethod === undefined) return {};
  return { authenticationMethod, ...(data === undefined ? {} : { authenticationData: Buffer.from(data) }) };
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

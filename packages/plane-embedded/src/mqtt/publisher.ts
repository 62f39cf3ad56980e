/**
 * What a connection publishes, on its way to the broker. For each topic a route, with the right to send checked once: a
 * right that is taken away ends with the connection.
 * Where the address is full, the connection is not read any further until there is room (DESIGN §4: for one keep-alive
 * at most), and the one publication that was read already is kept.
 */
import { type AddressType, Message, Outcome, type Producer, type RefusalReason, type Sender } from '@millrace/broker';
import { type MqttConnection, type Publication, ReasonCode } from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import { duplicateIdOfMqtt } from '../translate/duplicate-id.js';
import type { ClientSession } from './client-session.js';
import type { MqttContext } from './mqtt-context.js';
import { borrow, keep } from './publication-message.js';
import type { ReadGate } from './read-gate.js';
import { publishCode, refusalSentence } from './refusal-codes.js';
import type { SessionRecords } from './session-records.js';

/** The way of one topic into the broker. */
export class Route implements Sender {
  readonly topic: string;
  producer: Producer | undefined;
  /** Not to be used again. */
  closed = false;
  /** Whether retained messages are kept: not on a queue, which has no last message. */
  readonly retains: boolean;
  /** Nothing is stored: what is sent is the receiver's or nobody's. */
  readonly isDirect: boolean;
  messages = 0;
  private unsettled = 0;
  private readonly publisher: Publisher;

  constructor(publisher: Publisher, topic: string, type: AddressType | undefined) {
    this.publisher = publisher;
    this.topic = topic;
    this.retains = type !== 'queue' && type !== 'anycast';
    this.isDirect = type === 'anycast';
  }

  /** For those who look on. */
  get credit(): number {
    return this.producer?.capacity() ?? 0;
  }

  /** A send whose outcome is still to come. */
  sentPending(): void {
    this.unsettled++;
  }

  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    this.unsettled--;
    this.publisher.settled(tag, outcome, reason);
    if (this.closed && this.unsettled === 0) this.producer?.close();
  }

  capacityChanged(): void {
    this.publisher.roomChanged(this);
  }

  addressDeleted(): void {
    this.closed = true;
    this.publisher.routeLost(this);
  }

  /** Closes the producer as soon as it has told all outcomes. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.unsettled === 0) this.producer?.close();
  }
}

interface Held {
  readonly route: Route;
  readonly message: Message;
  readonly tag: number;
}

/** QoS 2 publications to direct addresses whose outcome is to come, by tag: packet identifiers. */
type DirectOnce = Map<number, number>;

export interface PublisherOptions {
  readonly context: MqttContext;
  readonly gate: ReadGate;
  readonly connection: MqttConnection;
  readonly principal: Principal;
  readonly session: ClientSession;
}

export class Publisher {
  readonly routes = new Map<string, Route>();
  private readonly context: MqttContext;
  private readonly gate: ReadGate;
  private readonly connection: MqttConnection;
  /** Changes when the client has said again who it is. */
  principal: Principal;
  private readonly session: ClientSession;
  private readonly message = new Message();
  private held: Held | undefined;
  private readonly directOnce: DirectOnce = new Map();

  constructor(options: PublisherOptions) {
    this.context = options.context;
    this.gate = options.gate;
    this.connection = options.connection;
    this.principal = options.principal;
    this.session = options.session;
  }

  /** One publication, as it lies in the read buffer. */
  receive(publication: Publication): void {
    let route = publication.entry.route as Route | undefined;
    if (route === undefined || route.closed) {
      const opened = this.routeTo(publication.topic);
      if (typeof opened === 'string') {
        this.refuse(publication.tag, opened);
        return;
      }
      route = opened;
      publication.entry.route = route;
    }
    const { message } = this;
    borrow(message, publication, publication.messageExpiryInterval < 0 ? 0 : this.context.broker.nowMs);
    if (!route.producer!.takes(message)) this.hold(route, keep(message), publication.tag);
    else this.send(route, message, publication.tag);
  }

  private routeTo(topic: string): Route | RefusalReason {
    const known = this.routes.get(topic);
    if (known !== undefined && !known.closed) return known;
    const { broker, authorizer, settings } = this.context;
    if (!authorizer.authorize(this.principal, 'send', topic)) return 'not-allowed';
    const type = broker.address(topic)?.settings.type;
    const route = new Route(this, topic, type);
    const producer = broker.openProducer(topic, route, { undeclared: settings.undeclared });
    if (typeof producer === 'string') return producer;
    route.producer = producer;
    if (this.routes.size >= settings.topicsPerConnection) this.closeRoutes();
    this.routes.set(topic, route);
    return route;
  }

  /** Rights have changed: topics that the client may not send to any more are asked for anew, and refused. */
  recheck(): void {
    const { held } = this;
    for (const [topic, route] of [...this.routes]) {
      if (this.context.authorizer.authorize(this.principal, 'send', topic)) continue;
      this.routes.delete(topic);
      route.close();
      if (held?.route !== route) continue;
      this.held = undefined;
      this.refuse(held.tag, 'not-allowed');
      this.gate.open('address-full');
    }
  }

  private closeRoutes(): void {
    for (const route of this.routes.values()) route.close();
    this.routes.clear();
  }

  private send(route: Route, message: Message, tag: number): void {
    const { context } = this;
    const producer = route.producer!;
    const retains = message.retain && route.retains;
    const refusal = retains ? context.broker.retainRefusal(message) : undefined;
    if (refusal !== undefined) {
      this.refuse(tag, refusal);
      return;
    }
    const records = message.qos === 2 ? this.session.records : undefined;
    if (records !== undefined && context.broker.unwritable !== undefined) {
      this.refuse(tag, context.broker.unwritable);
      return;
    }
    route.messages++;
    context.publishing = this.session;
    const detects = producer.detectsDuplicates;
    const result = detects ? producer.sendOnce(message, tag, duplicateIdOfMqtt(message)) : producer.send(message, tag);
    context.publishing = undefined;
    if (result === 'accepted') {
      if (records !== undefined) this.acceptOnce(tag, this.connection.steps.packetIdOf(tag));
      else if (tag >= 0) this.connection.acknowledge(tag);
    } else if (result === 'pending') {
      route.sentPending();
      if (records !== undefined) this.pendingOnce(route, tag, records);
    } else if (producer.refusal === 'journal-full' && !producer.takes(message)) {
      // The disk filled up in between, and the address is one that waits.
      this.hold(route, keep(message), tag);
      return;
    } else {
      this.refuse(tag, producer.refusal ?? 'no-receiver');
      return;
    }
    // A duplicate is not the last message of its topic.
    if (retains && !(detects && producer.duplicate)) context.broker.retain(message);
  }

  /** QoS 2 of a session that is kept: identifier and message are in one batch [MQTT-4.3.3-10]. */
  private pendingOnce(route: Route, tag: number, records: SessionRecords): void {
    const packetId = this.connection.steps.packetIdOf(tag);
    if (route.isDirect) this.directOnce.set(tag, packetId);
    else records.keepIncoming(packetId);
  }

  /** The same, of what nothing is stored: PUBREC waits for the identifier alone. */
  private acceptOnce(tag: number, packetId: number): void {
    const { records } = this.session;
    records?.keepIncoming(packetId);
    this.context.broker.whenDurable((refusal) => {
      if (refusal === undefined) this.connection.acknowledge(tag);
      else this.refuse(tag, refusal);
    });
  }

  /** From a route: the outcome of a send that was pending. */
  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    const direct = this.directOnce.size > 0 ? this.directOnce.get(tag) : undefined;
    if (direct !== undefined) this.directOnce.delete(tag);
    if (outcome === Outcome.accepted && direct !== undefined) this.acceptOnce(tag, direct);
    else if (outcome === Outcome.accepted) this.connection.acknowledge(tag);
    else this.refuse(tag, reason ?? (outcome === Outcome.released ? 'no-receiver' : 'not-allowed'));
  }

  /** Never PUBACK a message that was not accepted: MQTT 5 says why, MQTT 3.1.1 has only the end [MQTT-3.3.5-2]. */
  private refuse(tag: number, reason: RefusalReason): void {
    const { connection } = this;
    const code = publishCode(reason);
    if (connection.protocolVersion === 5 && tag >= 0) {
      connection.acknowledge(tag, code, refusalSentence(reason));
    } else if (tag >= 0 || reason === 'not-allowed') {
      connection.disconnect(code, { reasonString: refusalSentence(reason) });
    } else {
      this.context.counters.droppedIn++;
    }
  }

  // ---- holding back ----

  private hold(route: Route, message: Message, tag: number): void {
    this.held = { route, message, tag };
    this.gate.close('address-full');
  }

  /** From a route: there may be room again. */
  roomChanged(route: Route): void {
    if (this.held?.route === route && route.producer!.takes(this.held.message)) this.letGo();
  }

  /** From a route: its address was deleted. What was held is refused, or finds the address that took its place. */
  routeLost(route: Route): void {
    if (this.routes.get(route.topic) === route) this.routes.delete(route.topic);
    if (this.held?.route === route) this.letGo();
  }

  private letGo(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    if (held.route.closed) this.refuse(held.tag, 'deleted');
    else this.send(held.route, held.message, held.tag);
    if (this.held === undefined) this.gate.open('address-full');
  }

  close(): void {
    const { held } = this;
    this.held = undefined;
    // It was never taken: under this identifier it may come again.
    if (held !== undefined && held.tag >= 0) {
      this.connection.acknowledge(held.tag, ReasonCode.implementationSpecificError);
    }
    this.closeRoutes();
  }
}

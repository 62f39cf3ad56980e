/**
 * What is kept of one client's session, as it changes: which packet identifiers stand for what, subscriptions, and how
 * it was when the client left. Where nothing is kept (a session that ends with its connection, a journal in memory) there
 * is no such object.
 *
 * QoS 2 goes step by step. What a step lets the peer forget is on disk before the step is taken:
 *
 *     in     PUBLISH ─▶ message and identifier, one batch ─▶ PUBREC       PUBREL ─▶ identifier forgotten ─▶ PUBCOMP
 *     out    identifier kept ─▶ PUBLISH       PUBREC ─▶ message settled ─▶ PUBREL       PUBCOMP ─▶ identifier forgotten
 *
 * That PUBREC came is not written: the message is no longer in its store. QoS 1 costs nothing: a message that is not
 * settled is sent again, under another identifier, which is a new publication to its receiver in any case [MQTT-4.3.2-5].
 */
import type { Broker } from '@millrace/broker';
import type { SessionKeeper } from '@millrace/mqtt';
import type { SessionLink } from './client-session.js';
import {
  encodeOutgoing,
  encodeSession,
  encodeSubscription,
  INCOMING,
  type KeptOutgoing,
  type KeptSession,
  type KeptSubscription,
  Kind,
  partKey,
} from './kept-formats.js';

/** Where the session's connection is found, when there is one. */
interface Connected {
  readonly link: SessionLink | undefined;
}

export class SessionRecords implements SessionKeeper {
  /** Of subscriptions: what a session is bounded by. */
  bytes = 0;
  private readonly broker: Broker;
  private readonly clientId: string;
  private readonly session: Connected;
  private readonly subscriptions = new Map<string, number>();
  private readonly outgoing = new Set<number>();
  private readonly incoming = new Set<number>();
  private ended = false;

  constructor(broker: Broker, clientId: string, session: Connected) {
    this.broker = broker;
    this.clientId = clientId;
    this.session = session;
  }

  // ---- the session and its subscriptions ----

  keepSession(session: KeptSession): void {
    this.broker.keep(Kind.session, this.clientId, encodeSession(session));
  }

  /** Bytes that a subscription of this filter takes. */
  sizeOf(filter: string): number {
    return Buffer.byteLength(this.clientId) + Buffer.byteLength(filter) + 11;
  }

  keepSubscription(subscription: KeptSubscription): void {
    const { filter } = subscription.request;
    this.restoreSubscription(filter);
    this.broker.keep(Kind.subscription, partKey(this.clientId, filter), encodeSubscription(subscription));
  }

  forgetSubscription(filter: string): void {
    const size = this.subscriptions.get(filter);
    if (size === undefined) return;
    this.bytes -= size;
    this.subscriptions.delete(filter);
    this.broker.forget(Kind.subscription, partKey(this.clientId, filter));
  }

  /** It is kept already. */
  restoreSubscription(filter: string): void {
    if (this.subscriptions.has(filter)) return;
    const size = this.sizeOf(filter);
    this.subscriptions.set(filter, size);
    this.bytes += size;
  }

  /** For ever. */
  forgetAll(): void {
    this.ended = true;
    this.broker.forget(Kind.session, this.clientId);
    for (const filter of [...this.subscriptions.keys()]) this.forgetSubscription(filter);
    for (const packetId of this.outgoing) this.broker.forget(Kind.outgoing, partKey(this.clientId, packetId));
    for (const packetId of this.incoming) this.broker.forget(Kind.incoming, partKey(this.clientId, packetId));
  }

  // ---- QoS 2 ----

  keepOutgoing(packetId: number, outgoing: KeptOutgoing): void {
    this.outgoing.add(packetId);
    this.broker.keep(Kind.outgoing, partKey(this.clientId, packetId), encodeOutgoing(outgoing));
  }

  restoreOutgoing(packetId: number): void {
    this.outgoing.add(packetId);
  }

  /** A message that came under this identifier is in the batch that is open now. */
  keepIncoming(packetId: number): void {
    if (this.ended) return;
    this.incoming.add(packetId);
    this.broker.keep(Kind.incoming, partKey(this.clientId, packetId), INCOMING);
  }

  restoreIncoming(packetId: number): void {
    this.incoming.add(packetId);
  }

  received(packetId: number): void {
    const { link } = this.session;
    // Refused: the journal has failed. The exchange stays open, and is gone on with after the restart.
    this.broker.whenTakenBack((refusal) => {
      if (refusal === undefined && link !== undefined && this.session.link === link)
        link.connection.steps.release(packetId);
    });
  }

  finished(packetId: number): void {
    if (this.outgoing.delete(packetId)) this.broker.forget(Kind.outgoing, partKey(this.clientId, packetId));
  }

  released(packetId: number): void {
    const { link } = this.session;
    this.forgetIncoming(packetId);
    this.broker.whenTakenBack((refusal) => {
      if (refusal === undefined && link !== undefined && this.session.link === link)
        link.connection.steps.complete(packetId);
    });
  }

  refused(packetId: number): void {
    this.forgetIncoming(packetId);
  }

  private forgetIncoming(packetId: number): void {
    if (this.incoming.delete(packetId)) this.broker.forget(Kind.incoming, partKey(this.clientId, packetId));
  }
}

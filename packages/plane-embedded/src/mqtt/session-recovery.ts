/**
 * MQTT after a restart: sessions with their subscriptions, what was on its way with QoS 2, and wills. All clients are
 * away then; those that were connected when the server went have been since that moment, as far as it is known.
 */
import type { Delivery } from '@millrace/broker';
import { OutgoingState, type RestoredEntry } from '@millrace/mqtt';
import { ClientSession } from './client-session.js';
import {
  decodeClock,
  decodeIncoming,
  decodeOutgoing,
  decodeSession,
  decodeSubscription,
  type KeptOutgoing,
  type KeptSession,
  type KeptSubscription,
  Kind,
  splitKey,
} from './kept-formats.js';
import type { MqttContext } from './mqtt-context.js';
import { durableNameOf } from './mqtt-subscription.js';
import { CLOCK_MS, type SessionRegistry } from './session-registry.js';

interface Outgoing extends KeptOutgoing {
  readonly packetId: number;
}

interface Parts {
  readonly subscriptions: KeptSubscription[];
  readonly outgoing: Outgoing[];
  readonly incoming: number[];
}

export class SessionRecovery {
  private readonly context: MqttContext;
  private readonly registry: SessionRegistry;
  private readonly parts = new Map<string, Parts>();

  constructor(context: MqttContext, registry: SessionRegistry) {
    this.context = context;
    this.registry = registry;
  }

  /** @throws KeptFormatError for what a newer program wrote */
  run(nowMs: number): void {
    const { broker } = this.context;
    if (!broker.durable) return;
    const goneAt = this.goneAt(nowMs);
    const ended: ClientSession[] = [];
    this.readParts();
    for (const { clientId, kept, expiresAt } of this.sessions(goneAt)) {
      const session = this.restore(clientId, kept);
      session.expiresAt = expiresAt;
      if (session.expirySeconds === 0 || expiresAt <= nowMs) ended.push(session);
      else this.revive(session, kept.connected);
    }
    this.registry.wills.recover(goneAt);
    for (const session of ended) this.end(session);
    this.forgetStrays();
    this.registry.tick(nowMs);
  }

  /** The last moment at which the server may have been there. */
  private goneAt(nowMs: number): number {
    const clock = this.context.broker.kept(Kind.clock).get('alive');
    return clock === undefined ? nowMs : Math.min(nowMs, decodeClock(clock) + CLOCK_MS);
  }

  private readParts(): void {
    const { broker } = this.context;
    for (const [key, bytes] of broker.kept(Kind.subscription)) {
      this.partsOf(key).subscriptions.push(decodeSubscription(key, bytes));
    }
    for (const [key, bytes] of broker.kept(Kind.outgoing)) {
      const packetId = Number(splitKey(key).part);
      this.partsOf(key).outgoing.push({ packetId, ...decodeOutgoing(key, bytes) });
    }
    for (const [key, bytes] of broker.kept(Kind.incoming)) this.partsOf(key).incoming.push(decodeIncoming(key, bytes));
  }

  private partsOf(key: string): Parts {
    const { clientId } = splitKey(key);
    let parts = this.parts.get(clientId);
    if (parts === undefined) {
      parts = { subscriptions: [], outgoing: [], incoming: [] };
      this.parts.set(clientId, parts);
    }
    return parts;
  }

  /** The one that was left first comes first. */
  private sessions(
    goneAt: number,
  ): { readonly clientId: string; readonly kept: KeptSession; readonly expiresAt: number }[] {
    return [...this.context.broker.kept(Kind.session)]
      .map(([clientId, bytes]) => {
        const kept = decodeSession(clientId, bytes);
        return { clientId, kept, expiresAt: kept.connected ? goneAt + kept.expirySeconds * 1000 : kept.expiresAt };
      })
      .sort((a, b) => a.expiresAt - a.kept.expirySeconds * 1000 - (b.expiresAt - b.kept.expirySeconds * 1000));
  }

  /** The session as the journal has it, without what the broker has of it. */
  private restore(clientId: string, kept: KeptSession): ClientSession {
    const { owner, expirySeconds } = kept;
    const session = new ClientSession(
      { clientId, owner, expirySeconds: Math.max(1, expirySeconds) },
      this.context,
      this.registry.shares,
    );
    session.expirySeconds = expirySeconds;
    const parts = this.parts.get(clientId);
    for (const subscription of parts?.subscriptions ?? []) {
      const sent = kept.connected ? Number.POSITIVE_INFINITY : (kept.sent.get(subscription.number) ?? 0);
      session.restore(subscription, subscription.request.qos > 0 ? sent : 0);
    }
    for (const packetId of parts?.incoming ?? []) session.records?.restoreIncoming(packetId);
    for (const { packetId } of parts?.outgoing ?? []) session.records?.restoreOutgoing(packetId);
    session.mqtt.incoming.restore(parts?.incoming ?? []);
    return session;
  }

  /** Its subscriptions are with the broker again, and what was on its way to it is on its way still. */
  private revive(session: ClientSession, wasConnected: boolean): void {
    const outgoing = [...(this.parts.get(session.clientId)?.outgoing ?? [])].sort((a, b) => a.place - b.place);
    const found = new Map<number, ReadonlyMap<number, Delivery>>();
    for (const subscription of session.subscriptions.values()) {
      if (!subscription.mayStayAway) continue;
      const { number } = subscription;
      const sequences = outgoing.filter((one) => one.number === number && one.sequence > 0).map((one) => one.sequence);
      const deliveries = subscription.retrieve(sequences);
      subscription.joinShare();
      for (const delivery of deliveries.values()) session.restoreDelivery(subscription, delivery);
      found.set(number, deliveries);
    }
    // What is not in its store any more was settled: PUBREC had come, and PUBREL is what is missing [MQTT-4.3.3-4].
    const entries = outgoing.map(({ place, number, sequence }): RestoredEntry => {
      const delivery = found.get(number)?.get(sequence);
      const state = delivery === undefined ? OutgoingState.awaitingPubcomp : OutgoingState.awaitingPubrec;
      return { sequence: place, state, context: delivery };
    });
    session.mqtt.outgoing.restore(entries);
    this.registry.restore(session);
    if (wasConnected) session.keep();
  }

  /** It would have ended while nobody was there to see to it. */
  private end(session: ClientSession): void {
    const { broker, counters } = this.context;
    for (const { request } of session.subscriptions.values()) {
      const name = durableNameOf(session.clientId, request);
      if (request.qos > 0 && !this.registry.shares.has(name)) broker.forgetSubscription(name);
    }
    session.end();
    this.registry.wills.sendNow(session.clientId);
    counters.sessionsExpired++;
  }

  /** Wills of clients that had no session to stay: nothing is to be waited for. */
  private forgetStrays(): void {
    this.registry.wills.sendAllBut((clientId) => this.registry.find(clientId) !== undefined);
  }
}

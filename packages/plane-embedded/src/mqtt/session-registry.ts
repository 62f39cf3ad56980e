/**
 * All sessions of the server by client identifier: found again, taken over, expired; and the wills that wait for their
 * delay. Bounded in number: the session that has been away longest gives way.
 */
import type { Will } from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import { ClientSession } from './client-session.js';
import type { MqttContext } from './mqtt-context.js';
import { messageOfWill } from './publication-message.js';
import { Shares } from './shares.js';
import { type PendingWill, sendWill } from './will.js';

export interface SessionWish {
  readonly clientId: string;
  /** User name: nobody takes over the session of another user. */
  readonly owner: string;
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
}

export class SessionRegistry {
  private readonly context: MqttContext;
  private readonly shares = new Shares();
  private readonly sessions = new Map<string, ClientSession>();
  /** Sessions without a connection, in the order in which they were left. */
  private readonly away = new Set<ClientSession>();
  private readonly wills = new Map<string, PendingWill>();
  /** Those that are due, and wait for room on disk. */
  private overdue: PendingWill[] = [];

  constructor(context: MqttContext) {
    this.context = context;
  }

  get size(): number {
    return this.sessions.size;
  }

  find(clientId: string): ClientSession | undefined {
    return this.sessions.get(clientId);
  }

  /**
   * The session for a client that connects; a connection that it had is ended first [MQTT-3.1.4-3].
   */
  open(wish: SessionWish): { readonly session: ClientSession; readonly present: boolean } | 'too-many' | 'not-owner' {
    const before = this.sessions.get(wish.clientId);
    if (before !== undefined && before.owner !== wish.owner) return 'not-owner';
    before?.link?.end(0x8e, 'another connection has taken the session over');
    const present = this.sessions.get(wish.clientId);
    if (present !== undefined && !wish.cleanStart) {
      this.away.delete(present);
      this.wills.delete(wish.clientId); // [MQTT-3.1.3-9]
      present.expirySeconds = wish.expirySeconds;
      return { session: present, present: true };
    }
    if (present !== undefined) this.end(present); // [MQTT-3.1.4-4]
    if (this.sessions.size >= this.context.settings.sessions && !this.makeRoom()) return 'too-many';
    const session = new ClientSession(wish, this.context, this.shares);
    session.expirySeconds = wish.expirySeconds;
    this.sessions.set(wish.clientId, session);
    return { session, present: false };
  }

  private makeRoom(): boolean {
    for (const oldest of this.away) {
      this.end(oldest);
      this.context.counters.sessionsExpired++;
      return true;
    }
    return false;
  }

  /** The connection of a session is gone. `will`: what is to be said of it. */
  left(session: ClientSession, will: { readonly will: Will; readonly principal: Principal } | undefined): void {
    const nowMs = this.context.broker.nowMs;
    session.detach(nowMs);
    if (will !== undefined) this.plan(session, will, nowMs);
    if (session.durable) this.away.add(session);
    else this.end(session);
  }

  /** A will goes out at once, after its delay, or when its session ends, whichever is first (MQTT 5 §3.1.3.2.2). */
  private plan(
    session: ClientSession,
    will: { readonly will: Will; readonly principal: Principal },
    nowMs: number,
  ): void {
    const delaySeconds = will.will.properties.willDelayInterval ?? 0;
    const pending: PendingWill = {
      message: messageOfWill(will.will, nowMs),
      principal: will.principal,
      dueAt: nowMs + delaySeconds * 1000,
    };
    if (delaySeconds === 0) this.send(pending);
    else this.wills.set(session.clientId, pending);
  }

  private end(session: ClientSession): void {
    this.away.delete(session);
    this.sessions.delete(session.clientId);
    session.end();
    const will = this.wills.get(session.clientId);
    if (will === undefined) return;
    this.wills.delete(session.clientId);
    this.send(will);
  }

  private send(will: PendingWill): void {
    if (sendWill(will, this.context) === 'done') return;
    if (this.overdue.length < this.context.settings.sessions) this.overdue.push(will);
    else this.context.counters.droppedIn++;
  }

  /** Sends wills that are due and ends sessions that have expired. Call it about once a second. */
  tick(nowMs: number): void {
    const { overdue } = this;
    this.overdue = [];
    for (const will of overdue) this.send(will);
    for (const [clientId, will] of this.wills) {
      if (will.dueAt > nowMs) continue;
      this.wills.delete(clientId);
      this.send(will);
    }
    for (const session of this.away) {
      if (session.expiresAt > nowMs) continue;
      this.end(session);
      this.context.counters.sessionsExpired++;
    }
  }
}

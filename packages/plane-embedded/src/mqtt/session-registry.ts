/**
 * All sessions of the server by client identifier: found again, taken over, expired. Bounded in number: the session that
 * has been away longest gives way.
 */
import { ClientSession } from './client-session.js';
import { encodeClock, type KeptWill, Kind } from './kept-formats.js';
import type { MqttContext } from './mqtt-context.js';
import { Shares } from './shares.js';
import { Wills } from './will.js';

/** How often it is written down that the server is there, ms: so exactly is it known after a crash when that was. */
export const CLOCK_MS = 60_000;

export interface SessionWish {
  readonly clientId: string;
  /** User name: nobody takes over the session of another user. */
  readonly owner: string;
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
}

export interface FoundSession {
  readonly session: ClientSession;
  /** It was there before. */
  readonly present: boolean;
  /** Something is kept, or not kept any more: CONNACK waits until that is on disk. */
  readonly waits: boolean;
}

export class SessionRegistry {
  readonly shares = new Shares();
  readonly wills: Wills;
  private readonly context: MqttContext;
  private readonly sessions = new Map<string, ClientSession>();
  /** Sessions without a connection, in the order in which they were left. */
  private readonly away = new Set<ClientSession>();
  private clockMs = 0;

  constructor(context: MqttContext) {
    this.context = context;
    this.wills = new Wills(context);
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
  open(wish: SessionWish): FoundSession | 'too-many' | 'not-owner' {
    const before = this.sessions.get(wish.clientId);
    if (before !== undefined && before.owner !== wish.owner) return 'not-owner';
    before?.link?.end(0x8e, 'another connection has taken the session over');
    const present = this.sessions.get(wish.clientId);
    if (present !== undefined && !wish.cleanStart) {
      this.away.delete(present);
      this.wills.forget(wish.clientId); // [MQTT-3.1.3-9]
      present.expirySeconds = wish.expirySeconds;
      return { session: present, present: true, waits: present.records !== undefined };
    }
    if (present !== undefined) this.end(present); // [MQTT-3.1.4-4]
    if (this.sessions.size >= this.context.settings.sessions && !this.makeRoom()) return 'too-many';
    const session = new ClientSession(wish, this.context, this.shares);
    this.sessions.set(wish.clientId, session);
    return { session, present: false, waits: session.records !== undefined || present?.records !== undefined };
  }

  private makeRoom(): boolean {
    for (const oldest of this.away) {
      this.end(oldest);
      this.context.counters.sessionsExpired++;
      return true;
    }
    return false;
  }

  /** After a restart: a session whose client is away; the one that was left first comes first. */
  restore(session: ClientSession): void {
    this.sessions.set(session.clientId, session);
    this.away.add(session);
  }

  /** The connection of a session is gone. `will`: what is to be said of it. */
  left(session: ClientSession, will: KeptWill | undefined): void {
    const nowMs = this.context.broker.nowMs;
    session.detach(nowMs);
    if (will !== undefined) this.wills.plan(session.clientId, will, nowMs);
    if (session.durable) this.away.add(session);
    else this.end(session);
  }

  private end(session: ClientSession): void {
    this.away.delete(session);
    this.sessions.delete(session.clientId);
    session.end();
    this.wills.sendNow(session.clientId);
  }

  /** Sends wills that are due and ends sessions that have expired. Call it about once a second. */
  tick(nowMs: number): void {
    this.wills.tick(nowMs);
    for (const session of this.away) {
      if (session.expiresAt > nowMs) continue;
      this.end(session);
      this.context.counters.sessionsExpired++;
    }
    if (this.sessions.size > this.away.size) this.writeClock(nowMs);
  }

  /** Clients are connected: should the server fail, their sessions have been away since then. */
  writeClock(nowMs: number): void {
    const { broker } = this.context;
    if (nowMs - this.clockMs < CLOCK_MS || !broker.durable) return;
    this.clockMs = nowMs;
    broker.keep(Kind.clock, 'alive', encodeClock(nowMs));
  }
}

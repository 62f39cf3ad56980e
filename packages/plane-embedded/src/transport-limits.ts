/**
 * Who may connect at all, before a byte is read: bounds on connections in all, of a host, on how fast a host may come, and
 * on those that have not said yet who they are. One for all listeners of a server. Knows no socket.
 *
 * When there are too many of the last kind, the one that has waited longest gives way: whoever holds connections open
 * without a word loses them, and whoever comes with something to say gets through.
 */
import { isIPv6 } from 'node:net';

export interface TransportLimits {
  /** Connections of all listeners at once; one more is closed on arrival. Default: 50,000. */
  readonly connections: number;
  /** Of one host (an IPv4 address, or the 64 bits of an IPv6 network); one more is closed on arrival. Default: 50,000. */
  readonly connectionsPerHost: number;
  /** New connections of one host in a second, as many at once; what is beyond is closed on arrival. 0: any. Default: 0. */
  readonly connectionsPerHostPerSecond: number;
  /** Connections that are not open yet; beyond that the one that has waited longest is closed. Default: 5,000. */
  readonly halfOpen: number;
  /** Bytes that those have sent in all; beyond that whoever sent the last ones is closed. Default: 64 MiB. */
  readonly halfOpenBytes: number;
  /** From TCP, or the end of the TLS handshake, to AMQP's open or MQTT's CONNACK, ms. Default: 10,000. */
  readonly handshakeMs: number;
  /** The TLS handshake, ms. Default: 10,000. */
  readonly tlsHandshakeMs: number;
  /** Messages of one connection in a second; beyond that its socket is not read for a while. 0: any. Default: 0. */
  readonly messagesPerSecond: number;
}

export const TRANSPORT_DEFAULTS: TransportLimits = {
  connections: 50_000,
  connectionsPerHost: 50_000,
  connectionsPerHostPerSecond: 0,
  halfOpen: 5_000,
  halfOpenBytes: 64 * 1024 ** 2,
  handshakeMs: 10_000,
  tlsHandshakeMs: 10_000,
  messagesPerSecond: 0,
};

/** Hosts whose rate is remembered; when there are more, those that have been quiet for a second are forgotten. */
const HOSTS_REMEMBERED = 10_000;

export type Refusal = 'full' | 'host-full' | 'rate';

/** A connection that has not been opened yet. */
export interface HalfOpen {
  /** Bytes that it has sent. */
  bytes: number;
  /** Ends it: others need its place. */
  giveWay(): void;
}

interface Pace {
  tokens: number;
  atMs: number;
}

export class Admission {
  readonly limits: TransportLimits;
  private readonly hosts = new Map<string, number>();
  private readonly paces = new Map<string, Pace>();
  /** In the order in which they came. */
  private readonly waiting = new Set<HalfOpen>();
  private connections = 0;
  private bytes = 0;

  constructor(limits: Partial<TransportLimits> = {}) {
    this.limits = { ...TRANSPORT_DEFAULTS, ...limits };
  }

  get size(): number {
    return this.connections;
  }

  get halfOpen(): number {
    return this.waiting.size;
  }

  get halfOpenBytes(): number {
    return this.bytes;
  }

  /** A connection has come. Undefined: it may stay, and `left` is called when it is gone. */
  enter(host: string, nowMs: number): Refusal | undefined {
    const { limits } = this;
    if (this.connections >= limits.connections) return 'full';
    const key = networkOf(host);
    const known = this.hosts.get(key) ?? 0;
    if (known >= limits.connectionsPerHost) return 'host-full';
    if (limits.connectionsPerHostPerSecond > 0 && !this.isInPace(key, nowMs)) return 'rate';
    this.connections++;
    this.hosts.set(key, known + 1);
    return undefined;
  }

  left(host: string): void {
    this.connections--;
    const key = networkOf(host);
    const known = this.hosts.get(key) ?? 1;
    if (known <= 1) this.hosts.delete(key);
    else this.hosts.set(key, known - 1);
  }

  /** @returns whether another had to give way */
  wait(connection: HalfOpen): boolean {
    let gaveWay = false;
    for (const oldest of this.waiting) {
      if (this.waiting.size < this.limits.halfOpen) break;
      this.forget(oldest);
      oldest.giveWay();
      gaveWay = true;
    }
    this.waiting.add(connection);
    return gaveWay;
  }

  /** @returns false when all of them have sent so much that this one has to go */
  received(connection: HalfOpen, bytes: number): boolean {
    if (!this.waiting.has(connection)) return true;
    connection.bytes += bytes;
    this.bytes += bytes;
    return this.bytes <= this.limits.halfOpenBytes;
  }

  /** It is open, or gone. */
  forget(connection: HalfOpen): void {
    if (this.waiting.delete(connection)) this.bytes -= connection.bytes;
  }

  /** Tokens come back with time, and as many wait as may come in a second. */
  private isInPace(key: string, nowMs: number): boolean {
    const rate = this.limits.connectionsPerHostPerSecond;
    let pace = this.paces.get(key);
    if (pace === undefined) {
      if (this.paces.size >= HOSTS_REMEMBERED) this.forgetQuiet(nowMs);
      pace = { tokens: rate, atMs: nowMs };
      this.paces.set(key, pace);
    }
    pace.tokens = Math.min(rate, pace.tokens + (Math.max(0, nowMs - pace.atMs) * rate) / 1000);
    pace.atMs = nowMs;
    if (pace.tokens < 1) return false;
    pace.tokens--;
    return true;
  }

  private forgetQuiet(nowMs: number): void {
    for (const [key, { atMs }] of this.paces) if (nowMs - atMs >= 1000) this.paces.delete(key);
    // All of them within one second: whoever came first begins anew.
    for (const key of this.paces.keys()) {
      if (this.paces.size < HOSTS_REMEMBERED) return;
      this.paces.delete(key);
    }
  }
}

/** What counts as one host: who has an IPv6 address has the 2^64 beside it. */
export function networkOf(host: string): string {
  if (!isIPv6(host)) return host;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped !== null) return mapped[1]!;
  const [head = '', tail] = host.split('%')[0]!.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...new Array<string>(Math.max(0, missing)).fill('0'), ...back];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')}::/64`;
}

/**
 * What the broker keeps of MQTT over a restart, by kind and key. Integers are big-endian; texts are UTF-8 behind their
 * length, u16. Each value begins with the version of its format, u8: a newer one is refused by name.
 *
 *     kind               key                     value
 *     mqtt/session       client                  1 flags u8 (1: connected) · 2 expiry u32, s · 6 ends f64, ms since the
 *                                                epoch, when away · 14 owner text, then for each subscription of which
 *                                                something was sent and not acknowledged:
 *                                                number u32 · last sequence sent u48, or 2^48 - 1: any
 *     mqtt/subscription  client NUL filter       1 options u8, as in SUBSCRIBE · 2 number u32 · 6 identifier u32
 *     mqtt/outgoing      client NUL packet id    1 place in the turn u48 · 7 number of the subscription u32 · 11 sequence u48
 *     mqtt/incoming      client NUL packet id    nothing more
 *     mqtt/will          client                  1 flags u8 (1: connected · 2: retain · 4: authenticated · QoS << 3)
 *                                                2 delay u32, s · 6 expiry u32, s (2^32 - 1: none) · 10 due f64, when away
 *                                                18 user text · topic text · properties u32 and bytes · payload, to the end
 *     mqtt/clock         alive                   1 f64, ms since the epoch: the server was there
 */

import type { QoS, SubscriptionRequest } from '@millrace/mqtt';
import { parseSharedFilter } from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import { KeptFormatError } from '../kept-format-error.js';

export const Kind = {
  session: 'mqtt/session',
  subscription: 'mqtt/subscription',
  outgoing: 'mqtt/outgoing',
  incoming: 'mqtt/incoming',
  will: 'mqtt/will',
  clock: 'mqtt/clock',
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const VERSION = 1;
/** A sequence that no store reaches: any may have been sent. */
const ANY_SEQUENCE = 2 ** 48 - 1;
const NO_EXPIRY = 0xffffffff;

export interface KeptSession {
  readonly connected: boolean;
  readonly expirySeconds: number;
  /** When it ends, ms since the epoch; 0 while it is connected. */
  readonly expiresAt: number;
  readonly owner: string;
  /** By number of subscription: the last sequence that was sent. Infinity: any may have been. */
  readonly sent: ReadonlyMap<number, number>;
}

export interface KeptSubscription {
  readonly request: SubscriptionRequest;
  readonly number: number;
  readonly identifier: number;
}

export interface KeptOutgoing {
  /** Place in the turn of packet identifiers. */
  readonly place: number;
  /** Of the subscription. */
  readonly number: number;
  /** In the subscription's store; 0: it came from elsewhere. */
  readonly sequence: number;
}

export interface KeptWill {
  /** Its client was connected. */
  readonly connected: boolean;
  readonly principal: Principal;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delaySeconds: number;
  /** Life of the message from when it is sent, s; undefined: without end. */
  readonly expirySeconds: number | undefined;
  /** When it is sent, ms since the epoch; 0 while its client is connected. */
  readonly dueAt: number;
  /** Property block of the message, without its length. */
  readonly properties: Buffer;
  readonly payload: Buffer;
}

// ---- keys ----

/** A client identifier has no NUL [MQTT-1.5.4-2]. */
export function partKey(clientId: string, part: string | number): string {
  return `${clientId}\0${part}`;
}

export function splitKey(key: string): { readonly clientId: string; readonly part: string } {
  const at = key.indexOf('\0');
  if (at < 0) throw new KeptFormatError(`${JSON.stringify(key)} is no key of a part of an MQTT session`);
  return { clientId: key.slice(0, at), part: key.slice(at + 1) };
}

// ---- values ----

export function encodeSession(session: KeptSession): Buffer {
  const owner = text(session.owner);
  const fixed = Buffer.alloc(14);
  fixed[0] = VERSION;
  fixed[1] = session.connected ? 1 : 0;
  fixed.writeUInt32BE(session.expirySeconds, 2);
  fixed.writeDoubleBE(session.expiresAt, 6);
  const sent = Buffer.alloc(session.sent.size * 10);
  let at = 0;
  for (const [number, sequence] of session.sent) {
    at = sent.writeUInt32BE(number, at);
    at = sent.writeUIntBE(Math.min(sequence, ANY_SEQUENCE), at, 6);
  }
  return Buffer.concat([fixed, owner, sent]);
}

export function decodeSession(key: string, bytes: Uint8Array): KeptSession {
  const reader = new ValueReader(Kind.session, key, bytes);
  const connected = (reader.u8() & 1) !== 0;
  const expirySeconds = reader.u32();
  const expiresAt = reader.f64();
  const owner = reader.text();
  const sent = new Map<number, number>();
  while (reader.left > 0) {
    const number = reader.u32();
    const sequence = reader.u48();
    sent.set(number, sequence === ANY_SEQUENCE ? Number.POSITIVE_INFINITY : sequence);
  }
  return { connected, expirySeconds, expiresAt, owner, sent };
}

export function encodeSubscription({ request, number, identifier }: KeptSubscription): Buffer {
  const value = Buffer.alloc(10);
  value[0] = VERSION;
  value[1] =
    request.qos | (request.noLocal ? 4 : 0) | (request.retainAsPublished ? 8 : 0) | (request.retainHandling << 4);
  value.writeUInt32BE(number, 2);
  value.writeUInt32BE(identifier, 6);
  return value;
}

export function decodeSubscription(key: string, bytes: Uint8Array): KeptSubscription {
  const reader = new ValueReader(Kind.subscription, key, bytes);
  const options = reader.u8();
  const { part: filter } = splitKey(key);
  const shared = parseSharedFilter(filter);
  const retainHandling = (options >> 4) & 3;
  if ((options & 3) === 3 || retainHandling === 3 || shared === 'invalid') throw reader.damaged();
  const request: SubscriptionRequest = {
    filter,
    shared,
    qos: (options & 3) as QoS,
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
  return { request, number: reader.u32(), identifier: reader.u32() };
}

export function encodeOutgoing({ place, number, sequence }: KeptOutgoing): Buffer {
  const value = Buffer.allocUnsafe(17);
  value[0] = VERSION;
  value.writeUIntBE(place, 1, 6);
  value.writeUInt32BE(number, 7);
  value.writeUIntBE(sequence, 11, 6);
  return value;
}

export function decodeOutgoing(key: string, bytes: Uint8Array): KeptOutgoing {
  const reader = new ValueReader(Kind.outgoing, key, bytes);
  return { place: reader.u48(), number: reader.u32(), sequence: reader.u48() };
}

export const INCOMING = Buffer.from([VERSION]);

/** @returns the packet identifier */
export function decodeIncoming(key: string, bytes: Uint8Array): number {
  const reader = new ValueReader(Kind.incoming, key, bytes);
  const packetId = Number(splitKey(key).part);
  if (!Number.isInteger(packetId) || packetId < 1 || packetId > 65_535) throw reader.damaged();
  return packetId;
}

export function encodeWill(will: KeptWill): Buffer {
  const fixed = Buffer.alloc(18);
  fixed[0] = VERSION;
  fixed[1] =
    (will.connected ? 1 : 0) | (will.retain ? 2 : 0) | (will.principal.authenticated ? 4 : 0) | (will.qos << 3);
  fixed.writeUInt32BE(will.delaySeconds, 2);
  fixed.writeUInt32BE(will.expirySeconds ?? NO_EXPIRY, 6);
  fixed.writeDoubleBE(will.dueAt, 10);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(will.properties.length);
  return Buffer.concat([fixed, text(will.principal.name), text(will.topic), length, will.properties, will.payload]);
}

export function decodeWill(key: string, bytes: Uint8Array): KeptWill {
  const reader = new ValueReader(Kind.will, key, bytes);
  const flags = reader.u8();
  if (flags >> 3 > 2) throw reader.damaged();
  const delaySeconds = reader.u32();
  const expiry = reader.u32();
  const dueAt = reader.f64();
  const name = reader.text();
  const topic = reader.text();
  const properties = reader.bytes(reader.u32());
  return {
    connected: (flags & 1) !== 0,
    principal: { name, authenticated: (flags & 4) !== 0 },
    topic,
    qos: (flags >> 3) as QoS,
    retain: (flags & 2) !== 0,
    delaySeconds,
    expirySeconds: expiry === NO_EXPIRY ? undefined : expiry,
    dueAt,
    properties,
    payload: reader.bytes(reader.left),
  };
}

export function encodeClock(nowMs: number): Buffer {
  const value = Buffer.alloc(9);
  value[0] = VERSION;
  value.writeDoubleBE(nowMs, 1);
  return value;
}

export function decodeClock(bytes: Uint8Array): number {
  return new ValueReader(Kind.clock, 'alive', bytes).f64();
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads one value; its version has been seen to. */
class ValueReader {
  private readonly buffer: Buffer;
  private readonly name: string;
  private at = 1;

  constructor(kind: Kind, key: string, bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = `${kind} ${JSON.stringify(key)}`;
    const version = this.buffer[0] ?? 0;
    if (version > VERSION) {
      const known = `this program knows ${VERSION} and older ones`;
      throw new KeptFormatError(`${this.name} is kept in format version ${version}; ${known}`);
    }
    if (version === 0) throw this.damaged();
  }

  get left(): number {
    return this.buffer.length - this.at;
  }

  damaged(): KeptFormatError {
    return new KeptFormatError(`what is kept as ${this.name} cannot be read`);
  }

  u8(): number {
    return this.buffer[this.take(1)]!;
  }

  u32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  u48(): number {
    return this.buffer.readUIntBE(this.take(6), 6);
  }

  f64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  text(): string {
    const length = this.buffer.readUInt16BE(this.take(2));
    const start = this.take(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** A copy. */
  bytes(length: number): Buffer {
    const start = this.take(length);
    return Buffer.from(this.buffer.subarray(start, start + length));
  }

  private take(length: number): number {
    const { at } = this;
    if (length > this.left) throw this.damaged();
    this.at = at + length;
    return at;
  }
}

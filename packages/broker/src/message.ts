/**
 * A message as the broker holds it: immutable bytes in the form of the protocol that brought it, and beside them the few
 * facts that routing, storing and expiring need. The broker never looks into the bytes.
 *
 *     format amqp:  bytes[start … split) message-annotations section, or empty
 *                   bytes[split … end)   bare message (properties, application-properties, body) and footer
 *     format mqtt:  bytes[start … split) MQTT 5 property block without its length prefix, or empty
 *                   bytes[split … end)   payload
 *
 * A message is *borrowed* while its bytes lie in a listener's read buffer: it is then valid only until the call that
 * passed it returns, and the listener uses one object again and again. Who keeps a message calls `own()` and keeps that.
 */
import type { ArenaBlock } from './arena-block.js';
import { NOWHERE } from './log/record-type.js';

const EMPTY = Buffer.alloc(0);

export const MessageFormat = { amqp: 0, mqtt: 1 } as const;
export type MessageFormat = (typeof MessageFormat)[keyof typeof MessageFormat];

export class Message {
  format: MessageFormat = MessageFormat.amqp;
  bytes: Buffer = EMPTY;
  start = 0;
  split = 0;
  end = 0;
  /** The concrete address (queue name, or topic without wildcards) that the message was sent to. */
  address = '';
  durable = false;
  /** 0 to 9; 4 is normal (AMQP 1.0 §3.2.1). */
  priority = 4;
  /** Time to live as the sender gave it, ms; 0 = none. */
  ttlMs = 0;
  /** When it expires, ms since the epoch; 0 = never. */
  expiresAt = 0;
  /** When the broker accepted it, ms since the epoch; never goes back within a broker. 0 until `send`. */
  time = 0;
  /** MQTT's retain flag as the publisher set it. */
  retain = false;
  /** What the publisher asked for: MQTT QoS 0, 1 or 2; for AMQP 0 when pre-settled, else 1. */
  qos = 0;
  /** True when this object and its bytes stay as they are; false while borrowed. */
  owned = false;
  /** The same message in the other protocol's form, made by a listener when first needed; may be dropped at any time. */
  translation: Message | undefined = undefined;
  /** For the broker: how many stores hold it. */
  references = 0;
  /** For the broker: the arena's block that holds its bytes. Between two turns they may move to another one. */
  home: ArenaBlock | undefined = undefined;
  /** For the broker: where its record lies in the journal, how long it is, and how many stores hold it by that. */
  recordPosition = NOWHERE;
  recordLength = 0;
  recordHolders = 0;
  /** The owned copy of a borrowed message, so that fifty subscriptions share one. The listener clears it by `reuse()`. */
  private copy: Message | undefined = undefined;

  /** Content bytes: what limits count. */
  get size(): number {
    return this.end - this.start;
  }

  /** For the listener: makes the one borrowed object ready for the next message. The fields are then set anew. */
  reuse(): this {
    this.copy = undefined;
    this.translation = undefined;
    return this;
  }

  /** This message with bytes of its own: itself when owned, else a copy in `arena` (made once). */
  own(arena: MessageArena): Message {
    if (this.owned) return this;
    if (this.copy === undefined) this.copy = this.copyTo(arena);
    return this.copy;
  }

  /** A new owned message with a copy of the bytes in `arena`. */
  copyTo(arena: MessageArena): Message {
    const copy = new Message();
    copy.format = this.format;
    const size = this.end - this.start;
    const at = arena.take(size);
    this.bytes.copy(arena.block, at, this.start, this.end);
    copy.bytes = arena.block;
    copy.home = arena.home;
    copy.start = at;
    copy.split = at + (this.split - this.start);
    copy.end = at + size;
    copy.takeFacts(this);
    return copy;
  }

  /** This owned message as a new one with the same bytes: what is sent on to a dead-letter or expiry address. */
  renewed(): Message {
    const copy = new Message();
    copy.format = this.format;
    copy.bytes = this.bytes;
    copy.home = this.home;
    copy.start = this.start;
    copy.split = this.split;
    copy.end = this.end;
    copy.takeFacts(this);
    return copy;
  }

  /** The same with other bytes, of the same format: what is sent on with something noted on it. */
  renewedWith(bytes: Buffer, split: number): Message {
    const copy = new Message();
    copy.format = this.format;
    copy.bytes = bytes;
    copy.split = split;
    copy.end = bytes.length;
    copy.takeFacts(this);
    return copy;
  }

  private takeFacts(other: Message): void {
    this.address = other.address;
    this.durable = other.durable;
    this.priority = other.priority;
    this.ttlMs = other.ttlMs;
    this.expiresAt = other.expiresAt;
    this.time = other.time;
    this.retain = other.retain;
    this.qos = other.qos;
    this.owned = true;
  }
}

/** Where owned bytes go: blocks that are filled one after another and freed by the garbage collector as a whole. */
export interface MessageArena {
  /** Block that the last `take` reserved in. */
  block: Buffer;
  /** That block's account in the broker's arena. */
  readonly home?: ArenaBlock | undefined;
  /** Reserves `size` bytes and returns their offset in `block`. */
  take(size: number): number;
}

/**
 * The last retained message of each topic, in a tree by level. Bounded in messages and bytes: what would exceed that is
 * refused, what replaces a message of at least its size is not.
 *
 * Retained messages live long and one by one, so each has a buffer of its own and pins no block of the arena.
 */
import type { Arena } from './arena.js';
import type { BrokerLog } from './broker-log.js';
import { RetainedRecord } from './log/retained-record.js';
import type { Message, MessageArena } from './message.js';
import type { RefusalReason } from './outcome.js';
import { isValidName } from './topic-filter.js';

export interface RetainedLimits {
  readonly messages: number;
  readonly bytes: number;
}

export const RETAINED_LIMITS: RetainedLimits = { messages: 100_000, bytes: 64 * 1024 ** 2 };

class RetainedNode {
  readonly children = new Map<string, RetainedNode>();
  record: RetainedRecord | undefined = undefined;
}

/** A buffer of its own for each message. */
class ExactArena implements MessageArena {
  block = Buffer.alloc(0);

  take(size: number): number {
    this.block = Buffer.allocUnsafeSlow(size);
    return 0;
  }
}

export class Retained {
  count = 0;
  bytes = 0;
  private earliestExpiry = Number.POSITIVE_INFINITY;
  private readonly limits: RetainedLimits;
  private readonly arena: Arena;
  private readonly log: BrokerLog;
  private readonly exact = new ExactArena();
  private readonly root = new RetainedNode();
  private readonly isReplaced = (record: RetainedRecord): boolean => {
    const now = this.record(record.topic);
    return now !== undefined && now !== record;
  };

  constructor(arena: Arena, log: BrokerLog, limits: RetainedLimits) {
    this.arena = arena;
    this.log = log;
    this.limits = limits;
  }

  /** Keeps a copy of the stamped message in place of the one before. @returns why not */
  keep(message: Message): RefusalReason | undefined {
    const refusal = this.refusalFor(message);
    if (refusal !== undefined) return refusal;
    const before = this.record(message.address)?.message;
    this.count += before === undefined ? 1 : 0;
    this.bytes += this.growthBy(message, before);
    if (before !== undefined) this.arena.release(before);
    this.log.later(this.put(message.copyTo(this.exact)));
    return undefined;
  }

  /** Why this message cannot be kept now. */
  refusalFor(message: Message): RefusalReason | undefined {
    if (!isValidName(message.address)) return 'not-allowed';
    const before = this.record(message.address)?.message;
    const isMore = before === undefined && this.count >= this.limits.messages;
    const isLarger = this.bytes + this.growthBy(message, before) > this.limits.bytes;
    return isMore || isLarger ? 'resource-limit-exceeded' : undefined;
  }

  private growthBy(message: Message, before: Message | undefined): number {
    return message.end - message.start - (before === undefined ? 0 : before.end - before.start);
  }

  /** Puts one back that was there before the restart, whatever the limits now are. */
  restore(message: Message): void {
    const record = this.put(message.copyTo(this.exact));
    record.position = message.recordPosition;
    record.length = message.recordLength;
    this.count++;
    this.bytes += message.end - message.start;
  }

  /** @returns false when there was none */
  forget(topic: string): boolean {
    const levels = topic.split('/');
    const path = [this.root];
    for (const level of levels) {
      const child = path.at(-1)!.children.get(level);
      if (child === undefined) return false;
      path.push(child);
    }
    const node = path.at(-1)!;
    const { record } = node;
    const message = record?.message;
    if (record === undefined || message === undefined) return false;
    node.record = undefined;
    record.message = undefined;
    this.log.later(record);
    this.count--;
    this.bytes -= message.end - message.start;
    this.arena.release(message);
    for (let depth = levels.length; depth > 0; depth--) {
      const { children, record: other } = path[depth]!;
      if (children.size > 0 || other !== undefined) break;
      path[depth - 1]!.children.delete(levels[depth - 1]!);
    }
    return true;
  }

  /** Those of matching topics that have not expired. */
  matching(filter: string, nowMs: number): Message[] {
    const found: Message[] = [];
    collect(this.root, filter.split('/'), 0, found);
    return found.filter((message) => message.expiresAt === 0 || message.expiresAt > nowMs);
  }

  /** Forgets what has expired. Looks at all of them, but only when one may have. */
  expire(nowMs: number): void {
    if (this.earliestExpiry > nowMs) return;
    const all: Message[] = [];
    collectAll(this.root, false, all);
    this.earliestExpiry = Number.POSITIVE_INFINITY;
    for (const { address, expiresAt } of all) {
      if (expiresAt === 0) continue;
      if (expiresAt <= nowMs) this.forget(address);
      else if (expiresAt < this.earliestExpiry) this.earliestExpiry = expiresAt;
    }
  }

  /** The record of this topic's retained message. */
  record(topic: string): RetainedRecord | undefined {
    let node: RetainedNode | undefined = this.root;
    for (const level of topic.split('/')) {
      node = node.children.get(level);
      if (node === undefined) return undefined;
    }
    return node.record;
  }

  private put(message: Message): RetainedRecord {
    let node = this.root;
    for (const level of message.address.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = new RetainedNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.record ??= new RetainedRecord(message.address, this.isReplaced);
    node.record.message = message;
    this.arena.hold(message);
    if (message.expiresAt !== 0 && message.expiresAt < this.earliestExpiry) this.earliestExpiry = message.expiresAt;
    return node.record;
  }
}

function collect(node: RetainedNode, levels: readonly string[], depth: number, found: Message[]): void {
  if (depth === levels.length) {
    if (node.record?.message !== undefined) found.push(node.record.message);
    return;
  }
  const level = levels[depth]!;
  if (level === '#') {
    collectAll(node, depth === 0, found);
    return;
  }
  if (level !== '+') {
    const child = node.children.get(level);
    if (child !== undefined) collect(child, levels, depth + 1, found);
    return;
  }
  for (const [name, child] of node.children) {
    if (depth > 0 || !name.startsWith('$')) collect(child, levels, depth + 1, found);
  }
}

function collectAll(node: RetainedNode, first: boolean, found: Message[]): void {
  if (node.record?.message !== undefined) found.push(node.record.message);
  for (const [name, child] of node.children) {
    if (!first || !name.startsWith('$')) collectAll(child, false, found);
  }
}

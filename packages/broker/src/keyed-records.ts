/**
 * Bytes that the host, or a job, has the broker keep under a kind and a key, and finds again after a restart: documents,
 * sessions, pending wills, checkpoints. They are held in memory beside the journal: for many small values.
 *
 * What a transaction is to keep is written with it, and holds when it has succeeded.
 *
 * What a transaction under way is to forget is written once more behind each record of that key, in the same batch: so no
 * record of a key that is gone lies behind the one that says so.
 */
import type { BrokerLog } from './broker-log.js';
import { KeyedRecord } from './log/keyed-record.js';
import { NOWHERE } from './log/record-type.js';

const NAME_BYTES_MAX = 65_535;

export class KeyedRecords {
  private readonly log: BrokerLog;
  private readonly kinds = new Map<string, Map<string, KeyedRecord>>();
  /** Records of transactions under way, and what was forgotten meanwhile: not to come back by them. */
  private staged = 0;
  private readonly forgotten = new Map<string, KeyedRecord>();
  /** What they are to forget, by name. */
  private readonly takingBack = new Map<string, Set<KeyedRecord>>();

  constructor(log: BrokerLog) {
    this.log = log;
  }

  /** All of one kind, in no order. */
  all(kind: string): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const { key, bytes } of this.kinds.get(kind)?.values() ?? []) if (bytes !== undefined) found.set(key, bytes);
    return found;
  }

  /** @param bytes the record's from now on */
  keep(kind: string, key: string, bytes: Uint8Array): void {
    checkName(kind);
    checkName(key);
    const entry = this.record(kind, key) ?? new KeyedRecord(kind, key);
    this.put(entry);
    entry.version = ++this.log.version;
    entry.bytes = bytes;
    this.log.later(entry);
  }

  /** @returns false when there was nothing */
  forget(kind: string, key: string): boolean {
    const known = this.record(kind, key);
    // A transaction under way may be about to keep it.
    if (known === undefined && this.staged === 0) return false;
    const entry = known ?? new KeyedRecord(kind, key);
    entry.version = ++this.log.version;
    entry.bytes = undefined;
    this.remove(entry);
    if (this.staged > 0) this.forgotten.set(nameOf(kind, key), entry);
    this.log.later(entry);
    return known !== undefined;
  }

  /**
   * Writes what a transaction is to keep, or, without bytes, forgets. It holds when its commit succeeds: `apply` or
   * `drop` follows.
   */
  stage(kind: string, key: string, bytes: Uint8Array | undefined): KeyedRecord {
    checkName(kind);
    checkName(key);
    const staged = new KeyedRecord(kind, key);
    staged.version = ++this.log.version;
    staged.bytes = bytes;
    staged.position = this.log.stage(staged);
    this.staged++;
    if (bytes === undefined) this.takeBack(staged);
    return staged;
  }

  apply(staged: KeyedRecord): void {
    const { kind, key, version } = staged;
    const now = this.record(kind, key);
    const newer = [now, this.forgotten.get(nameOf(kind, key))].find(
      (one) => one !== undefined && one.version > version,
    );
    this.done(staged);
    if (newer !== undefined) {
      // That one may not be on disk yet; until it is, this one is what there is.
      if (staged.position !== NOWHERE) this.replace(newer, staged);
      return;
    }
    if (now !== undefined) {
      now.superseded = true;
      for (const place of now.replaces ?? []) this.log.release(place.position, place.length);
      now.replaces = undefined;
      // One that is not on disk yet is given up when it is.
      if (now.position <= this.log.durablePosition) {
        this.log.release(now.position, now.length);
        now.position = NOWHERE;
      }
      this.remove(now);
    }
    if (staged.bytes !== undefined) this.put(staged);
  }

  /** What was staged does not come to hold. */
  drop(staged: KeyedRecord): void {
    this.done(staged);
    // Where it was to be written behind another record that was not either.
    staged.superseded = true;
  }

  /** The record of this key, for moving it. */
  record(kind: string, key: string): KeyedRecord | undefined {
    return this.kinds.get(kind)?.get(key);
  }

  restore(record: KeyedRecord): void {
    this.put(record);
  }

  private replace(newer: KeyedRecord, { position, length }: KeyedRecord): void {
    newer.replaces = [...(newer.replaces ?? []), { position, length }];
    this.log.later(newer);
  }

  private done(staged: KeyedRecord): void {
    if (--this.staged === 0) this.forgotten.clear();
    if (staged.bytes !== undefined) return;
    const name = nameOf(staged.kind, staged.key);
    const takers = this.takingBack.get(name)!;
    takers.delete(staged);
    if (takers.size === 0) this.takingBack.delete(name);
  }

  private takeBack(staged: KeyedRecord): void {
    const { kind, key } = staged;
    const name = nameOf(kind, key);
    const takers = this.takingBack.get(name) ?? new Set();
    this.takingBack.set(name, takers.add(staged));
    const now = this.record(kind, key);
    if (now !== undefined) now.takenBackBy = takers;
  }

  private put(record: KeyedRecord): void {
    const { kind, key } = record;
    record.takenBackBy = this.takingBack.get(nameOf(kind, key));
    this.kindOf(kind).set(key, record);
  }

  private remove({ kind, key }: KeyedRecord): void {
    const keys = this.kinds.get(kind);
    if (keys?.delete(key) && keys.size === 0) this.kinds.delete(kind);
  }

  private kindOf(kind: string): Map<string, KeyedRecord> {
    let keys = this.kinds.get(kind);
    if (keys === undefined) {
      keys = new Map();
      this.kinds.set(kind, keys);
    }
    return keys;
  }
}

function nameOf(kind: string, key: string): string {
  return `${kind}\0${key}`;
}

function checkName(name: string): void {
  if (name.length * 3 > NAME_BYTES_MAX && Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new RangeError('kind and key of what is kept have at most 65,535 bytes');
  }
}

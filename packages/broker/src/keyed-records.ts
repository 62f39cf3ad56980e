/**
 * Bytes that the host, or a job, has the broker keep under a kind and a key, and finds again after a restart: documents,
 * sessions, pending wills, checkpoints. They are held in memory beside the journal: for many small values.
 *
 * What a transaction is to keep is written with it, and holds when it has succeeded.
 */
import type { BrokerLog } from './broker-log.js';
import { KeyedRecord } from './log/keyed-record.js';
import { NOWHERE } from './log/record-type.js';

/** What a transaction is to change: a record that is written, and does not hold yet. */
export interface StagedRecord {
  readonly entry: KeyedRecord;
  readonly staged: KeyedRecord;
}

const NAME_BYTES_MAX = 65_535;

export class KeyedRecords {
  private readonly log: BrokerLog;
  private readonly kinds = new Map<string, Map<string, KeyedRecord>>();

  constructor(log: BrokerLog) {
    this.log = log;
  }

  get(kind: string, key: string): Uint8Array | undefined {
    return this.kinds.get(kind)?.get(key)?.bytes;
  }

  /** All of one kind, in no order. */
  all(kind: string): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const { key, bytes } of this.kinds.get(kind)?.values() ?? []) if (bytes !== undefined) found.set(key, bytes);
    return found;
  }

  /** @param bytes the record's from now on */
  keep(kind: string, key: string, bytes: Uint8Array): void {
    const entry = this.entry(kind, key);
    this.kindOf(kind).set(key, entry);
    entry.version = ++this.log.version;
    entry.bytes = bytes;
    this.log.later(entry);
  }

  /** @returns false when there was nothing */
  forget(kind: string, key: string): boolean {
    const entry = this.kinds.get(kind)?.get(key);
    if (entry?.bytes === undefined) return false;
    entry.version = ++this.log.version;
    this.clear(entry);
    this.log.later(entry);
    return true;
  }

  /** Writes what a transaction is to keep, or, without bytes, forgets. `apply` follows when its commit succeeded. */
  stage(kind: string, key: string, bytes: Uint8Array | undefined): StagedRecord {
    const staged = new KeyedRecord(kind, key);
    staged.version = ++this.log.version;
    staged.bytes = bytes;
    staged.position = this.log.stage(staged);
    return { entry: this.entry(kind, key), staged };
  }

  apply({ entry, staged }: StagedRecord): void {
    if (entry.version > staged.version) {
      if (staged.bytes !== undefined) this.log.release(staged.position, staged.length);
      return;
    }
    this.log.release(entry.position, entry.length);
    entry.version = staged.version;
    entry.position = staged.bytes === undefined ? NOWHERE : staged.position;
    entry.length = staged.length;
    if (staged.bytes === undefined) this.clear(entry);
    else {
      entry.bytes = staged.bytes;
      this.kindOf(entry.kind).set(entry.key, entry);
    }
  }

  /** The record of this key, for moving it. */
  record(kind: string, key: string): KeyedRecord | undefined {
    return this.kinds.get(kind)?.get(key);
  }

  restore(record: KeyedRecord): void {
    this.kindOf(record.kind).set(record.key, record);
  }

  private entry(kind: string, key: string): KeyedRecord {
    const known = this.kinds.get(kind)?.get(key);
    if (known !== undefined) return known;
    if (Buffer.byteLength(kind) > NAME_BYTES_MAX || Buffer.byteLength(key) > NAME_BYTES_MAX) {
      throw new RangeError('kind and key of what is kept have at most 65,535 bytes');
    }
    return new KeyedRecord(kind, key);
  }

  private clear(entry: KeyedRecord): void {
    entry.bytes = undefined;
    const keys = this.kinds.get(entry.kind);
    if (keys?.get(entry.key) !== entry) return;
    keys.delete(entry.key);
    if (keys.size === 0) this.kinds.delete(entry.kind);
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

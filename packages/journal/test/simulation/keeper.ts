/**
 * An owner of a journal, as plain as can be: keys with versions. Does what an owner has to: releases a record when what
 * makes it useless is on disk, writes live ones again when asked, and undoes what a failed commit had said.
 */
import {
  type DurableJournal,
  type JournalError,
  JournalFull,
  type JournalOwner,
  type JournalRecord,
} from '../../src/index.js';
import { type Batch, decode, type Entry, encode, type Ledger, PUT, REMOVE } from './ledger.js';

export class Keeper implements JournalOwner {
  readonly replayed: Entry[] = [];
  journal: DurableJournal | undefined = undefined;
  /** Rises when the disk was let to do something. */
  report = 0;
  /** With all that is committed or in the open batch. */
  current = new Map<number, Entry>();
  asked = false;
  private readonly ledger: Ledger;
  private readonly ids: { next: number };
  /** As it is on disk. */
  readonly confirmed = new Map<number, Entry>();
  private pending: Batch[] = [];
  private open: Batch = emptyBatch();

  constructor(ledger: Ledger, ids: { next: number }) {
    this.ledger = ledger;
    this.ids = ids;
  }

  replay({ bytes, end, position, start, type }: JournalRecord): void {
    this.replayed.push({ ...decode(type, bytes, start, end), position });
  }

  /** The journal is open: gives up what is not needed. */
  begin(journal: DurableJournal): void {
    this.journal = journal;
    for (const entry of this.replayed) this.confirm(entry);
    this.current = new Map(this.confirmed);
  }

  rewrite({ bytes, end, position, start, type }: JournalRecord): void {
    this.asked = true;
    const { key, version } = decode(type, bytes, start, end);
    if (type === PUT && this.current.get(key)?.position === position) this.put(key, version, end - start);
  }

  put(key: number, version: number, size: number): void {
    const entry: Entry = { id: this.ids.next++, type: PUT, key, version, size, position: 0 };
    this.append(entry);
    this.current.set(key, entry);
  }

  remove(key: number): void {
    const entry: Entry = { id: this.ids.next++, type: REMOVE, key, version: 0, size: 16, position: 0 };
    this.append(entry);
    this.current.delete(key);
  }

  commit(): void {
    const batch = this.open;
    this.open = emptyBatch();
    this.asked = false;
    if (batch.entries.length > 0) {
      this.ledger.add(batch);
      this.pending.push(batch);
    }
    this.journal!.commit((error) => this.reported(batch, error));
  }

  private append(entry: Entry): void {
    const bytes = encode(entry);
    entry.position = this.journal!.append(entry.type, bytes, 0, bytes.length);
    this.open.entries.push(entry);
  }

  private reported(batch: Batch, error: JournalError | undefined): void {
    if (batch.entries.length === 0) return;
    if (this.pending.shift() !== batch) throw new Error('commits are not reported in order');
    if (error === undefined) {
      batch.outcome = 'accepted';
      batch.report = this.report;
      for (const entry of batch.entries) this.confirm(entry);
    } else if (error instanceof JournalFull) {
      this.ledger.refused(batch);
      this.undo();
    } else batch.outcome = 'doubtful';
  }

  private confirm(entry: Entry): void {
    const { journal } = this;
    const before = this.confirmed.get(entry.key);
    if (before !== undefined) journal!.release(before.position, before.size);
    if (entry.type === PUT) this.confirmed.set(entry.key, entry);
    else {
      this.confirmed.delete(entry.key);
      journal!.release(entry.position, entry.size);
    }
  }

  private undo(): void {
    this.current = new Map(this.confirmed);
    for (const { entries } of [...this.pending, this.open]) {
      for (const entry of entries) {
        if (entry.type === PUT) this.current.set(entry.key, entry);
        else this.current.delete(entry.key);
      }
    }
  }
}

function emptyBatch(): Batch {
  return { entries: [], outcome: 'open', report: -1 };
}

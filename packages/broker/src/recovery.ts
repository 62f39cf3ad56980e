/**
 * What the journal had, before the broker is there. The host makes a Recovery, opens the journal with it, and makes the
 * broker of both:
 *
 *     const recovery = new Recovery();
 *     const journal = await DiskJournal.open({ directory, owner: recovery });
 *     const broker = new Broker({ journal, recovery, … });
 *
 * From then on it passes the journal's question which records still live on to that broker.
 *
 * Records may come in another order than they came to be: a live one is written again at the end when its segment is to
 * be emptied, and is there twice until that segment is gone. Segments go oldest first, so that what takes something back
 * (a settlement, a deletion) never goes before what it takes back.
 *
 * Declared addresses are not in here: their documents are, as keyed records, and the host declares them anew. Until then
 * a recovered queue waits (`AddressView.waitsForDeclaration`): it is listed, keeps what it has, and takes nobody.
 *
 * Messages stay in the journal. What comes first, and so is wanted first, is kept in memory too, up to a bound; of the
 * rest it is noted where it lies, some three bytes a message (page-index.ts), and the broker reads it back.
 */
import { Arena } from './arena.js';
import type { JournalOwner, JournalRecord } from './journal-port.js';
import type { LiveRecords } from './live-records.js';
import { readDeliveryCount } from './log/delivery-count-record.js';
import { type KeyedRecord, readKeyed } from './log/keyed-record.js';
import { Holders, MessageFacts, readFacts, readMessage } from './log/message-record.js';
import { RecordReader } from './log/record-reader.js';
import { NOWHERE, RecordError, RecordType } from './log/record-type.js';
import { readRetainedGone } from './log/retained-record.js';
import { readSettled } from './log/settled-record.js';
import { readStoreGone, readStoreOpened } from './log/store-record.js';
import type { Message } from './message.js';
import { PackedRecords } from './packed-records.js';
import { OpenPages } from './page-index.js';
import { MESSAGE_BYTES } from './pager.js';
import { RecoveredIds } from './recovered-ids.js';
import { type RecordPlace, RecoveredStore } from './recovered-store.js';
import { COUNTED_APART, SharedRecords } from './shared-records.js';

const GONE = 'gone';
const RESIDENT_BYTES = 32 * 1024 ** 2;

export interface RecoveryOptions {
  /** Messages kept in memory: content, and 320 bytes for each. Default: 32 MiB. */
  readonly residentBytes?: number;
}

export class Recovery implements JournalOwner {
  /** Where recovered content lies; the broker's from then on. */
  readonly arena = new Arena();
  /** How many stores hold a record, where it is more than one. */
  readonly shared = new SharedRecords();
  readonly pages = new OpenPages();
  /** Retained messages; their place in the journal is that of the message. */
  readonly retained = new Map<string, Message>();
  /** Of the last record. */
  lastPosition = NOWHERE;
  /** Time of the youngest message. */
  timeMs = 0;
  /** Highest number of a store, and version of a key, that any record names. */
  lastStore = 0;
  version = 0;
  /** What addresses know of the ids of their messages. */
  readonly ids = new RecoveredIds((position, length) => this.useless(position, length));
  private readonly byNumber = new Map<number, RecoveredStore | typeof GONE>();
  private readonly keyed = new Map<string, Map<string, KeyedRecord>>();
  /** What was settled by a record that stands before the message's own, and goes before it: to be settled again. */
  readonly settledBefore: { readonly store: number; readonly sequence: number }[] = [];
  /** The same for keys. */
  readonly forgottenBefore = new Set<KeyedRecord>();
  private readonly uselessRecords = new PackedRecords();
  private readonly facts = new MessageFacts();
  private readonly residentMax: number;
  private residentBytes = 0;
  private readonly reader = new RecordReader();
  private readonly holders = new Holders();
  private live: LiveRecords | undefined = undefined;

  constructor({ residentBytes = RESIDENT_BYTES }: RecoveryOptions = {}) {
    this.residentMax = residentBytes;
  }

  /** Takes one record of the journal, in the order of positions. @throws RecordError for what no broker wrote */
  replay({ type, bytes, start, end, position }: JournalRecord): void {
    if (this.live !== undefined) throw new Error('the journal is read already');
    const reader = this.reader.open(bytes, start, end);
    const length = end - start;
    this.lastPosition = position;
    switch (type as RecordType) {
      case RecordType.stored:
        this.replayMessage({ position, length }, start);
        break;
      case RecordType.settled:
        readSettled(reader, (id, first, last) => this.settle(id, first, last));
        this.useless(position, length);
        break;
      case RecordType.deliveryCount: {
        const { store, sequence, count } = readDeliveryCount(reader);
        this.count(this.store(store), sequence, count);
        this.useless(position, length);
        break;
      }
      case RecordType.storeOpened:
        this.replayStore(position, length);
        break;
      case RecordType.storeGone:
        this.replayStoreGone(readStoreGone(reader));
        this.useless(position, length);
        break;
      case RecordType.retained:
        this.replayRetained(position, length);
        break;
      case RecordType.retainedGone:
        this.replaceRetained(readRetainedGone(reader), undefined);
        this.useless(position, length);
        break;
      case RecordType.kept:
      case RecordType.state:
      case RecordType.forgotten:
        this.replayKeyed(type, position, length);
        break;
      case RecordType.ids:
        this.ids.replayBlock(reader, position, length);
        break;
      case RecordType.idsGone:
        this.ids.replayGone(reader);
        this.useless(position, length);
        break;
      default:
        throw new RecordError(`the journal has a record of type ${type}, which this version does not know`);
    }
  }

  /**
   * The record's segment is to be emptied: writes it again when it is still needed. A commit will follow, at the end of
   * the turn; when that one is on disk, and not before, the segment may go, though nothing in it lived.
   */
  rewrite(record: JournalRecord): void {
    if (this.live === undefined) throw new Error('there is no broker yet');
    this.live.rewrite(record);
  }

  /**
   * Stores that are there; of two with one name the younger, as the deletion of the other one did not come to be
   * written. Called once.
   */
  stores(): RecoveredStore[] {
    const found = new Map<string, RecoveredStore>();
    for (const store of [...this.byNumber.values()].sort((a, b) => idOf(a) - idOf(b))) {
      if (store === GONE) continue;
      const { record } = store;
      if (record === undefined) {
        this.dissolve(store);
        continue;
      }
      const key = `${record.kind === 'subscription' ? 's' : 'q'}${record.name}`;
      const elder = found.get(key);
      if (elder !== undefined) this.dissolve(elder);
      found.set(key, store);
    }
    return [...found.values()];
  }

  /** Kept records that are there. */
  *kept(): IterableIterator<KeyedRecord> {
    for (const keys of this.keyed.values()) {
      for (const record of keys.values()) if (record.bytes !== undefined) yield record;
    }
  }

  /** The broker is there, and has taken everything over. `release` hears of each record that is not needed. */
  attach(live: LiveRecords, release: (position: number, length: number) => void): void {
    this.live = live;
    this.uselessRecords.take(release);
    this.settledBefore.length = 0;
    this.forgottenBefore.clear();
    this.byNumber.clear();
    this.keyed.clear();
    this.retained.clear();
    this.ids.clear();
  }

  private replayMessage(place: RecordPlace, start: number): void {
    const { facts, holders, reader } = this;
    readFacts(reader, holders, facts);
    if (facts.time > this.timeMs) this.timeMs = facts.time;
    let message: Message | undefined;
    if (this.residentBytes < this.residentMax) {
      reader.at = start;
      message = readMessage(reader, holders, this.arena);
    }
    let held = 0;
    for (let i = 0; i < holders.length; i++) {
      const store = this.store(holders.stores[i]!);
      const sequence = holders.sequences[i]!;
      if (store === GONE) continue;
      if (store.isSettled(sequence)) {
        this.settledBefore.push({ store: holders.stores[i]!, sequence });
        continue;
      }
      held++;
      const before = store.store(sequence, place, facts, message);
      if (before !== undefined) this.gaveUp(before, undefined);
      this.count(store, sequence, holders.counts[i]!);
    }
    if (held === 0) this.useless(place.position, place.length);
    else if (held > 1) this.shared.add(place.position, held);
    if (message === undefined || held === 0) return;
    message.recordPosition = place.position;
    message.recordLength = place.length;
    message.recordHolders = held === 1 ? 1 : COUNTED_APART;
    this.residentBytes += facts.size + MESSAGE_BYTES;
  }

  private settle(id: number, first: number, last: number): void {
    const store = this.store(id);
    if (store === GONE) return;
    store.settle(first, last, (place, message) => this.gaveUp(place, message));
  }

  private count(store: RecoveredStore | typeof GONE, sequence: number, count: number): void {
    if (store !== GONE) store.count(sequence, count);
  }

  private replayStore(position: number, length: number): void {
    const record = readStoreOpened(this.reader);
    record.position = position;
    record.length = length;
    const store = this.store(record.id);
    if (store === GONE) this.useless(position, length);
    else {
      if (store.record !== undefined) this.useless(store.record.position, store.record.length);
      store.record = record;
    }
  }

  private replayStoreGone(id: number): void {
    const store = this.store(id);
    if (store === GONE) return;
    this.dissolve(store);
    this.byNumber.set(id, GONE);
  }

  /** What the store shares with others is theirs alone now. */
  private dissolve(store: RecoveredStore): void {
    if (store.record !== undefined) this.useless(store.record.position, store.record.length);
    store.each((place, message) => this.gaveUp(place, message));
  }

  private replayRetained(position: number, length: number): void {
    const message = readMessage(this.reader, this.holders, this.arena);
    message.recordPosition = position;
    message.recordLength = length;
    if (message.time > this.timeMs) this.timeMs = message.time;
    this.replaceRetained(message.address, message);
  }

  private replaceRetained(topic: string, message: Message | undefined): void {
    const before = this.retained.get(topic);
    if (before !== undefined) this.useless(before.recordPosition, before.recordLength);
    if (message === undefined) this.retained.delete(topic);
    else this.retained.set(topic, message);
  }

  private replayKeyed(type: number, position: number, length: number): void {
    const record = readKeyed(this.reader);
    if (record.version > this.version) this.version = record.version;
    let keys = this.keyed.get(record.kind);
    if (keys === undefined) {
      keys = new Map();
      this.keyed.set(record.kind, keys);
    }
    const before = keys.get(record.key);
    const outdated = before !== undefined && before.version > record.version;
    if (type !== RecordType.forgotten && !outdated) {
      record.bytes = this.reader.rest();
      record.position = position;
      record.length = length;
    } else this.useless(position, length);
    if (outdated) {
      if (before.bytes === undefined) this.forgottenBefore.add(before);
      return;
    }
    if (before !== undefined && before.position !== NOWHERE) this.useless(before.position, before.length);
    keys.set(record.key, record);
  }

  private gaveUp({ position, length }: RecordPlace, message: Message | undefined): void {
    if (this.shared.giveUp(position) > 0) return;
    this.useless(position, length);
    if (message !== undefined) this.residentBytes -= message.end - message.start + MESSAGE_BYTES;
  }

  private useless(position: number, length: number): void {
    this.uselessRecords.add(position, length);
  }

  private store(id: number): RecoveredStore | typeof GONE {
    let store = this.byNumber.get(id);
    if (store === undefined) {
      store = new RecoveredStore(this.pages);
      this.byNumber.set(id, store);
      if (id > this.lastStore) this.lastStore = id;
    }
    return store;
  }
}

function idOf(store: RecoveredStore | typeof GONE): number {
  return store === GONE ? 0 : (store.record?.id ?? 0);
}

/**
 * Which records of the journal are still needed, and writing those again: the journal empties its oldest segment so. A
 * record lives when what it tells of is there and has no newer record. Those that take something back never live: what
 * they take back stood in the same segment or an older one, and is gone with it.
 */
import type { BrokerLog } from './broker-log.js';
import type { IdWindows } from './id-windows.js';
import type { JournalRecord } from './journal-port.js';
import type { KeyedRecords } from './keyed-records.js';
import { readIdBlockNumber } from './log/id-block.js';
import { readKeyed } from './log/keyed-record.js';
import type { LateRecord } from './log/late-record.js';
import { Holders, readAddress, readHolders } from './log/message-record.js';
import { RecordReader } from './log/record-reader.js';
import { NOWHERE, RecordType } from './log/record-type.js';
import { readStoreOpened } from './log/store-record.js';
import type { MessageStore } from './message-store.js';
import type { Retained } from './retained.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

export class LiveRecords {
  private readonly log: BrokerLog;
  private readonly retained: Retained;
  private readonly keyed: KeyedRecords;
  private readonly ids: IdWindows;
  private readonly reader = new RecordReader();
  private readonly held = new Holders();
  private readonly holding = new Holders();

  constructor(parts: {
    readonly log: BrokerLog;
    readonly retained: Retained;
    readonly keyed: KeyedRecords;
    readonly ids: IdWindows;
  }) {
    this.log = parts.log;
    this.retained = parts.retained;
    this.keyed = parts.keyed;
    this.ids = parts.ids;
  }

  rewrite(record: JournalRecord): void {
    const { type, bytes, start, end, position } = record;
    this.log.empties();
    const reader = this.reader.open(bytes, start, end);
    switch (type) {
      case RecordType.stored:
        this.rewriteMessage(record);
        break;
      case RecordType.storeOpened:
        this.rewriteLate(this.log.stores.get(readStoreOpened(reader).id)?.record, position);
        break;
      case RecordType.retained:
        this.rewriteLate(this.retained.record(readAddress(reader)), position);
        break;
      case RecordType.ids:
        this.rewriteLate(this.ids.block(readIdBlockNumber(reader)), position);
        break;
      case RecordType.kept:
      case RecordType.state: {
        const { kind, key } = readKeyed(reader);
        this.rewriteLate(this.keyed.record(kind, key), position);
        break;
      }
    }
  }

  /**
   * One whose newest record is not on disk yet is written again too: should that commit fail, the one before is what
   * there is.
   */
  private rewriteLate(record: LateRecord | undefined, position: number): void {
    if (record === undefined) return;
    const { position: newest } = record;
    if (newest === position || newest === NOWHERE || newest > this.log.durablePosition) this.log.later(record);
  }

  /** Where the message lies, in memory or not, does not matter: all that is written stands in the old record. */
  private rewriteMessage(record: JournalRecord): void {
    const { held, holding, log } = this;
    readHolders(this.reader, held);
    holding.clear();
    const stores: MessageStore[] = [];
    for (let i = 0; i < held.length; i++) {
      const store = log.stores.get(held.stores[i]!);
      const sequence = held.sequences[i]!;
      if (store === undefined || store.blocks.recordAt(sequence) !== record.position) continue;
      const slot = store.blocks.slotAt(sequence);
      // Its settlement lies before the new record, and may go before it.
      if (slot instanceof StoredDelivery && slot.state === DeliveryState.committing) log.consumedAgain(slot);
      holding.add(held.stores[i]!, sequence, store.countIn(slot, sequence));
      stores.push(store);
    }
    if (stores.length > 0) log.move(record, holding, stores);
  }
}

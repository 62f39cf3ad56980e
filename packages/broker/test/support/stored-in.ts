/** What a queue or durable subscription holds, found without having anything paged in. */
import type { Broker, BrowsedMessage } from '../../src/index.js';
import { Arena } from '../../src/index.js';
import { Holders, readMessage } from '../../src/log/message-record.js';
import { RecordReader } from '../../src/log/record-reader.js';
import type { MessageStore } from '../../src/message-store.js';
import type { StoreBlock } from '../../src/store-block.js';
import { DeliveryState, StoredDelivery } from '../../src/stored-delivery.js';
import type { RecordingJournal } from './recording-journal.js';

interface Opened {
  readonly book: {
    get(name: string): { group?: { store: MessageStore } } | undefined;
    subscriptions: { byName(name: string): { group: { store: MessageStore } } | undefined };
  };
}

export function storeOf(broker: Broker, name: string): MessageStore | undefined {
  const { book } = broker as unknown as Opened;
  return (book.get(name)?.group ?? book.subscriptions.byName(name)?.group)?.store;
}

export function blocksOf(store: MessageStore): StoreBlock[] {
  const blocks: StoreBlock[] = [];
  for (let block: StoreBlock | undefined = store.blocks.head; block !== undefined; block = block.next)
    blocks.push(block);
  return blocks;
}

export function storedIn(broker: Broker, name: string, journal: RecordingJournal): BrowsedMessage[] {
  const store = storeOf(broker, name);
  const found: BrowsedMessage[] = [];
  if (store === undefined) return found;
  for (const block of blocksOf(store)) {
    for (let at = 0; at < block.length; at++) {
      const id = block.base + at;
      const slot = store.blocks.slotAt(id);
      const message = slot instanceof StoredDelivery ? slot.message : (slot ?? messageOnDisk(block, at, journal));
      if (message === undefined) continue;
      const inDelivery = slot instanceof StoredDelivery && slot.state !== DeliveryState.returned;
      found.push({ id, message, deliveryCount: store.countIn(slot, id), inDelivery });
    }
  }
  return found;
}

function messageOnDisk({ index }: StoreBlock, slot: number, journal: RecordingJournal) {
  const position = index?.positionAt(slot) ?? -1;
  if (position < 0) return undefined;
  const length = index!.open().lengths[slot]!;
  const reader = new RecordReader().open(journal.readSync(position, length), 0, length);
  return readMessage(reader, new Holders(), new Arena());
}

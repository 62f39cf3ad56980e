/** What a record of the journal says, for people and tools that look at a store. Recovery reads records by itself. */
import type { WhenFull } from '../address-settings.js';
import type { Message, MessageArena } from '../message.js';
import { readDeliveryCount } from './delivery-count-record.js';
import { readIdBlock, readIdsGone } from './id-block.js';
import { readKeyed } from './keyed-record.js';
import { Holders, readMessage } from './message-record.js';
import { RecordReader } from './record-reader.js';
import { RecordType } from './record-type.js';
import { readRetainedGone } from './retained-record.js';
import { readSettled } from './settled-record.js';
import { readStoreGone, readStoreOpened, type StoreKind } from './store-record.js';

/** A store that has a message: a queue or a durable subscription, and the message's number in it. */
export interface MessageHolder {
  readonly store: number;
  readonly sequence: number;
  readonly failedDeliveries: number;
}

export type RecordDescription =
  | { readonly kind: 'message'; readonly message: Message; readonly holders: readonly MessageHolder[] }
  | { readonly kind: 'settled'; readonly store: number; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'delivery-count'; readonly holder: MessageHolder }
  | {
      readonly kind: 'store';
      readonly store: number;
      readonly storeKind: StoreKind;
      readonly name: string;
      /** Topic or filter of a subscription. */
      readonly source: string;
      readonly whenFull: WhenFull | undefined;
    }
  | { readonly kind: 'store-gone'; readonly store: number }
  /** Message ids of one turn, by which an address knows duplicates. */
  | {
      readonly kind: 'ids';
      readonly number: number;
      readonly address: string;
      /** ms since the epoch. */
      readonly timeMs: number;
      readonly count: number;
    }
  /** All of the address up to that number are given up. */
  | { readonly kind: 'ids-gone'; readonly number: number; readonly address: string }
  | { readonly kind: 'retained'; readonly message: Message }
  | { readonly kind: 'retained-gone'; readonly topic: string }
  | {
      readonly kind: 'kept';
      /** `document`, for one. */
      readonly keptKind: string;
      readonly key: string;
      readonly version: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'forgotten'; readonly keptKind: string; readonly key: string; readonly version: number }
  /** Of a type that this version does not know. */
  | { readonly kind: 'unknown'; readonly type: number };

/** A record's place in the journal's bytes. */
export interface RecordBytes {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** What it gives has bytes of its own. @throws RecordError for what no broker wrote */
export function describeRecord({ bytes, end, start, type }: RecordBytes): RecordDescription {
  const reader = new RecordReader().open(bytes, start, end);
  switch (type as RecordType) {
    case RecordType.stored: {
      const holders = new Holders();
      const message = readMessage(reader, holders, new OneMessage());
      return { kind: 'message', message, holders: listOf(holders) };
    }
    case RecordType.settled:
      return settledIn(reader);
    case RecordType.deliveryCount: {
      const { count, sequence, store } = readDeliveryCount(reader);
      return { kind: 'delivery-count', holder: { store, sequence, failedDeliveries: count } };
    }
    case RecordType.storeOpened: {
      const { id, kind, name, source, whenFull } = readStoreOpened(reader);
      return { kind: 'store', store: id, storeKind: kind, name, source, whenFull };
    }
    case RecordType.storeGone:
      return { kind: 'store-gone', store: readStoreGone(reader) };
    case RecordType.retained:
      return { kind: 'retained', message: readMessage(reader, new Holders(), new OneMessage()) };
    case RecordType.retainedGone:
      return { kind: 'retained-gone', topic: readRetainedGone(reader) };
    case RecordType.ids: {
      const { address, ids, number, timeMs } = readIdBlock(reader);
      return { kind: 'ids', number, address, timeMs, count: ids.length };
    }
    case RecordType.idsGone:
      return { kind: 'ids-gone', ...readIdsGone(reader) };
    case RecordType.kept:
    case RecordType.state: {
      const { key, kind, version } = readKeyed(reader);
      return { kind: 'kept', keptKind: kind, key, version, bytes: reader.rest() };
    }
    case RecordType.forgotten: {
      const { key, kind, version } = readKeyed(reader);
      return { kind: 'forgotten', keptKind: kind, key, version };
    }
    default:
      return { kind: 'unknown', type };
  }
}

/** Memory for a single message, which goes with it. */
class OneMessage implements MessageArena {
  block: Buffer = Buffer.alloc(0);

  take(size: number): number {
    this.block = Buffer.allocUnsafeSlow(size);
    return 0;
  }
}

function settledIn(reader: RecordReader): RecordDescription {
  const ranges: [number, number][] = [];
  let number = 0;
  readSettled(reader, (store, first, last) => {
    number = store;
    ranges.push([first, last]);
  });
  return { kind: 'settled', store: number, ranges };
}

function listOf({ counts, length, sequences, stores }: Holders): MessageHolder[] {
  return Array.from({ length }, (_, index) => ({
    store: stores[index]!,
    sequence: sequences[index]!,
    failedDeliveries: counts[index]!,
  }));
}

/**
 * A store: a queue, or a durable subscription. Other records name it by its number. A later record of the same number
 * replaces an earlier one.
 *
 *     opened    0  store u32
 *               4  kind u8        0 queue · 1 queue that the broker made for dead letters · 2 durable subscription
 *               5  when full u8   what the subscriber asked for: 0 nothing · 1 block · 2 reject · 3 dropOldest
 *               6  name           u16 length, UTF-8
 *                  source         u16 length, UTF-8: topic or filter of a subscription
 *     gone      0  store u32      with all that it stored
 */
import type { WhenFull } from '../address-settings.js';
import type { LateRecord } from './late-record.js';
import type { RecordReader } from './record-reader.js';
import { NOWHERE, RecordError, RecordType } from './record-type.js';
import { type RecordWriter, textBytesMax } from './record-writer.js';

const KINDS = ['queue', 'dead-letters', 'subscription'] as const;
const WHEN_FULL = [undefined, 'block', 'reject', 'dropOldest'] as const;
export type StoreKind = (typeof KINDS)[number];

export interface StoreFacts {
  readonly kind: StoreKind;
  /** Queue name, or name of the durable subscription. */
  readonly name: string;
  readonly source: string;
  readonly whenFull: WhenFull | undefined;
}

/** What the journal knows, or is to know, of one store. */
export class StoreRecord implements StoreFacts, LateRecord {
  readonly name: string;
  readonly source: string;
  kind: StoreKind;
  whenFull: WhenFull | undefined;
  /** Number, 0 until the first record names it. */
  id = 0;
  gone = false;
  readonly superseded = false;
  position = NOWHERE;
  length = 0;

  constructor({ kind, name, source, whenFull }: StoreFacts) {
    this.kind = kind;
    this.name = name;
    this.source = source;
    this.whenFull = whenFull;
  }

  write(writer: RecordWriter) {
    const { name, source } = this;
    writer.begin(6 + textBytesMax(name) + textBytesMax(source));
    writer.u32(this.id);
    if (this.gone) return { type: RecordType.storeGone, lives: false };
    writer.u8(KINDS.indexOf(this.kind));
    writer.u8(WHEN_FULL.indexOf(this.whenFull));
    writer.text(name);
    writer.text(source);
    return { type: RecordType.storeOpened, lives: true };
  }
}

export function readStoreOpened(reader: RecordReader): StoreRecord {
  const id = reader.u32();
  const kind = KINDS[reader.u8()];
  const whenFull = reader.u8();
  if (kind === undefined || whenFull >= WHEN_FULL.length) throw new RecordError('a store of a kind that is not known');
  const name = reader.text();
  const record = new StoreRecord({ kind, name, source: reader.text(), whenFull: WHEN_FULL[whenFull] });
  record.id = id;
  return record;
}

export function readStoreGone(reader: RecordReader): number {
  return reader.u32();
}

/**
 * Ids of messages that one address took in one turn, in the order of taking: what its window of duplicates consists of.
 * A later record of the same number replaces an earlier one, and has those that are in the window still.
 *
 *     ids       0  number u48      rises from block to block
 *               6  time f64        when the messages were taken, ms since the epoch
 *              14  until f64       when they leave the window by its time, as it was then
 *              22  address         u16 length, UTF-8
 *                  ids ×           u8 length, one byte a character
 *     ids gone  0  number u48      all blocks of the address up to this number are gone
 *               6  address         u16 length, UTF-8
 */
import type { CommitBatch } from '../commit-batch.js';
import type { LateRecord } from './late-record.js';
import type { RecordReader } from './record-reader.js';
import { NOWHERE, RecordType } from './record-type.js';
import { type RecordWriter, textBytesMax } from './record-writer.js';

/** Longest id, in characters of one byte each. */
export const ID_LENGTH_MAX = 255;
/** Ids of one block at most. */
export const BLOCK_IDS_MAX = 4096;

/**
 * How the ids are kept: `durable` with the messages in the journal, `memory` as long as the process, `transaction` in
 * memory too, but only if the transaction succeeds that brought them.
 */
export type IdKeeping = 'durable' | 'memory' | 'transaction';

export interface IdBlockFacts {
  readonly number: number;
  readonly address: string;
  readonly timeMs: number;
  readonly untilMs: number;
  readonly keeping: IdKeeping;
}

export class IdBlock implements LateRecord, IdBlockFacts {
  readonly number: number;
  readonly address: string;
  readonly timeMs: number;
  readonly untilMs: number;
  readonly keeping: IdKeeping;
  ids: string[] = [];
  /** Those before it have left the window. */
  from = 0;
  /** Whether the messages are there to stay: `pending` until the journal has reported. */
  state: 'pending' | 'held' | 'failed' = 'held';
  /** The commit that decides. */
  batch: CommitBatch | undefined = undefined;
  /** All have left the window: nothing is written of it any more. */
  gone = false;
  readonly superseded = false;
  position = NOWHERE;
  length = 0;
  private waiters: (() => void)[] | undefined = undefined;

  constructor({ number, address, timeMs, untilMs, keeping }: IdBlockFacts) {
    this.number = number;
    this.address = address;
    this.timeMs = timeMs;
    this.untilMs = untilMs;
    this.keeping = keeping;
  }

  /** Calls back when it is not pending any more. */
  whenDecided(waiter: () => void): void {
    this.waiters ??= [];
    this.waiters.push(waiter);
  }

  decide(state: 'held' | 'failed'): void {
    this.state = state;
    this.batch = undefined;
    const { waiters } = this;
    this.waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter();
  }

  write(writer: RecordWriter) {
    if (this.gone || this.state === 'failed') return undefined;
    const { ids, from, address } = this;
    let size = 22 + textBytesMax(address);
    for (let i = from; i < ids.length; i++) size += 1 + ids[i]!.length;
    writer.begin(size);
    writer.u48(this.number);
    writer.f64(this.timeMs);
    writer.f64(this.untilMs);
    writer.text(address);
    for (let i = from; i < ids.length; i++) writer.bytesOf(ids[i]!);
    return { type: RecordType.ids, lives: true };
  }
}

/** The ids of an address are forgotten: it was deleted, or does not look for duplicates any more. */
export class IdsGone implements LateRecord {
  readonly superseded = false;
  position = NOWHERE;
  length = 0;
  private readonly address: string;
  private readonly number: number;

  constructor(address: string, number: number) {
    this.address = address;
    this.number = number;
  }

  write(writer: RecordWriter) {
    writer.begin(6 + textBytesMax(this.address));
    writer.u48(this.number);
    writer.text(this.address);
    return { type: RecordType.idsGone, lives: false };
  }
}

export function readIdBlock(reader: RecordReader): IdBlock {
  const number = reader.u48();
  const timeMs = reader.f64();
  const untilMs = reader.f64();
  const block = new IdBlock({ number, address: reader.text(), timeMs, untilMs, keeping: 'durable' });
  while (reader.at < reader.end) block.ids.push(reader.byteText());
  return block;
}

/** The number alone, which is all that the question whether the record is still needed takes. */
export function readIdBlockNumber(reader: RecordReader): number {
  return reader.u48();
}

export function readIdsGone(reader: RecordReader): { readonly number: number; readonly address: string } {
  const number = reader.u48();
  return { number, address: reader.text() };
}

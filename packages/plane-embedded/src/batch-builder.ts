/**
 * Gathers messages into the columns of one `MessageBatch` while they are delivered, so that a job sees a batch and never
 * an object for each message. Grown by doubling, used again after the commit.
 */
import type { Delivery } from '@millrace/broker';
import type { BytesColumn, MessageBatch } from '@millrace/controller';

const FIRST_ROWS = 256;
const FIRST_BYTES = 16 * 1024;
/** A larger buffer is not used again. */
const KEPT_BYTES = 512 * 1024;

/** Value i is bytes[offsets[i] … offsets[i + 1]). */
class BytesColumnBuilder implements BytesColumn {
  bytes = Buffer.allocUnsafe(FIRST_BYTES);
  offsets = new Int32Array(FIRST_ROWS + 1);
  nulls: Uint8Array | undefined;
  private used = 0;

  append(row: number, source: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.used + size > this.bytes.length) this.growBytes(size);
    // Short bodies are the rule; a loop beats the call into C++ for them.
    if (size <= 24) {
      const bytes = this.bytes;
      for (let from = start, to = this.used; from < end; from += 1, to += 1) bytes[to] = source[from]!;
    } else {
      source.copy(this.bytes, this.used, start, end);
    }
    this.used += size;
    this.offsets[row + 1] = this.used;
  }

  appendNull(row: number, rowCapacity: number): void {
    this.nulls ??= new Uint8Array(rowCapacity);
    this.nulls[row] = 1;
    this.offsets[row + 1] = this.used;
  }

  growRows(rowCapacity: number): void {
    const offsets = new Int32Array(rowCapacity + 1);
    offsets.set(this.offsets);
    this.offsets = offsets;
    if (this.nulls !== undefined) {
      const nulls = new Uint8Array(rowCapacity);
      nulls.set(this.nulls);
      this.nulls = nulls;
    }
  }

  clear(): void {
    this.used = 0;
    this.nulls = undefined;
    // One batch of large bodies is no reason to hold that much for good.
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(FIRST_BYTES);
  }

  truncate(rows: number): void {
    this.used = rows === 0 ? 0 : this.offsets[rows]!;
    if (this.nulls !== undefined) this.nulls[rows] = 0;
  }

  private growBytes(size: number): void {
    const bytes = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.used + size));
    this.bytes.copy(bytes, 0, 0, this.used);
    this.bytes = bytes;
  }
}

export class BatchBuilder implements MessageBatch {
  count = 0;
  times = new Float64Array(FIRST_ROWS);
  readonly body: BytesColumnBuilder | undefined;
  addresses: Int32Array | undefined;
  /** Shared by all batches of a reader: an index means the same name in each. */
  readonly addressNames: string[];
  readonly others: Map<string, unknown[]>;
  token = 0;
  /** Bytes of the messages as they are stored, whichever of them the columns hold. */
  contentBytes = 0;
  /** One for each row, in order: what the commit settles. */
  readonly deliveries: Delivery[] = [];
  private capacity = FIRST_ROWS;

  constructor(columns: readonly string[], addressNames: string[]) {
    this.addressNames = addressNames;
    this.body = columns.includes('body') || columns.includes('body_bytes') ? new BytesColumnBuilder() : undefined;
    this.addresses = columns.includes('address') ? new Int32Array(FIRST_ROWS) : undefined;
    this.others = new Map();
    for (const column of columns) {
      if (!BUILT_IN_COLUMNS.has(column)) this.others.set(column, []);
    }
  }

  /** Makes room for one more row and returns its number; the caller fills the columns. */
  addRow(time: number, delivery: Delivery): number {
    const row = this.count;
    if (row === this.capacity) this.grow();
    this.count = row + 1;
    this.times[row] = time;
    this.deliveries.push(delivery);
    return row;
  }

  /** Takes the last row back, also when only some of its columns are filled. */
  removeLastRow(): void {
    this.count -= 1;
    this.deliveries.pop();
    this.body?.truncate(this.count);
    for (const values of this.others.values()) values.length = this.count;
  }

  addBody(row: number, source: Buffer, start: number, end: number): void {
    this.body?.append(row, source, start, end);
  }

  addNullBody(row: number): void {
    this.body?.appendNull(row, this.capacity);
  }

  clear(): void {
    this.count = 0;
    this.contentBytes = 0;
    this.deliveries.length = 0;
    this.body?.clear();
    for (const values of this.others.values()) values.length = 0;
  }

  private grow(): void {
    this.capacity *= 2;
    const times = new Float64Array(this.capacity);
    times.set(this.times);
    this.times = times;
    if (this.addresses !== undefined) {
      const addresses = new Int32Array(this.capacity);
      addresses.set(this.addresses);
      this.addresses = addresses;
    }
    this.body?.growRows(this.capacity);
  }
}

const BUILT_IN_COLUMNS = new Set(['time', 'body', 'body_bytes', 'address']);

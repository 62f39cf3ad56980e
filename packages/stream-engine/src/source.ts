/**
 * Messages as a reader brings them, and as the columns that a plan's source names. No value is copied but times. Columns of
 * the address' schema are decoded from the bodies here.
 */
import type { Field, PlanNode } from '@millrace/sql';
import type { ColumnBatch } from './column-batch.js';
import { RowPicker } from './operator/row-picker.js';
import { BodyDecoder, type UndecodableRow } from './schema/body-decoder.js';
import { type Doubles, formOf, type MapValue, Result, type Vector, writeValue } from './vector.js';

/** Structurally the MessageBatch of the controller's port. Valid until `process` returns. */
export interface InputBatch {
  readonly count: number;
  /** When the broker accepted each message: ms since the epoch, non-decreasing. */
  readonly times: Float64Array;
  /** Value i is bytes[offsets[i] … offsets[i + 1]), UTF-8 for `body`. One byte a row in `nulls`, 1 = NULL. */
  readonly body:
    | { readonly bytes: Uint8Array; readonly offsets: Int32Array; readonly nulls: Uint8Array | undefined }
    | undefined;
  /** Index into `addressNames`, which is the same array for all batches of a reader; it grows. */
  readonly addresses: Int32Array | undefined;
  readonly addressNames: readonly string[];
  /** By column name. NULL is null, TIMESTAMP is ms since the epoch, BIGINT a number or bigint, MAP a plain object. */
  readonly others: ReadonlyMap<string, readonly unknown[]>;
}

const MICROSECONDS = 1000;

type SourceNode = Extract<PlanNode, { kind: 'source' }>;

const NONE: readonly UndecodableRow[] = [];

export class Source {
  /** What a reader must bring, by row name. */
  readonly columnNames: readonly string[];
  /** Rows of the last batch that are not in what `read` gave: their bodies are no rows of the schema. */
  undecodable: readonly UndecodableRow[] = NONE;
  private readonly columns: readonly SourceColumn[];
  private readonly decoder: BodyDecoder | undefined;
  private readonly picker = new RowPicker();

  constructor(node: SourceNode) {
    const decoded = node.output.filter((field) => isOfSchema(node, field));
    const { schema } = node;
    const decoder = schema === undefined || decoded.length === 0 ? undefined : new BodyDecoder(schema, decoded);
    this.decoder = decoder;
    this.columns = node.output.map((field) => {
      const index = decoded.indexOf(field);
      return index < 0 ? columnFor(field) : new DecodedColumn(index);
    });
    const plain = node.output.filter((field) => !decoded.includes(field)).map(({ name }) => name);
    const readsBody = plain.includes('body') || plain.includes('body_bytes');
    this.columnNames = decoder === undefined || readsBody ? plain : [...plain, 'body'];
  }

  read(batch: InputBatch): ColumnBatch {
    const { decoder } = this;
    const decoded = decoder === undefined ? NO_VECTORS : decoder.decode(batch);
    const columns = this.columns.map((column) => column.read(batch, decoded));
    const all = { count: batch.count, columns, watermarks: undefined };
    this.undecodable = decoder === undefined ? NONE : decoder.undecodable;
    return this.undecodable.length === 0 ? all : this.without(all, this.undecodable);
  }

  private without(batch: ColumnBatch, undecodable: readonly UndecodableRow[]): ColumnBatch {
    const kept = this.picker.rowNumbers(batch.count);
    let count = 0;
    let next = 0;
    for (let row = 0; row < batch.count; row++) {
      if (undecodable[next]?.row === row) next++;
      else kept[count++] = row;
    }
    return this.picker.pick(batch, kept, count);
  }
}

const NO_VECTORS: readonly Vector[] = [];

function isOfSchema({ schema }: SourceNode, { name }: Field): boolean {
  return schema?.columns.some((column) => column.name === name) === true;
}

class DecodedColumn implements SourceColumn {
  private readonly index: number;

  constructor(index: number) {
    this.index = index;
  }

  read(_batch: InputBatch, decoded: readonly Vector[]): Vector {
    return decoded[this.index]!;
  }
}

interface SourceColumn {
  read(batch: InputBatch, decoded: readonly Vector[]): Vector;
}

function columnFor(field: Field): SourceColumn {
  switch (field.name) {
    case 'time':
      return new TimeColumn();
    case 'body':
    case 'body_bytes':
      return new BodyColumn();
    case 'address':
      return new AddressColumn();
    default:
      return new OtherColumn(field);
  }
}

class TimeColumn implements SourceColumn {
  private readonly result = new Result<Doubles>('doubles');

  read({ count, times }: InputBatch): Vector {
    const vector = this.result.begin(count);
    const { values } = vector;
    for (let row = 0; row < count; row++) values[row] = Math.floor(times[row]! * MICROSECONDS);
    return vector;
  }
}

class BodyColumn implements SourceColumn {
  read({ body }: InputBatch): Vector {
    if (body === undefined) throw new Error('the batch has no body, which the plan reads');
    const { bytes, offsets, nulls } = body;
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { form: 'bytes', bytes: buffer, starts: offsets, ends: offsets.subarray(1), nulls };
  }
}

class AddressColumn implements SourceColumn {
  read({ addresses, addressNames }: InputBatch): Vector {
    if (addresses === undefined) throw new Error('the batch has no addresses, which the plan reads');
    return { form: 'dictionary', ids: addresses, names: addressNames, nulls: undefined };
  }
}

/** A column that comes as JavaScript values. */
class OtherColumn implements SourceColumn {
  private readonly field: Field;
  private readonly result: Result;

  constructor(field: Field) {
    this.field = field;
    this.result = new Result(formOf(field.type));
  }

  read({ count, others }: InputBatch): Vector {
    const { name, type } = this.field;
    const values = others.get(name);
    if (values === undefined) throw new Error(`the batch has no column ${name}, which the plan reads`);
    const { result } = this;
    const vector = result.begin(count);
    for (let row = 0; row < count; row++) {
      const value = values[row];
      if (value === null || value === undefined) result.setNull(row);
      else writeValue(vector, row, convert(value, type.name));
    }
    return vector;
  }
}

function convert(
  value: unknown,
  type: Field['type']['name'],
): boolean | number | bigint | string | Uint8Array | MapValue {
  switch (type) {
    case 'TIMESTAMP':
      return Math.floor((value as number) * MICROSECONDS);
    case 'BIGINT':
      return typeof value === 'bigint' ? value : BigInt(value as number);
    case 'FLOAT':
      return Math.fround(value as number);
    case 'MAP':
      return new Map(Object.entries(value as Record<string, string>));
    default:
      return value as boolean | number | string;
  }
}

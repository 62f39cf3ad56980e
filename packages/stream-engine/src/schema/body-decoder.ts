/**
 * The columns of an address' schema, out of the bodies of a batch: only those that the job reads, each body once. A body
 * that is no row of them fails as a whole; where it goes is not decided here.
 */
import type { Field, SourceSchema } from '@millrace/sql';
import type { InputBatch } from '../source.js';
import type { Vector } from '../vector.js';
import type { BodyBytes, ColumnSlot } from './column-slot.js';
import { CsvBody } from './csv-body.js';
import { type BodyFault, JsonBody } from './json-body.js';
import { makeSlot } from './make-slot.js';

/** A row of a batch that could not be decoded, and why, in a sentence. */
export interface UndecodableRow {
  readonly row: number;
  readonly reason: string;
}

const SHOWN_LENGTH = 60;

export class BodyDecoder {
  /** Of the last batch, in order. */
  undecodable: UndecodableRow[] = [];
  private readonly schema: SourceSchema;
  private readonly slots: readonly ColumnSlot[];
  private readonly decoder: JsonBody | CsvBody;

  /** @param fields what the job reads of the schema's columns */
  constructor(schema: SourceSchema, fields: readonly Field[]) {
    this.schema = schema;
    this.slots = fields.map(makeSlot);
    const byName = new Map(this.slots.map((slot) => [slot.name, slot]));
    this.decoder =
      schema.format === 'json'
        ? new JsonBody(this.slots)
        : new CsvBody(schema.columns.map(({ name }) => byName.get(name)));
  }

  /** @returns the columns in the order of the fields, valid until the next call. A body that is NULL has no values. */
  decode({ count, body }: InputBatch): readonly Vector[] {
    if (body === undefined) throw new Error('the batch has no body, which the schema is decoded from');
    const { bytes, offsets, nulls } = body;
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const batch: BodyBytes = { bytes: buffer, used: offsets[count]!, count };
    for (const slot of this.slots) slot.begin(batch);
    this.undecodable = [];
    const { decoder } = this;
    for (let row = 0; row < count; row++) {
      if (nulls !== undefined && nulls[row] === 1) continue;
      const start = offsets[row]!;
      const end = offsets[row + 1]!;
      if (decoder.decode(row, buffer, start, end)) continue;
      this.undecodable.push({ row, reason: this.reasonOf(decoder.fault, start, end) });
    }
    return this.slots.map((slot) => slot.finish());
  }

  private reasonOf({ slot, bytes, start, end, at }: BodyFault, bodyStart: number, bodyEnd: number): string {
    if (slot !== undefined) {
      const value = shown(bytes.toString('utf8', start, Math.min(end, start + SHOWN_LENGTH * 4)));
      return `${value} is no ${typeName(slot)} for the column ${slot.name}`;
    }
    if (this.schema.format === 'csv') {
      const count = this.schema.columns.length;
      return `the body is no CSV record of ${count === 1 ? 'one value' : `${count} values`}`;
    }
    if (at >= bodyEnd) return 'the body is no JSON object: it ends too early';
    return `the body is no JSON object, at byte ${at - bodyStart}: ${shown(near(bytes, at, bodyEnd))}`;
  }
}

function typeName({ type }: ColumnSlot): string {
  return type.name === 'DECIMAL' ? `DECIMAL(${type.precision}, ${type.scale})` : type.name;
}

function near(bytes: Buffer, at: number, end: number): string {
  return bytes.toString('utf8', at, Math.min(end, at + SHOWN_LENGTH));
}

function shown(text: string): string {
  const points = [...text];
  return JSON.stringify(points.length <= SHOWN_LENGTH ? text : `${points.slice(0, SHOWN_LENGTH).join('')}…`);
}

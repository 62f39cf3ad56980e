/**
 * STRING and BINARY out of JSON and CSV. Text that is written as it is stays where the body lies; what had escapes, or is a
 * number with a fraction or a nested value (which Spark writes anew), is put behind a copy of the batch's bytes.
 */
import { formatDouble } from '../text/format-number.js';
import { JsonScanner, JsonSyntaxError } from '../text/json-scanner.js';
import type { Bytes, Values } from '../vector.js';
import { type BodyBytes, ColumnSlot } from './column-slot.js';
import { JsonToken } from './json-token.js';
import { unescapeJson } from './unescape-json.js';

/** A larger buffer is not used again. */
const KEPT_BYTES = 512 * 1024;
const NOTHING = Buffer.alloc(0);
const MINUS = 45;

export class TextSlot extends ColumnSlot<Bytes> {
  private body: Buffer = NOTHING;
  private bodyUsed = 0;
  /** The body's bytes and what was made anew; in use when longer than `bodyUsed` says. */
  private own: Buffer = NOTHING;
  private ownUsed = 0;

  override begin(batch: BodyBytes): void {
    super.begin(batch);
    this.body = batch.bytes;
    this.bodyUsed = batch.used;
    this.ownUsed = 0;
    if (this.own.length > KEPT_BYTES) this.own = NOTHING;
    this.vector.bytes = batch.bytes;
  }

  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    switch (token) {
      case JsonToken.text:
      case JsonToken.true:
      case JsonToken.false:
        return this.place(row, start, end);
      case JsonToken.integer:
        return bytes[start] === MINUS && end - start === 2 && bytes[start + 1] === 48
          ? this.place(row, start + 1, end)
          : this.place(row, start, end);
      case JsonToken.escapedText:
        return this.append(row, unescapeJson(bytes, start, end));
      case JsonToken.fraction:
        return this.append(row, showDouble(Number(bytes.toString('latin1', start, end))));
      case JsonToken.notANumber:
        return this.append(row, showDouble(doubleOf(bytes.toString('latin1', start, end))));
      case JsonToken.nested:
        return this.append(row, compactJson(bytes.toString('utf8', start, end)));
      default:
        return false;
    }
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    if (bytes === this.body) return this.place(row, start, end);
    this.reserve(end - start);
    bytes.copy(this.own, this.ownUsed, start, end);
    this.placeOwn(row, end - start);
    return true;
  }

  private place(row: number, start: number, end: number): boolean {
    this.vector.starts[row] = start;
    this.vector.ends[row] = end;
    return this.markFilled(row);
  }

  private append(row: number, text: string): boolean {
    // A character takes three bytes of UTF-8 at most.
    this.reserve(text.length * 3);
    this.placeOwn(row, this.own.write(text, this.ownUsed));
    return true;
  }

  private placeOwn(row: number, size: number): void {
    this.place(row, this.ownUsed, this.ownUsed + size);
    this.ownUsed += size;
  }

  private reserve(size: number): void {
    const first = this.ownUsed === 0;
    const used = first ? this.bodyUsed : this.ownUsed;
    if (used + size > this.own.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.own.length * 2, used + size, 4096));
      if (!first) this.own.copy(grown, 0, 0, used);
      this.own = grown;
    }
    if (first) this.body.copy(this.own, 0, 0, used);
    this.ownUsed = used;
    this.vector.bytes = this.own;
  }
}

function doubleOf(word: string): number {
  if (word === 'NaN') return Number.NaN;
  return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** A number as from_json writes it into text: what JSON has no number for is in quotes. */
function showDouble(value: number): string {
  return Number.isFinite(value) ? formatDouble(value) : `"${formatDouble(value)}"`;
}

/** As it stands where it has what JSON has not, NaN and infinities. */
function compactJson(json: string): string {
  try {
    return new JsonScanner(json).find([])!.json;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return json;
    throw error;
  }
}

/** In JSON as Base64 with its padding, in CSV the bytes themselves. */
export class BinarySlot extends ColumnSlot<Values> {
  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    if (token !== JsonToken.text && token !== JsonToken.escapedText) return false;
    const text = token === JsonToken.text ? bytes.toString('latin1', start, end) : unescapeJson(bytes, start, end);
    const value = decodeBase64(text);
    if (value === undefined) return false;
    this.vector.values[row] = value;
    return this.markFilled(row);
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    this.vector.values[row] = Buffer.from(bytes.subarray(start, end));
    return this.markFilled(row);
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BLANKS = /[\0-\x20]+/;

/** Blanks may stand between groups of four characters, not inside. */
function decodeBase64(text: string): Buffer | undefined {
  const parts = text.split(BLANKS);
  if (!parts.every((part) => part.length % 4 === 0 && BASE64.test(part))) return undefined;
  return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
}

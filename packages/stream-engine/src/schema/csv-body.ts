/**
 * Bodies in CSV as columns: one record, its values in the order of the schema, as many as that has. Reads what Spark's
 * from_csv reads in mode FAILFAST with its defaults: `,` between values, `"` around them, `\` before a quote inside. An
 * empty value is NULL, quoted or not. A line break is a character like others.
 *
 * A quote that is neither escaped nor the last one makes the value be what it is up to the next comma, quotes and all.
 */
import type { ColumnSlot } from './column-slot.js';
import type { BodyFault } from './json-body.js';

const COMMA = 44;
const QUOTE = 34;
const BACKSLASH = 92;
const BLANK = 32;

export class CsvBody {
  /** By position; undefined where nobody reads the column. */
  private readonly slots: readonly (ColumnSlot | undefined)[];
  /** A value that does not lie in the body as it is. */
  private scratch = Buffer.allocUnsafe(256);
  private bytes: Buffer = this.scratch;
  private at = 0;
  private end = 0;
  /** The last value: in `valueBytes`. */
  private valueBytes: Buffer = this.scratch;
  private valueStart = 0;
  private valueEnd = 0;
  private badSlot: ColumnSlot | undefined;

  constructor(slots: readonly (ColumnSlot | undefined)[]) {
    this.slots = slots;
  }

  /** @returns false when the body is no record of these columns: `fault` says why */
  decode(row: number, bytes: Buffer, start: number, end: number): boolean {
    if (start === end) return true;
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.badSlot = undefined;
    const { slots } = this;
    for (let index = 0; index < slots.length; index++) {
      if (index > 0 && !this.passComma()) return false;
      this.value();
      const slot = slots[index];
      if (slot === undefined || this.valueStart === this.valueEnd) continue;
      if (slot.takeCsv(row, this.valueBytes, this.valueStart, this.valueEnd)) continue;
      this.badSlot = slot;
      return false;
    }
    return this.at === end;
  }

  get fault(): BodyFault {
    const { at, badSlot: slot, valueBytes: bytes, valueStart: start, valueEnd: end } = this;
    return { at, slot, bytes, start, end };
  }

  private passComma(): boolean {
    if (this.at >= this.end) return false;
    this.at++;
    return true;
  }

  /** Reads up to the next comma that parts, or the end. */
  private value(): void {
    const { bytes, at } = this;
    if (at < this.end && bytes[at] === QUOTE) {
      this.quoted();
      return;
    }
    this.valueBytes = bytes;
    this.valueStart = at;
    this.at = this.commaFrom(at);
    this.valueEnd = this.at;
  }

  private commaFrom(start: number): number {
    const { bytes, end } = this;
    let at = start;
    while (at < end && bytes[at] !== COMMA) at++;
    return at;
  }

  private quoted(): void {
    const { bytes, end } = this;
    const start = this.at + 1;
    if (start === end) {
      this.valueBytes = bytes;
      this.valueStart = this.at;
      this.valueEnd = end;
      this.at = end;
      return;
    }
    let at = start;
    while (at < end && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
    if (at < end && bytes[at] === QUOTE && (at + 1 === end || bytes[at + 1] === COMMA)) {
      this.valueBytes = bytes;
      this.valueStart = start;
      this.valueEnd = at;
      this.at = at + 1;
      return;
    }
    this.quotedWithMore(start);
  }

  /**
   * A quoted value with escapes, blanks behind it or quotes inside, into `scratch`: by the rules of univocity's parser, which
   * Spark uses, with unescaped quotes handled as STOP_AT_DELIMITER.
   */
  private quotedWithMore(start: number): void {
    const { bytes, end } = this;
    if (this.scratch.length < end - start + 3) this.scratch = Buffer.allocUnsafe((end - start + 3) * 2);
    const { scratch } = this;
    // Room for the opening quote, should it turn out to be a part of the value.
    let size = 1;
    let before = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (before === QUOTE) {
        if (byte !== QUOTE) {
          this.behindQuote(size, at);
          return;
        }
        scratch[size++] = QUOTE;
        continue;
      }
      if (before === BACKSLASH && (byte === QUOTE || byte === BACKSLASH)) {
        scratch[size++] = byte;
        before = 0;
        continue;
      }
      if (before === BACKSLASH) scratch[size++] = BACKSLASH;
      if (byte !== QUOTE && byte !== BACKSLASH) scratch[size++] = byte;
      before = byte;
    }
    this.took(1, size, end);
  }

  /** The value is over if nothing but blanks follows up to the comma, else all of it is what stands there. */
  private behindQuote(size: number, at: number): void {
    const after = this.blanksFrom(at);
    if (after === this.end || this.bytes[after] === COMMA) {
      this.took(1, size, after);
      return;
    }
    this.scratch[size] = QUOTE;
    this.upToComma(size + 1, at);
  }

  private blanksFrom(start: number): number {
    let at = start;
    while (at < this.end && this.bytes[at]! <= BLANK) at++;
    return at;
  }

  /** The rest of the value is what stands there; the opening quote belongs to it. */
  private upToComma(size: number, start: number): void {
    this.scratch[0] = QUOTE;
    const comma = this.commaFrom(start);
    this.bytes.copy(this.scratch, size, start, comma);
    this.took(0, size + comma - start, comma);
  }

  private took(start: number, end: number, at: number): void {
    this.valueBytes = this.scratch;
    this.valueStart = start;
    this.valueEnd = end;
    this.at = at;
  }
}

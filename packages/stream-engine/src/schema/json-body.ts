/**
 * Bodies in JSON as columns: one pass over the bytes of a body, which makes nothing of what no column asks for. Reads what
 * Spark's from_json reads in mode FAILFAST: of two members of one name the last counts, and what follows the object is not
 * looked at.
 */
import type { ColumnSlot } from './column-slot.js';
import { JsonBytesScanner } from './json-bytes-scanner.js';
import { JsonToken } from './json-token.js';
import { unescapeJson } from './unescape-json.js';

const COMMA = 44;
const LEFT_BRACE = 123;
const RIGHT_BRACE = 125;
const END = -1;

/** What is wrong with a body: at a byte, or in a column's value. */
export interface BodyFault {
  readonly at: number;
  readonly slot: ColumnSlot | undefined;
  /** The value, in bytes that may be others than the body's. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export class JsonBody {
  private readonly scanner = new JsonBytesScanner();
  private readonly slots: readonly ColumnSlot[];
  private readonly names: readonly Buffer[];
  /** Which column the next name is likely to be: members come in the same order again and again. */
  private expected = 0;
  private badSlot: ColumnSlot | undefined;

  constructor(slots: readonly ColumnSlot[]) {
    this.slots = slots;
    this.names = slots.map(({ name }) => Buffer.from(name));
  }

  /** @returns false when the body is no row of these columns: `fault` says why */
  decode(row: number, bytes: Buffer, start: number, end: number): boolean {
    const { scanner } = this;
    scanner.bytes = bytes;
    scanner.at = start;
    scanner.end = end;
    this.expected = 0;
    this.badSlot = undefined;
    const first = scanner.peek();
    // Nothing at all is a row without values.
    if (first !== LEFT_BRACE) return first === END;
    scanner.at++;
    if (scanner.peek() === RIGHT_BRACE) return true;
    for (;;) {
      if (!this.member(row)) return false;
      const next = scanner.peek();
      if (next === RIGHT_BRACE) return true;
      if (next !== COMMA) return false;
      scanner.at++;
    }
  }

  /** Of the last body, when it could not be decoded. */
  get fault(): BodyFault {
    const { at, bytes, valueStart: start, valueEnd: end } = this.scanner;
    return { at, slot: this.badSlot, bytes, start, end };
  }

  private member(row: number): boolean {
    const { scanner } = this;
    const nameToken = scanner.name();
    if (nameToken === JsonToken.fault) return false;
    const slot = this.slotOf(nameToken);
    const token = scanner.value();
    if (token === JsonToken.fault) return false;
    if (slot === undefined) return true;
    if (token === JsonToken.null) {
      slot.setNull(row);
      return true;
    }
    if (slot.takeJson(row, token, scanner.bytes, scanner.valueStart, scanner.valueEnd)) return true;
    this.badSlot = slot;
    return false;
  }

  private slotOf(token: JsonToken): ColumnSlot | undefined {
    const { bytes, valueStart, valueEnd } = this.scanner;
    const { slots, names } = this;
    if (token === JsonToken.escapedText) {
      const name = unescapeJson(bytes, valueStart, valueEnd);
      return slots.find((slot) => slot.name === name);
    }
    const size = valueEnd - valueStart;
    const count = names.length;
    for (let tries = 0, index = this.expected; tries < count; tries++, index++) {
      if (index === count) index = 0;
      const name = names[index]!;
      if (name.length !== size || !isAt(bytes, valueStart, name)) continue;
      this.expected = index + 1;
      return slots[index];
    }
    return undefined;
  }
}

function isAt(bytes: Buffer, start: number, name: Buffer): boolean {
  for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false;
  return true;
}

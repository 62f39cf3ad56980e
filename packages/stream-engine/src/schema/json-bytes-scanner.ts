/**
 * Passes over the values of a JSON text in bytes, strictly by Jackson's rules as Spark sets them up, and says what they
 * are and where they lie. Makes no objects and no strings.
 */
import { JsonToken } from './json-token.js';

/** As Jackson bounds them. */
const NESTING_MAX = 1000;
const NUMBER_MAX = 1000;

const QUOTE = 34;
const APOSTROPHE = 39;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const COLON = 58;
const UPPER_E = 69;
const LEFT_BRACKET = 91;
const BACKSLASH = 92;
const RIGHT_BRACKET = 93;
const LOWER_E = 101;
const LOWER_U = 117;
const LEFT_BRACE = 123;
const RIGHT_BRACE = 125;
const END = -1;

/** What may stand behind a backslash: "'/\bfnrtu. */
const ESCAPABLE = new Uint8Array(128);
for (const character of `"'/\\bfnrtu`) ESCAPABLE[character.charCodeAt(0)] = 1;

const WORDS: readonly (readonly [bytes: Buffer, token: JsonToken])[] = [
  [Buffer.from('true'), JsonToken.true],
  [Buffer.from('false'), JsonToken.false],
  [Buffer.from('null'), JsonToken.null],
  [Buffer.from('NaN'), JsonToken.notANumber],
  [Buffer.from('Infinity'), JsonToken.notANumber],
  [Buffer.from('-INF'), JsonToken.notANumber],
  [Buffer.from('-Infinity'), JsonToken.notANumber],
  [Buffer.from('+INF'), JsonToken.notANumber],
  [Buffer.from('+Infinity'), JsonToken.notANumber],
];

/** A bracket that opens, not taken yet. */
const OPENS = 99;

export class JsonBytesScanner {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Where the last value or name lies: between its quotes, if it has any. */
  valueStart = 0;
  valueEnd = 0;
  /** 1 for an object, 0 for an array, by depth. */
  private readonly containers = new Uint8Array(NESTING_MAX);

  /** The next byte that is no blank, not taken yet; -1 at the end. */
  peek(): number {
    const { bytes, end } = this;
    for (let at = this.at; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 32 || (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9)) {
        this.at = at;
        return byte;
      }
    }
    this.at = end;
    return END;
  }

  /** A member's name with the colon behind it. @returns text, escapedText or fault */
  name(): JsonToken {
    const quote = this.peek();
    if (quote !== QUOTE && quote !== APOSTROPHE) return JsonToken.fault;
    const token = this.string(quote);
    if (token === JsonToken.fault || this.peek() !== COLON) return JsonToken.fault;
    this.at++;
    return token;
  }

  value(): JsonToken {
    const first = this.peek();
    if (first === QUOTE || first === APOSTROPHE) return this.string(first);
    if (first >= DIGIT_0 && first <= DIGIT_9) return this.number();
    if (first === LEFT_BRACE || first === LEFT_BRACKET) return this.nested();
    if (first === MINUS && this.startsNumber()) return this.number();
    return this.word();
  }

  private startsNumber(): boolean {
    const next = this.at + 1 < this.end ? this.bytes[this.at + 1]! : END;
    return next >= DIGIT_0 && next <= DIGIT_9;
  }

  private string(quote: number): JsonToken {
    const { bytes, end } = this;
    const start = this.at + 1;
    let token: JsonToken = JsonToken.text;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === quote) {
        this.valueStart = start;
        this.valueEnd = at;
        this.at = at + 1;
        return token;
      }
      if (byte === BACKSLASH) {
        at++;
        if (at >= end || !this.isEscape(at)) return this.fault(at);
        token = JsonToken.escapedText;
      } else if (byte < 32) return this.fault(at);
    }
    return this.fault(end);
  }

  private isEscape(at: number): boolean {
    const { bytes } = this;
    const byte = bytes[at]!;
    if (byte >= 128 || ESCAPABLE[byte] === 0) return false;
    if (byte !== LOWER_U) return true;
    if (at + 4 >= this.end) return false;
    for (let digit = at + 1; digit <= at + 4; digit++) if (!isHexadecimal(bytes[digit]!)) return false;
    return true;
  }

  private number(): JsonToken {
    const { bytes, end } = this;
    const start = this.at;
    let at = bytes[start] === MINUS ? start + 1 : start;
    const first = bytes[at]!;
    at = this.digits(at);
    // Jackson takes no zero before other digits.
    if (first === DIGIT_0 && at > start + (bytes[start] === MINUS ? 2 : 1)) return this.fault(at);
    let token: JsonToken = JsonToken.integer;
    if (at < end && bytes[at] === POINT) {
      token = JsonToken.fraction;
      const digitsEnd = this.digits(at + 1);
      if (digitsEnd === at + 1) return this.fault(at);
      at = digitsEnd;
    }
    if (at < end && (bytes[at] === LOWER_E || bytes[at] === UPPER_E)) {
      token = JsonToken.fraction;
      at++;
      if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
      const digitsEnd = this.digits(at);
      if (digitsEnd === at) return this.fault(at);
      at = digitsEnd;
    }
    if (at - start > NUMBER_MAX) return this.fault(start);
    this.valueStart = start;
    this.valueEnd = at;
    this.at = at;
    return token;
  }

  private digits(from: number): number {
    const { bytes, end } = this;
    let at = from;
    while (at < end && bytes[at]! >= DIGIT_0 && bytes[at]! <= DIGIT_9) at++;
    return at;
  }

  private word(): JsonToken {
    const { bytes, at: start, end } = this;
    for (const [word, token] of WORDS) {
      const after = start + word.length;
      if (after > end || bytes.compare(word, 0, word.length, start, after) !== 0) continue;
      if (after < end && continuesWord(bytes[after]!)) continue;
      this.valueStart = start;
      this.valueEnd = after;
      this.at = after;
      return token;
    }
    return this.fault(start);
  }

  /** An object or array as a whole, without recursion. */
  private nested(): JsonToken {
    const start = this.at;
    const { containers, bytes } = this;
    let depth = 0;
    for (;;) {
      // Here a bracket opens.
      if (depth === NESTING_MAX) return this.fault(this.at);
      const isObject = bytes[this.at++] === LEFT_BRACE;
      containers[depth] = isObject ? 1 : 0;
      if (this.peek() === (isObject ? RIGHT_BRACE : RIGHT_BRACKET)) this.at++;
      else {
        depth++;
        const element = this.element(isObject);
        if (element === JsonToken.fault) return JsonToken.fault;
        if (element === OPENS) continue;
      }
      // Here a value has ended.
      const opens = this.goOn(depth);
      if (opens < 0) return JsonToken.fault;
      if (opens === 0) break;
      depth = opens;
    }
    this.valueStart = start;
    this.valueEnd = this.at;
    return JsonToken.nested;
  }

  /** From the end of a value on. @returns the depth at which a bracket opens; 0: all are closed; -1: no JSON */
  private goOn(from: number): number {
    for (let depth = from; depth > 0; ) {
      const isObject = this.containers[depth - 1] === 1;
      const next = this.peek();
      if (next === (isObject ? RIGHT_BRACE : RIGHT_BRACKET)) {
        this.at++;
        depth--;
        continue;
      }
      if (next !== COMMA) return this.fault(this.at);
      this.at++;
      const element = this.element(isObject);
      if (element === JsonToken.fault) return -1;
      if (element === OPENS) return depth;
    }
    return 0;
  }

  /** A member or element: passes over it, or stops at the bracket that it begins with. */
  private element(isObject: boolean): JsonToken | typeof OPENS {
    if (isObject && this.name() === JsonToken.fault) return JsonToken.fault;
    const first = this.peek();
    return first === LEFT_BRACE || first === LEFT_BRACKET ? OPENS : this.value();
  }

  private fault(at: number): typeof JsonToken.fault {
    this.at = at;
    return JsonToken.fault;
  }
}

function isHexadecimal(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102);
}

/** Letters, digits, _, $ and what is not ASCII: `truex` is no word. */
function continuesWord(byte: number): boolean {
  return byte >= 128 || byte === 95 || byte === 36 || isHexadecimal(byte) || ((byte | 32) >= 103 && (byte | 32) <= 122);
}

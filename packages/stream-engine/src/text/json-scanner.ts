/**
 * Finds values in a JSON text without making objects of it: what is not asked for is passed over, numbers keep all their
 * digits. Reads what Spark's get_json_object reads: strings in single quotes and raw control characters too; what follows
 * the outermost value is not looked at.
 */
import { formatDouble } from './format-number.js';

/** A member's name, or an element's index. */
export type JsonStep = string | number;

/** The text is no JSON. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

const NESTING_MAX = 1000;
const BACKSLASH = 92;
const POINT = 46;
const UPPER_E = 69;
const LOWER_E = 101;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(.))/gs;
const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export interface JsonValue {
  /** As compact JSON. */
  readonly json: string;
  /** As a text of its own: a string without its quotes, undefined for null. */
  readonly text: string | undefined;
}

export class JsonScanner {
  private readonly text: string;
  private at = 0;
  private nesting = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** What is at the path; of members of one name the first. @throws JsonSyntaxError */
  find(path: readonly JsonStep[], depth = 0): JsonValue | undefined {
    const step = path[depth];
    if (step === undefined) return this.read();
    const opening = this.peek();
    let found: JsonValue | undefined;
    if (typeof step === 'string' && opening === '{') {
      this.members((name) => {
        if (found === undefined && name === step) found = this.find(path, depth + 1);
        else this.skip();
      });
    } else if (typeof step === 'number' && opening === '[') {
      this.elements((index) => {
        if (step === index) found = this.find(path, depth + 1);
        else this.skip();
      });
    } else {
      this.skip();
    }
    return found;
  }

  private read(): JsonValue {
    const opening = this.peek();
    if (opening === '"' || opening === "'") {
      const text = this.string();
      return { json: JSON.stringify(text), text };
    }
    const json = opening === '{' || opening === '[' ? this.container(opening) : this.scalar();
    return { json, text: json === 'null' ? undefined : json };
  }

  private container(opening: string): string {
    const parts: string[] = [];
    if (opening === '[') {
      this.elements(() => parts.push(this.read().json));
      return `[${parts.join(',')}]`;
    }
    this.members((name) => parts.push(`${JSON.stringify(name)}:${this.read().json}`));
    return `{${parts.join(',')}}`;
  }

  private skip(): void {
    switch (this.peek()) {
      case '{':
        this.members(() => this.skip());
        break;
      case '[':
        this.elements(() => this.skip());
        break;
      case '"':
      case "'":
        this.rawString();
        break;
      default:
        this.passScalar();
    }
  }

  /** Calls back at each member's value, which the callback must read over. */
  private members(each: (name: string) => void): void {
    this.enter();
    if (this.peek() === '}') {
      this.leave();
      return;
    }
    for (;;) {
      const quote = this.peek();
      if (quote !== '"' && quote !== "'") this.fail();
      const name = this.string();
      if (this.peek() !== ':') this.fail();
      this.at++;
      each(name);
      if (!this.goesOn('}')) return;
    }
  }

  private elements(each: (index: number) => void): void {
    this.enter();
    if (this.peek() === ']') {
      this.leave();
      return;
    }
    for (let index = 0; ; index++) {
      each(index);
      if (!this.goesOn(']')) return;
    }
  }

  private enter(): void {
    this.at++;
    if (++this.nesting > NESTING_MAX) this.fail();
  }

  private leave(): void {
    this.at++;
    this.nesting--;
  }

  private goesOn(closing: string): boolean {
    const next = this.peek();
    if (next === closing) {
      this.leave();
      return false;
    }
    if (next !== ',') this.fail();
    this.at++;
    return true;
  }

  private string(): string {
    const raw = this.rawString();
    if (!raw.includes('\\')) return raw;
    return raw.replace(ESCAPE, (_, code: string | undefined, character: string) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      const plain = ESCAPED[character] ?? (`"'\\/`.includes(character) ? character : undefined);
      return plain ?? this.fail();
    });
  }

  /** What stands between the quotes. */
  private rawString(): string {
    const { text } = this;
    const quote = text[this.at]!;
    const start = this.at + 1;
    let end = text.indexOf(quote, start);
    while (end !== -1 && this.isEscaped(start, end)) end = text.indexOf(quote, end + 1);
    if (end === -1) this.fail();
    this.at = end + 1;
    return text.slice(start, end);
  }

  /** Whether an odd number of backslashes stands before `at`. */
  private isEscaped(start: number, at: number): boolean {
    let first = at;
    while (first > start && this.text.charCodeAt(first - 1) === BACKSLASH) first--;
    return (at - first) % 2 === 1;
  }

  /** A number with a point or an exponent is a DOUBLE on its way through, as in Spark. */
  private scalar(): string {
    const start = this.at;
    const isDouble = this.passScalar() === 'double';
    const raw = this.text.slice(start, this.at);
    return isDouble ? formatDouble(Number(raw)) : raw;
  }

  private passScalar(): 'double' | 'plain' {
    const { text } = this;
    const word = WORDS[text[this.at]!];
    if (word !== undefined) {
      if (!text.startsWith(word, this.at)) this.fail();
      this.at += word.length;
      return 'plain';
    }
    NUMBER.lastIndex = this.at;
    if (!NUMBER.test(text)) this.fail();
    const start = this.at;
    this.at = NUMBER.lastIndex;
    for (let at = start; at < this.at; at++) {
      const code = text.charCodeAt(at);
      if (code === POINT || code === UPPER_E || code === LOWER_E) return 'double';
    }
    return 'plain';
  }

  /** The next character that is no blank, not taken yet. */
  private peek(): string | undefined {
    const { text } = this;
    for (; this.at < text.length; this.at++) {
      const character = text.charCodeAt(this.at);
      if (character !== 32 && (character < 9 || character > 13 || character === 11 || character === 12)) break;
    }
    return text[this.at];
  }

  private fail(): never {
    throw new JsonSyntaxError(`no JSON at character ${this.at}`);
  }
}

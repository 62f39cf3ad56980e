/**
 * Date formats of Spark, as far as numbers go: runs of y M d H m s S, `a` is not among them, and text: quoted ('T'), or
 * any character that is no letter. `''` is one quote. `X`, `XXX` and `Z` are UTC's zone. Used for both directions.
 */
import { daysOf, pad, type TimestampParts, timestampParts } from './timestamp.js';

type Piece = { readonly letter: string; readonly width: number } | { readonly text: string };

export interface DatePattern {
  format(microseconds: number): string;
  /** Undefined when the text does not have this form. */
  parse(text: string): number | undefined;
}

const LETTERS = 'yMdHmsSXZ';

/** @throws Error for a letter that is not known; the checker refuses it before */
export function parseDatePattern(pattern: string): DatePattern {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at]!;
    if (character === "'") {
      const end = quotedEnd(pattern, at);
      pieces.push({ text: pattern.slice(at + 1, end).replaceAll("''", "'") || "'" });
      at = end + 1;
    } else if (/[a-zA-Z]/.test(character)) {
      let end = at;
      while (pattern[end] === character) end++;
      if (!LETTERS.includes(character)) throw new Error(`the letter ${character} is not known in a date format`);
      pieces.push({ letter: character, width: end - at });
      at = end;
    } else {
      pieces.push({ text: character });
      at++;
    }
  }
  return {
    format: (microseconds) => {
      const parts = timestampParts(microseconds);
      return pieces
        .map((piece) => ('text' in piece ? piece.text : formatPiece(piece.letter, piece.width, parts)))
        .join('');
    },
    parse: (text) => parsePieces(pieces, text),
  };
}

function quotedEnd(pattern: string, start: number): number {
  let end = start + 1;
  while (end < pattern.length) {
    if (pattern[end] !== "'") end++;
    else if (pattern[end + 1] === "'" && end > start + 1) end += 2;
    else return end;
  }
  throw new Error('a quote in the date format is not closed');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function formatPiece(letter: string, width: number, parts: TimestampParts): string {
  switch (letter) {
    case 'y':
      return width === 2 ? pad(parts.year % 100, 2) : pad(parts.year, width);
    case 'M':
      return width === 3 ? MONTHS[parts.month - 1]! : pad(parts.month, width);
    case 'd':
      return pad(parts.day, width);
    case 'H':
      return pad(parts.hour, width);
    case 'm':
      return pad(parts.minute, width);
    case 's':
      return pad(parts.second, width);
    case 'S':
      return pad(parts.microsecond, 6).padEnd(width, '0').slice(0, width);
    case 'Z':
      return '+0000';
    default:
      return 'Z';
  }
}

function parsePieces(pieces: readonly Piece[], text: string): number | undefined {
  const found: Record<string, number> = { y: 1970, M: 1, d: 1, H: 0, m: 0, s: 0, S: 0 };
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    if ('text' in piece) {
      if (!text.startsWith(piece.text, at)) return undefined;
      at += piece.text.length;
      continue;
    }
    const next = pieces[index + 1];
    const adjacent = next !== undefined && 'letter' in next;
    const taken = readPiece(piece, text.slice(at), adjacent);
    if (taken === undefined) return undefined;
    found[piece.letter] = taken.value;
    at += taken.length;
  }
  if (at !== text.length) return undefined;
  return assemble(found as Record<'y' | 'M' | 'd' | 'H' | 'm' | 's' | 'S', number>);
}

function readPiece(
  piece: { readonly letter: string; readonly width: number },
  rest: string,
  adjacent: boolean,
): { readonly value: number; readonly length: number } | undefined {
  if (piece.letter === 'X' || piece.letter === 'Z') {
    const zone = /^(?:Z|[+-]00:?00)/.exec(rest);
    return zone === null ? undefined : { value: 0, length: zone[0].length };
  }
  if (piece.letter === 'M' && piece.width === 3) {
    const month = MONTHS.indexOf(rest.slice(0, 3));
    return month === -1 ? undefined : { value: month + 1, length: 3 };
  }
  const exact = adjacent || piece.width > 1;
  const widest = piece.letter === 'S' ? piece.width : exact ? piece.width : piece.letter === 'y' ? 6 : 2;
  const digits = /^\d+/.exec(rest.slice(0, widest))?.[0];
  if (digits === undefined || (exact && digits.length !== widest)) return undefined;
  if (piece.letter === 'S') return { value: Number(digits.padEnd(6, '0').slice(0, 6)), length: digits.length };
  const value = piece.letter === 'y' && piece.width === 2 ? 2000 + Number(digits) : Number(digits);
  return { value, length: digits.length };
}

function assemble(parts: Record<'y' | 'M' | 'd' | 'H' | 'm' | 's' | 'S', number>): number | undefined {
  const days = daysOf(parts.y, parts.M, parts.d);
  if (days === undefined || parts.H > 23 || parts.m > 59 || parts.s > 59) return undefined;
  return (days * 86_400 + parts.H * 3600 + parts.m * 60 + parts.s) * 1e6 + parts.S;
}

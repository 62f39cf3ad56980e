/**
 * UTF-8 Encoded Strings (MQTT 5 §1.5.4): two bytes length, then well-formed UTF-8 without surrogates and U+0000.
 *
 *     byte 0   length MSB
 *     byte 1   length LSB
 *     byte 2…  UTF-8
 */
import { malformed } from './error.js';

/**
 * True when the bytes are what the standard calls well-formed: no overlong form, no surrogate (U+D800 to U+DFFF), nothing
 * above U+10FFFF [MQTT-1.5.4-1], and no U+0000 [MQTT-1.5.4-2].
 */
export function isWellFormed(buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const first = buffer[at]!;
    if (first < 0x80) {
      if (first === 0) return false;
      at++;
      continue;
    }
    const length = sequenceLength(first);
    if (length === 0 || at + length > end) return false;
    const second = buffer[at + 1]!;
    if (second < lowestSecond(first) || second > highestSecond(first)) return false;
    for (let i = 2; i < length; i++) if ((buffer[at + i]! & 0xc0) !== 0x80) return false;
    at += length;
  }
  return true;
}

/** Length of the sequence by its first byte; 0 when no sequence begins so (Unicode 15 table 3-7). */
function sequenceLength(first: number): number {
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

function lowestSecond(first: number): number {
  if (first === 0xe0) return 0xa0;
  return first === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(first: number): number {
  if (first === 0xed) return 0x9f;
  return first === 0xf4 ? 0x8f : 0xbf;
}

/** Checks and decodes the bytes of a string without its length prefix. */
export function decodeUtf8(buffer: Buffer, start: number, end: number): string {
  if (!isWellFormed(buffer, start, end)) throw malformed('a string is not well-formed UTF-8 or contains U+0000');
  return buffer.toString('utf8', start, end);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** True when a JavaScript string may go out: no lone surrogate, no U+0000, at most 65,535 bytes. */
export function isEncodable(text: string): boolean {
  return !LONE_SURROGATE.test(text) && !text.includes('\0') && Buffer.byteLength(text) <= 0xffff;
}

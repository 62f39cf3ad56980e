/** Steps over encoded values without making anything of them. */
import { decodeError } from '../amqp-error.js';
import { FormatCode, NESTING_MAX } from './format-code.js';

export function readUint32(buffer: Buffer, position: number): number {
  return (
    ((buffer[position]! << 24) |
      (buffer[position + 1]! << 16) |
      (buffer[position + 2]! << 8) |
      buffer[position + 3]!) >>>
    0
  );
}

/**
 * @returns where the value that starts at `position` ends
 * @throws AmqpError amqp:decode-error when it does not end by `end`
 */
export function skipValue(buffer: Buffer, position: number, end: number): number {
  let at = position;
  for (let depth = 0; at < end && buffer[at] === FormatCode.described; depth++) {
    if (depth === NESTING_MAX) throw decodeError('descriptors are nested too deep');
    at = skipPrimitive(buffer, at + 1, end);
  }
  return skipPrimitive(buffer, at, end);
}

function skipPrimitive(buffer: Buffer, position: number, end: number): number {
  if (position >= end) throw decodeError('a value is cut off');
  const next = position + 1 + widthAt(buffer, position, end);
  if (next > end) throw decodeError('a value is longer than what encloses it');
  return next;
}

/** Bytes after the format code, a size prefix included (AMQP 1.0 §1.2.1). */
function widthAt(buffer: Buffer, position: number, end: number): number {
  const code = buffer[position]!;
  switch (code >>> 4) {
    case 0x4:
      return 0;
    case 0x5:
      return 1;
    case 0x6:
      return 2;
    case 0x7:
      return 4;
    case 0x8:
      return 8;
    case 0x9:
      return 16;
    case 0xa:
    case 0xc:
    case 0xe:
      if (position + 1 >= end) throw decodeError('a size is cut off');
      return 1 + buffer[position + 1]!;
    case 0xb:
    case 0xd:
    case 0xf:
      if (position + 4 >= end) throw decodeError('a size is cut off');
      return 4 + readUint32(buffer, position + 1);
    default:
      throw decodeError(`0x${code.toString(16)} is no format code`);
  }
}

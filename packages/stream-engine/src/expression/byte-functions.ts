/** Functions of BINARY, and MAP<STRING, STRING>. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { RowError } from '../errors.js';
import type { MapValue, Value } from '../vector.js';
import { bound, type FunctionTable, literalOf, partial, total, variadic } from './function-table.js';

function hex(value: bigint | string | Uint8Array): string {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value).toString(16).toUpperCase();
  return Buffer.from(value as string)
    .toString('hex')
    .toUpperCase();
}

function unhex(digits: string): Value {
  if (!/^[0-9a-fA-F]*$/.test(digits)) return null;
  return Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex');
}

const MIME_LINE = /.{76}(?=.)/g;

/** RFC 2045 §6.8: lines of 76 characters, parted by CR LF. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(MIME_LINE, '$&\r\n');
}

/** RFC 2045 §6.8: characters that are not of the alphabet are skipped; padding ends the text and must complete a group. */
function unbase64(text: string): Value {
  const compact = text.replace(/[^A-Za-z0-9+/=]/g, '');
  const end = compact.indexOf('=');
  const digits = end === -1 ? compact : compact.slice(0, end);
  const padding = compact.length - digits.length;
  const rest = digits.length % 4;
  const wanted = rest === 0 ? 0 : 4 - rest;
  if (rest === 1 || (padding > 0 && padding !== wanted))
    throw new RowError('CAST_INVALID_INPUT', 'the text is no base64: its last group is not whole');
  return Buffer.from(digits, 'base64');
}

export const BYTE_FUNCTIONS: FunctionTable = {
  hex: total(hex),
  unhex: total(unhex),
  base64: total(base64),
  unbase64: partial(unbase64),
  md5: total((bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')),
  sha2: bound({ fallible: true }, (call) => {
    const bits = literalOf(call, 1) as number;
    return ([bytes]) => {
      if (![0, 224, 256, 384, 512].includes(bits))
        throw new RowError('INVALID_PARAMETER_VALUE', `there is no SHA-2 of ${bits} bits: 224, 256, 384 or 512`);
      return createHash(`sha${bits === 0 ? 256 : bits}`)
        .update(bytes as Uint8Array)
        .digest('hex');
    };
  }),
  crc32: total((bytes: Uint8Array) => BigInt(crc32(bytes))),
};

function makeMap(entries: Iterable<readonly [string | null, string | null]>): MapValue {
  const map = new Map<string, string | null>();
  for (const [key, value] of entries) {
    if (key === null) throw new RowError('NULL_MAP_KEY', 'a key of a map must not be NULL');
    if (map.has(key)) throw new RowError('DUPLICATED_MAP_KEY', `the key '${key}' stands in the map twice`);
    map.set(key, value);
  }
  return map;
}

function* pairs(args: readonly Value[]): Generator<readonly [string | null, string | null]> {
  for (let at = 0; at + 1 < args.length; at += 2) yield [args[at] as string | null, args[at + 1] as string | null];
}

export const MAP_FUNCTIONS: FunctionTable = {
  map: variadic({ fallible: true }, (args) => makeMap(pairs(args))),
  element_at: total((map: MapValue, key: string) => map.get(key) ?? null),
  map_contains_key: total((map: MapValue, key: string) => map.has(key)),
  map_concat: bound(
    { fallible: true },
    () => (maps) => makeMap((maps as readonly MapValue[]).flatMap((map) => [...map])),
  ),
};

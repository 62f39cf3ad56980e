/** Types of the fields of composite types, each checked strictly: another type than the specified one is a decode error. */
import { decodeError } from '../amqp-error.js';
import type { Decoder } from '../codec/decoder.js';
import type { Encoder } from '../codec/encoder.js';
import { FormatCode } from '../codec/format-code.js';
import { AmqpArray, AmqpSymbol, type AmqpValue, type Fields } from '../codec/values.js';
import type { FieldType } from './composite.js';

function numberOf(
  name: string,
  codes: readonly number[],
  write: (encoder: Encoder, value: number) => void,
): FieldType<number> {
  return {
    read(decoder) {
      if (!codes.includes(decoder.peek())) throw decodeError(`a ${name} was expected`);
      // A ulong beyond 2^53 loses its last digits: only max-message-size and section-offset are ulongs, and only bounds.
      return Number(decoder.readValue());
    },
    write,
  };
}

export const ubyte = numberOf('ubyte', [FormatCode.ubyte], (encoder, value) => encoder.writeUbyte(value));
export const ushort = numberOf('ushort', [FormatCode.ushort], (encoder, value) => encoder.writeUshort(value));
export const uint = numberOf('uint', [FormatCode.uint, FormatCode.smalluint, FormatCode.uint0], (encoder, value) =>
  encoder.writeUint(value),
);
export const ulong = numberOf('ulong', [FormatCode.ulong, FormatCode.smallulong, FormatCode.ulong0], (encoder, value) =>
  encoder.writeUlong(value),
);

function checked<T>(
  name: string,
  is: (value: AmqpValue) => value is AmqpValue & T,
  write: (encoder: Encoder, value: T) => void,
): FieldType<T> {
  return {
    read(decoder) {
      const value = decoder.readValue();
      if (!is(value)) throw decodeError(`a ${name} was expected`);
      return value;
    },
    write,
  };
}

export const boolean = checked<boolean>(
  'boolean',
  (value) => typeof value === 'boolean',
  (encoder, value) => encoder.writeBoolean(value),
);
export const string = checked<string>(
  'string',
  (value): value is string => typeof value === 'string',
  (encoder, value) => encoder.writeString(value),
);
export const binary = checked<Uint8Array>(
  'binary',
  (value): value is Uint8Array => value instanceof Uint8Array,
  (encoder, value) => encoder.writeBinary(value),
);
export const timestamp = checked<Date>(
  'timestamp',
  (value): value is Date => value instanceof Date,
  (encoder, value) => encoder.writeTimestamp(value),
);

/** Symbols are plain strings in composites. */
export const symbol: FieldType<string> = {
  read: (decoder) => symbolText(decoder.readValue()),
  write: (encoder, value) => encoder.writeSymbol(value),
};

/** `multiple="true"` (§1.4): one symbol or an array of them. */
export const symbols: FieldType<readonly string[]> = {
  read(decoder) {
    const value = decoder.readValue();
    return value instanceof AmqpArray ? value.values.map(symbolText) : [symbolText(value)];
  },
  write(encoder, value) {
    if (value.length === 1) encoder.writeSymbol(value[0]!);
    else encoder.writeValue(new AmqpArray('symbol', value));
  },
};

export const anything: FieldType<AmqpValue> = {
  read: (decoder) => decoder.readValue(),
  write: (encoder, value) => encoder.writeValue(value),
};

/** A map whose keys are symbols (§2.8.13), as a record. */
export const fields: FieldType<Fields> = {
  read: readFields,
  write: (encoder, value) => encoder.writeMap(Object.entries(value), 'symbol'),
};

export function readFields(decoder: Decoder): Fields {
  const value = decoder.readValue();
  if (!(value instanceof Map)) throw decodeError('a map was expected');
  const record: Record<string, AmqpValue> = Object.create(null);
  for (const [key, item] of value) record[keyText(key)] = item;
  return record;
}

/** Keys are symbols; annotations may also have reserved ulong keys (§3.2.10), application properties have strings. */
function keyText(key: AmqpValue): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') return String(key);
  return symbolText(key);
}

function symbolText(value: AmqpValue): string {
  if (!(value instanceof AmqpSymbol)) throw decodeError('a symbol was expected');
  return value.value;
}

/**
 * Composite types (AMQP 1.0 §1.4): described lists whose fields have names and types. A table of fields is enough to
 * encode and decode one; trailing nulls are left out and null means absent.
 */
import { AmqpError, Condition, decodeError } from '../amqp-error.js';
import type { Decoder } from '../codec/decoder.js';
import type { Encoder } from '../codec/encoder.js';
import { FormatCode } from '../codec/format-code.js';

export interface FieldType<T> {
  /** Reads a value that is not null. */
  read(decoder: Decoder): T;
  write(encoder: Encoder, value: T): void;
}

export interface Field {
  readonly name: string;
  readonly type: FieldType<unknown>;
  readonly mandatory: boolean;
}

export interface Composite<T> {
  readonly name: string;
  /** Low word of the descriptor; the domain is 0 for all of AMQP's own. */
  readonly code: number;
  readonly fields: readonly Field[];
  /** Never set: carries the type. */
  readonly shape?: T;
}

export function field<T>(name: string, type: FieldType<T>): Field {
  return { name, type: type as FieldType<unknown>, mandatory: false };
}

export function mandatory<T>(name: string, type: FieldType<T>): Field {
  return { name, type: type as FieldType<unknown>, mandatory: true };
}

export function encodeComposite<T extends object>(encoder: Encoder, composite: Composite<T>, value: T): void {
  const values = value as Readonly<Record<string, unknown>>;
  let count = composite.fields.length;
  while (count > 0 && isAbsent(values[composite.fields[count - 1]!.name])) count--;
  encoder.writeDescriptor(composite.code);
  if (count === 0) {
    encoder.writeByte(FormatCode.list0);
    return;
  }
  const start = encoder.beginCompound();
  for (let i = 0; i < count; i++) {
    const { name, type } = composite.fields[i]!;
    const fieldValue = values[name];
    if (isAbsent(fieldValue)) encoder.writeNull();
    else type.write(encoder, fieldValue);
  }
  encoder.endCompound(start, count, FormatCode.list8);
}

/** Decodes the list that follows a composite's descriptor. */
export function decodeFields<T>(decoder: Decoder, composite: Composite<T>): T {
  const { count, limit } = decoder.readListHeader();
  if (count > composite.fields.length)
    throw decodeError(`${composite.name} has at most ${composite.fields.length} fields`);
  const values: Record<string, unknown> = {};
  const outerEnd = decoder.end;
  decoder.end = limit;
  for (let i = 0; i < composite.fields.length; i++) {
    const { name, type, mandatory } = composite.fields[i]!;
    if (i < count && decoder.peek() !== FormatCode.null) {
      values[name] = type.read(decoder);
      continue;
    }
    if (i < count) decoder.position++;
    if (mandatory) throw new AmqpError(Condition.decodeError, `${composite.name} lacks its field ${name}`);
  }
  if (decoder.position !== limit) throw decodeError(`${composite.name} is longer than its fields`);
  decoder.end = outerEnd;
  return values as T;
}

/**
 * A composite as the type of a field.
 */
export function compositeType<T extends object>(composite: Composite<T>): FieldType<T> {
  return {
    read(decoder) {
      const code = readDescriptor(decoder);
      if (code !== composite.code) throw decodeError(`${composite.name} was expected`);
      return decodeFields(decoder, composite);
    },
    write(encoder, value) {
      encodeComposite(encoder, composite, value);
    },
  };
}

/** Symbolic descriptors (`amqp:open:list`) by their number. */
const SYMBOLS: ReadonlyMap<string, number> = new Map([
  ['amqp:open:list', 0x10],
  ['amqp:begin:list', 0x11],
  ['amqp:attach:list', 0x12],
  ['amqp:flow:list', 0x13],
  ['amqp:transfer:list', 0x14],
  ['amqp:disposition:list', 0x15],
  ['amqp:detach:list', 0x16],
  ['amqp:end:list', 0x17],
  ['amqp:close:list', 0x18],
  ['amqp:error:list', 0x1d],
  ['amqp:received:list', 0x23],
  ['amqp:accepted:list', 0x24],
  ['amqp:rejected:list', 0x25],
  ['amqp:released:list', 0x26],
  ['amqp:modified:list', 0x27],
  ['amqp:source:list', 0x28],
  ['amqp:target:list', 0x29],
  ['amqp:delete-on-close:list', 0x2b],
  ['amqp:delete-on-no-links:list', 0x2c],
  ['amqp:delete-on-no-messages:list', 0x2d],
  ['amqp:delete-on-no-links-or-messages:list', 0x2e],
  ['amqp:sasl-mechanisms:list', 0x40],
  ['amqp:sasl-init:list', 0x41],
  ['amqp:sasl-challenge:list', 0x42],
  ['amqp:sasl-response:list', 0x43],
  ['amqp:sasl-outcome:list', 0x44],
  ['amqp:header:list', 0x70],
  ['amqp:delivery-annotations:map', 0x71],
  ['amqp:message-annotations:map', 0x72],
  ['amqp:properties:list', 0x73],
  ['amqp:application-properties:map', 0x74],
  ['amqp:data:binary', 0x75],
  ['amqp:amqp-sequence:list', 0x76],
  ['amqp:amqp-value:*', 0x77],
  ['amqp:footer:map', 0x78],
]);

/** Reads a described type's constructor. @returns the descriptor as a number, -1 when it is none of AMQP's own */
export function readDescriptor(decoder: Decoder): number {
  if (decoder.readCode() !== FormatCode.described) throw decodeError('a described type was expected');
  switch (decoder.peek()) {
    case FormatCode.smallulong:
    case FormatCode.ulong:
    case FormatCode.ulong0: {
      const code = decoder.readValue();
      return typeof code === 'number' ? code : -1;
    }
    case FormatCode.sym8:
    case FormatCode.sym32:
      return SYMBOLS.get(String(decoder.readValue())) ?? -1;
    default:
      throw decodeError('a descriptor is a ulong or a symbol');
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

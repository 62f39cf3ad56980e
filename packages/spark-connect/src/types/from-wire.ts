import { SparkClientError } from '../errors.js';
import type {
  IntervalFields,
  StructField as WireField,
  StructType as WireStruct,
  DataType as WireType,
} from '../generated/types_pb.js';
import {
  DAY_TIME_FIELDS,
  type DataType,
  type PlainKind,
  type StructField,
  type StructType,
  YEAR_MONTH_FIELDS,
} from './data-type.js';

const PLAIN: Readonly<Record<string, PlainKind>> = {
  void: 'void',
  boolean: 'boolean',
  byte: 'byte',
  short: 'short',
  integer: 'integer',
  long: 'long',
  float: 'float',
  double: 'double',
  binary: 'binary',
  date: 'date',
  timestamp: 'timestamp',
  timestampNtz: 'timestamp_ntz',
  calendarInterval: 'calendarInterval',
  variant: 'variant',
};

/** Spark's own defaults, for servers that leave out what is the default. */
const DECIMAL_PRECISION = 10;
const TIME_PRECISION = 6;
const NANOS_PRECISION = 9;

function required(type: WireType | undefined): DataType {
  if (type === undefined) throw new SparkClientError('the server sent a type without its parts');
  return fromWireType(type);
}

function intervalBounds<Field extends string>(
  { startField, endField }: IntervalFields,
  names: readonly Field[],
): { start: Field; end: Field } {
  const start = names[startField ?? 0] ?? names[0]!;
  const end = names[endField ?? names.length - 1] ?? names.at(-1)!;
  return { start, end };
}

function parseMetadata(text: string | undefined): Record<string, unknown> {
  return text === undefined || text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function fromWireField({ name, dataType, nullable, metadata }: WireField): StructField {
  return { name, type: required(dataType), nullable, metadata: parseMetadata(metadata) };
}

function fromWireStruct({ fields }: WireStruct): StructType {
  return { kind: 'struct', fields: fields.map(fromWireField) };
}

function collationOf(collation: string): string | undefined {
  return collation === '' || collation === 'UTF8_BINARY' ? undefined : collation;
}

export function fromWireType({ kind }: WireType): DataType {
  switch (kind.case) {
    case undefined:
      return { kind: 'unknown', text: 'UNKNOWN' };
    case 'decimal':
      return {
        kind: 'decimal',
        precision: kind.value.precision ?? DECIMAL_PRECISION,
        scale: kind.value.scale ?? 0,
      };
    case 'string':
      return { kind: 'string', collation: collationOf(kind.value.collation) };
    case 'char':
      return { kind: 'char', length: kind.value.length };
    case 'varChar':
      return { kind: 'varchar', length: kind.value.length };
    case 'time':
      return { kind: 'time', precision: kind.value.precision ?? TIME_PRECISION };
    case 'timestampNtzNanos':
      return { kind: 'timestamp_ntz_nanos', precision: kind.value.precision ?? NANOS_PRECISION };
    case 'timestampLtzNanos':
      return { kind: 'timestamp_ltz_nanos', precision: kind.value.precision ?? NANOS_PRECISION };
    case 'yearMonthInterval':
      return { kind: 'yearMonthInterval', ...intervalBounds(kind.value, YEAR_MONTH_FIELDS) };
    case 'dayTimeInterval':
      return { kind: 'dayTimeInterval', ...intervalBounds(kind.value, DAY_TIME_FIELDS) };
    case 'array':
      return { kind: 'array', element: required(kind.value.elementType), containsNull: kind.value.containsNull };
    case 'map':
      return {
        kind: 'map',
        key: required(kind.value.keyType),
        value: required(kind.value.valueType),
        valueContainsNull: kind.value.valueContainsNull,
      };
    case 'struct':
      return fromWireStruct(kind.value);
    case 'geometry':
    case 'geography':
      return { kind: kind.case, srid: kind.value.srid };
    case 'udt':
      return {
        kind: 'userDefined',
        className: kind.value.jvmClass ?? kind.value.pythonClass ?? kind.value.type,
        sqlType: kind.value.sqlType === undefined ? undefined : fromWireType(kind.value.sqlType),
      };
    case 'unparsed':
      return { kind: 'unknown', text: kind.value.dataTypeString };
    default:
      return { kind: PLAIN[kind.case] ?? 'void' };
  }
}

/** A schema; a type that is no struct becomes the one column `value`, as Spark itself does. */
export function fromWireSchema(type: WireType | undefined): StructType {
  const schema = required(type);
  return schema.kind === 'struct'
    ? schema
    : { kind: 'struct', fields: [{ name: 'value', type: schema, nullable: true, metadata: {} }] };
}

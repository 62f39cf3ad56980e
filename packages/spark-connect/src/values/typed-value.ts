import type { MessageInitShape } from '@bufbuild/protobuf';
import { SparkClientError } from '../errors.js';
import type { LiteralSchema } from '../generated/expressions_pb.js';
import type { DataTypeSchema } from '../generated/types_pb.js';

export type WireLiteral = MessageInitShape<typeof LiteralSchema>;
export type WireDataType = MessageInitShape<typeof DataTypeSchema>;
export type LiteralType = NonNullable<Extract<WireLiteral, { $typeName?: never }>['literalType']>;
type PlainLiteral = Exclude<LiteralType, { case: 'array' | 'map' | 'struct' | undefined }>;
type PlainCase = PlainLiteral['case'];

/**
 * A literal and the name of its type. Arrays and maps carry the types of their parts, since Spark takes a parameter as it
 * is and does not find a common type by itself.
 */
export type TypedValue =
  | { readonly kind: 'plain'; readonly literal: PlainLiteral }
  | { readonly kind: 'array'; readonly element: ValueType; readonly elements: readonly TypedValue[] }
  | {
      readonly kind: 'map';
      readonly key: ValueType;
      readonly value: ValueType;
      readonly keys: readonly TypedValue[];
      readonly values: readonly TypedValue[];
    };

export type ValueType =
  | { readonly kind: 'plain'; readonly name: PlainCase; readonly precision?: number; readonly scale?: number }
  | { readonly kind: 'array'; readonly element: ValueType }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType };

const VOID_TYPE: ValueType = { kind: 'plain', name: 'null' };
export const VOID: TypedValue = {
  kind: 'plain',
  literal: { case: 'null', value: { kind: { case: 'void', value: {} } } },
};

/** A type may become one that stands behind it. */
const WIDENING: readonly PlainCase[] = ['byte', 'short', 'integer', 'long', 'double'];

export function plain(literal: LiteralType): TypedValue {
  return { kind: 'plain', literal: literal as PlainLiteral };
}

function typeOf(value: TypedValue): ValueType {
  if (value.kind === 'array') return { kind: 'array', element: value.element };
  if (value.kind === 'map') return { kind: 'map', key: value.key, value: value.value };
  const { literal } = value;
  if (literal.case !== 'decimal') return { kind: 'plain', name: literal.case };
  return { kind: 'plain', name: 'decimal', precision: literal.value.precision ?? 38, scale: literal.value.scale ?? 0 };
}

function commonDecimal(left: ValueType & { kind: 'plain' }, right: ValueType & { kind: 'plain' }): ValueType {
  const scale = Math.max(left.scale ?? 0, right.scale ?? 0);
  const whole = Math.max((left.precision ?? 0) - (left.scale ?? 0), (right.precision ?? 0) - (right.scale ?? 0));
  if (whole + scale > 38) throw new SparkClientError('decimals in one array need more than 38 digits together');
  return { kind: 'plain', name: 'decimal', precision: whole + scale, scale };
}

function commonType(left: ValueType, right: ValueType): ValueType {
  if (left.kind === 'plain' && left.name === 'null') return right;
  if (right.kind === 'plain' && right.name === 'null') return left;
  if (left.kind === 'array' && right.kind === 'array')
    return { kind: 'array', element: commonType(left.element, right.element) };
  if (left.kind === 'map' && right.kind === 'map')
    return { kind: 'map', key: commonType(left.key, right.key), value: commonType(left.value, right.value) };
  if (left.kind === 'plain' && right.kind === 'plain') {
    if (left.name === 'decimal' && right.name === 'decimal') return commonDecimal(left, right);
    if (left.name === right.name) return left;
    const [low, high] = [WIDENING.indexOf(left.name), WIDENING.indexOf(right.name)];
    if (low >= 0 && high >= 0) return low > high ? left : right;
  }
  const name = (type: ValueType) => (type.kind === 'plain' ? type.name : type.kind);
  throw new SparkClientError(`an array or a Map holds ${name(left)} beside ${name(right)}; its parts need one type`);
}

function widen(value: TypedValue, type: ValueType): TypedValue {
  if (value.kind === 'array' && type.kind === 'array')
    return { ...value, element: type.element, elements: value.elements.map((part) => widen(part, type.element)) };
  if (value.kind === 'map' && type.kind === 'map')
    return {
      ...value,
      key: type.key,
      value: type.value,
      keys: value.keys.map((part) => widen(part, type.key)),
      values: value.values.map((part) => widen(part, type.value)),
    };
  if (value.kind !== 'plain' || type.kind !== 'plain' || value.literal.case === 'null') return value;
  const { literal } = value;
  if (literal.case === 'decimal')
    return plain({
      case: 'decimal',
      value: { value: literal.value.value ?? '0', precision: type.precision ?? 38, scale: type.scale ?? 0 },
    });
  if (literal.case === type.name) return value;
  // What is left is a number whose type stands before the common one.
  if (type.name === 'double') return plain({ case: 'double', value: Number(literal.value) });
  if (type.name === 'long') return plain({ case: 'long', value: BigInt(literal.value as number) });
  return plain({ case: type.name, value: literal.value } as LiteralType);
}

export function arrayValue(parts: readonly TypedValue[]): TypedValue {
  const element = parts.map(typeOf).reduce(commonType, VOID_TYPE);
  return { kind: 'array', element, elements: parts.map((part) => widen(part, element)) };
}

export function mapValue(keys: readonly TypedValue[], values: readonly TypedValue[]): TypedValue {
  const key = keys.map(typeOf).reduce(commonType, VOID_TYPE);
  const value = values.map(typeOf).reduce(commonType, VOID_TYPE);
  return {
    kind: 'map',
    key,
    value,
    keys: keys.map((part) => widen(part, key)),
    values: values.map((part) => widen(part, value)),
  };
}

function toWireType(type: ValueType): WireDataType {
  if (type.kind === 'array')
    return { kind: { case: 'array', value: { elementType: toWireType(type.element), containsNull: true } } };
  if (type.kind === 'map')
    return {
      kind: {
        case: 'map',
        value: { keyType: toWireType(type.key), valueType: toWireType(type.value), valueContainsNull: true },
      },
    };
  if (type.name === 'decimal')
    return { kind: { case: 'decimal', value: { precision: type.precision ?? 38, scale: type.scale ?? 0 } } };
  if (type.name === 'yearMonthInterval') return { kind: { case: type.name, value: { startField: 0, endField: 1 } } };
  if (type.name === 'dayTimeInterval') return { kind: { case: type.name, value: { startField: 0, endField: 3 } } };
  return { kind: { case: type.name === 'null' ? 'void' : type.name, value: {} } } as WireDataType;
}

export function toWireLiteral(value: TypedValue): WireLiteral {
  if (value.kind === 'plain') return { literalType: value.literal };
  // Servers before 4.1 read the types of the parts, later ones the type of the whole.
  const dataType = toWireType(typeOf(value));
  if (value.kind === 'array')
    return {
      literalType: {
        case: 'array',
        value: { elementType: toWireType(value.element), elements: value.elements.map(toWireLiteral) },
      },
      dataType,
    };
  return {
    literalType: {
      case: 'map',
      value: {
        keyType: toWireType(value.key),
        valueType: toWireType(value.value),
        keys: value.keys.map(toWireLiteral),
        values: value.values.map(toWireLiteral),
      },
    },
    dataType,
  };
}

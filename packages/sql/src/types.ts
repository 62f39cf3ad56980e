import type { DataType } from './plan.js';
import { didYouMean } from './suggest.js';
import type { TypeSyntax } from './syntax.js';

/** The types: their names, how they print, when they are the same. */

export const BOOLEAN: DataType = { name: 'BOOLEAN' };
export const INT: DataType = { name: 'INT' };
export const BIGINT: DataType = { name: 'BIGINT' };
export const FLOAT: DataType = { name: 'FLOAT' };
export const DOUBLE: DataType = { name: 'DOUBLE' };
export const STRING: DataType = { name: 'STRING' };
export const BINARY: DataType = { name: 'BINARY' };
export const TIMESTAMP: DataType = { name: 'TIMESTAMP' };
export const MAP: DataType = { name: 'MAP' };
export const WINDOW: DataType = { name: 'WINDOW' };
export const VOID: DataType = { name: 'VOID' };

export type Decimal = Extract<DataType, { name: 'DECIMAL' }>;

export function sameType(left: DataType, right: DataType): boolean {
  if (left.name !== right.name) return false;
  if (left.name !== 'DECIMAL' || right.name !== 'DECIMAL') return true;
  return left.precision === right.precision && left.scale === right.scale;
}

export function isNumeric(type: DataType): boolean {
  return isIntegral(type) || type.name === 'FLOAT' || type.name === 'DOUBLE' || type.name === 'DECIMAL';
}

export function isIntegral(type: DataType): boolean {
  return type.name === 'INT' || type.name === 'BIGINT';
}

/** Whether values have an order, so that they can be compared, grouped, and taken the least and greatest of. */
export function isOrderable(type: DataType): boolean {
  return type.name !== 'MAP' && type.name !== 'WINDOW';
}

/** As messages and `explain` show it. */
export function typeText(type: DataType): string {
  switch (type.name) {
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'MAP':
      return 'MAP<STRING, STRING>';
    case 'WINDOW':
      return 'WINDOW (a struct of start and end)';
    case 'VOID':
      return 'NULL';
    default:
      return type.name;
  }
}

/** As Spark's `typeof` gives it. */
export function typeofText(type: DataType): string {
  switch (type.name) {
    case 'DECIMAL':
      return `decimal(${type.precision},${type.scale})`;
    case 'MAP':
      return 'map<string,string>';
    case 'WINDOW':
      return 'struct<start:timestamp,end:timestamp>';
    default:
      return type.name.toLowerCase();
  }
}

const TYPE_NAMES: Readonly<Record<string, DataType>> = {
  BOOLEAN,
  INT,
  INTEGER: INT,
  BIGINT,
  LONG: BIGINT,
  FLOAT,
  REAL: FLOAT,
  DOUBLE,
  STRING,
  BINARY,
  TIMESTAMP,
};

const DECIMAL_NAMES = ['DECIMAL', 'DEC', 'NUMERIC'];

/** Types that Spark has and a job has not, with what to write instead. */
const REFUSED_TYPES: Readonly<Record<string, string>> = {
  TINYINT: 'write INT',
  BYTE: 'write INT',
  SMALLINT: 'write INT',
  SHORT: 'write INT',
  VARCHAR: 'write STRING',
  CHAR: 'write STRING',
  CHARACTER: 'write STRING',
  DATE: `write TIMESTAMP, or date_format(time, 'yyyy-MM-dd') for the text of a date`,
  TIME: `write date_format(time, 'HH:mm:ss') for the text of a time of day`,
  TIMESTAMP_NTZ: 'write TIMESTAMP; its time zone is UTC',
  TIMESTAMP_LTZ: 'write TIMESTAMP',
  INTERVAL: 'durations stand in window() and WATERMARK only',
  ARRAY: 'read a part of a JSON text with get_json_object(text, path)',
  STRUCT: 'read a part of a JSON text with get_json_object(text, path)',
  MAP: 'map(key, value, …) makes a MAP<STRING, STRING>',
  VARIANT: 'read a part of a JSON text with get_json_object(text, path)',
  VOID: 'write the type that the NULL stands for',
};

export type TypeLookup =
  | { readonly kind: 'found'; readonly type: DataType }
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string };

/** A type as the text names it. */
export function lookUpType({ name, parameters }: TypeSyntax): TypeLookup {
  if (DECIMAL_NAMES.includes(name)) return lookUpDecimal(name, parameters);
  const refused = REFUSED_TYPES[name];
  if (refused !== undefined) return { kind: 'refused', message: `the type ${name} is not supported`, hint: refused };
  const type = Object.hasOwn(TYPE_NAMES, name) ? TYPE_NAMES[name] : undefined;
  if (type === undefined) {
    const names = [...Object.keys(TYPE_NAMES), 'DECIMAL'];
    return {
      kind: 'refused',
      message: `there is no type ${name}`,
      hint: didYouMean(name, names, `types: ${names.join(', ')}`),
    };
  }
  if (parameters.length > 0) return { kind: 'refused', message: `${name} takes no parameters`, hint: `write ${name}` };
  return { kind: 'found', type };
}

function lookUpDecimal(name: string, parameters: readonly number[]): TypeLookup {
  const [precision = 10, scale = 0] = parameters;
  const whole = Number.isInteger(precision) && Number.isInteger(scale);
  if (whole && parameters.length <= 2 && precision >= 1 && precision <= 38 && scale <= precision) {
    return { kind: 'found', type: { name: 'DECIMAL', precision, scale } };
  }
  const message = `${name}(${parameters.join(', ')}) is no type`;
  return {
    kind: 'refused',
    message,
    hint: 'DECIMAL(precision, scale) with precision 1 to 38 and scale 0 to precision',
  };
}

/** A type from its text, as schemas name it: `INT`, `DECIMAL(5, 2)`. Undefined for what is none. */
export function parseDataType(text: string): DataType | undefined {
  const match = /^\s*(\w+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/.exec(text);
  if (match === null) return undefined;
  const [, name = '', ...parameters] = match;
  const numbers = parameters.filter((parameter) => parameter !== undefined).map(Number);
  const looked = lookUpType({ name: name.toUpperCase(), parameters: numbers, span: { start: 0, end: 0 } });
  return looked.kind === 'found' ? looked.type : undefined;
}

/**
 * A row as a JSON object, as Spark's to_json writes it: NULL columns are left out, numbers are numbers with all their
 * digits (NaN and infinities are texts), timestamps ISO with milliseconds, BINARY base64, a window {start, end}.
 */
import type { DataType, Field } from '@millrace/sql';
import { formatDecimalNumber, formatDouble, formatFloat } from './text/format-number.js';
import { formatIsoTimestamp } from './text/timestamp.js';
import type { MapValue, Value, WindowValue } from './vector.js';

export function renderJsonRow(fields: readonly Field[], row: readonly Value[]): string {
  const members: string[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const value = row[index]!;
    if (value === null) continue;
    members.push(`${JSON.stringify(field.name)}:${renderJson(value, field.type)}`);
  }
  return `{${members.join(',')}}`;
}

export function renderJson(value: Exclude<Value, null>, type: DataType): string {
  switch (type.name) {
    case 'FLOAT':
    case 'DOUBLE':
      return renderFloating(value as number, type.name);
    case 'DECIMAL':
      return formatDecimalNumber(value as bigint, type.scale);
    case 'TIMESTAMP':
      return `"${formatIsoTimestamp(value as number)}"`;
    case 'STRING':
      return JSON.stringify(value);
    case 'BINARY':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    case 'MAP':
      return JSON.stringify(Object.fromEntries(value as MapValue));
    case 'WINDOW': {
      const { startUs, endUs } = value as WindowValue;
      return `{"start":"${formatIsoTimestamp(startUs)}","end":"${formatIsoTimestamp(endUs)}"}`;
    }
    default:
      return String(value);
  }
}

function renderFloating(value: number, type: 'FLOAT' | 'DOUBLE'): string {
  const text = type === 'FLOAT' ? formatFloat(value) : formatDouble(value);
  return Number.isFinite(value) ? text : `"${text}"`;
}

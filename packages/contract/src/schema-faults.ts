/** What is wrong with an address' schema beyond the form of its fields, each with its place in it. */
import type { MessageSchema } from './documents.js';
import { closest } from './suggestion.js';

export interface SchemaFault {
  /** Within the schema. */
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
}

/** The columns that every message has as a row (docs/reference/sql.md); SQL knows no case of names. */
export const MESSAGE_COLUMN_NAMES = [
  'time',
  'body',
  'body_bytes',
  'address',
  'subject',
  'message_id',
  'correlation_id',
  'reply_to',
  'content_type',
  'creation_time',
  'durable',
  'priority',
  'ttl',
  'properties',
] as const;

/** What a message brings as a time of its own, beside the columns of the schema. */
const SENDER_TIME = 'creation_time';
const DECIMAL_DIGITS_MAX = 38;

export function schemaFaults(schema: MessageSchema): readonly SchemaFault[] {
  return [...formatFaults(schema), ...columnFaults(schema), ...eventTimeFaults(schema)];
}

function formatFaults({ format, columns = [] }: MessageSchema): readonly SchemaFault[] {
  if (columns.length === 0 || format === 'json' || format === 'csv') return [];
  const message = `a body in the format ${format} has no columns; write format: json or csv, or leave columns out`;
  return [{ path: ['columns'], code: 'value', message }];
}

function columnFaults({ columns = [] }: MessageSchema): readonly SchemaFault[] {
  const firsts = new Map<string, number>();
  return columns.flatMap(({ name, type }, index): SchemaFault[] => {
    const faults: SchemaFault[] = [];
    const path = ['columns', index, 'name'];
    const key = name.toLowerCase();
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, index);
    else {
      const message = `the columns ${first} and ${index} are both named ${name}; SQL knows no case of names`;
      faults.push({ path, code: 'duplicate', message });
    }
    if (MESSAGE_COLUMN_NAMES.some((own) => own === key)) {
      const message = `${name} is a column of every message; name this one otherwise, or read it with get_json_object(body, '$.${name}')`;
      faults.push({ path, code: 'value', message });
    }
    if (!isType(type)) {
      const message = `${type} is no type: DECIMAL(p, s) has 1 to ${DECIMAL_DIGITS_MAX} digits, s of them decimals`;
      faults.push({ path: ['columns', index, 'type'], code: 'value', message });
    }
    return faults;
  });
}

/** The form was checked before; what is left are the numbers of DECIMAL. */
function isType(type: string): boolean {
  const [, digits, decimals = '0'] = /\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/.exec(type) ?? [];
  if (digits === undefined) return true;
  return Number(digits) >= 1 && Number(digits) <= DECIMAL_DIGITS_MAX && Number(decimals) <= Number(digits);
}

function eventTimeFaults({ columns = [], eventTime, watermark }: MessageSchema): readonly SchemaFault[] {
  if (eventTime === undefined) {
    if (watermark === undefined) return [];
    const message = 'watermark says how late messages are by their eventTime, and there is none; name the column';
    return [{ path: ['watermark'], code: 'value', message }];
  }
  const path = ['eventTime'];
  if (eventTime.toLowerCase() === SENDER_TIME) return [];
  if (eventTime.toLowerCase() === 'time') {
    const message = 'time is when the broker took the message: windows over it need no eventTime and no watermark';
    return [{ path, code: 'value', message }];
  }
  const column = columns.find(({ name }) => name.toLowerCase() === eventTime.toLowerCase());
  if (column === undefined) {
    const meant = closest(eventTime, [...columns.map(({ name }) => name), SENDER_TIME]);
    const hint =
      meant === undefined ? 'right is a column of type TIMESTAMP, or creation_time' : `did you mean ${meant}?`;
    return [{ path, code: 'value', message: `eventTime is ${eventTime}, which is no column of the schema; ${hint}` }];
  }
  if (column.type.toUpperCase() === 'TIMESTAMP') return [];
  const message = `eventTime is the column ${eventTime} of type ${column.type}; right is a column of type TIMESTAMP`;
  return [{ path, code: 'type', message }];
}

import type { DataType, Field } from './plan.js';
import { BIGINT, BINARY, BOOLEAN, INT, MAP, STRING, TIMESTAMP } from './types.js';

/** A message as a row, and a row as a message. */

interface MessageColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** Types that an output column of this name may have. Empty: the broker sets it, so no output column has this part. */
  readonly writes: readonly DataType['name'][];
}

/** In the order of the documentation. */
export const MESSAGE_COLUMNS: readonly MessageColumn[] = [
  { name: 'time', type: TIMESTAMP, nullable: false, writes: [] },
  { name: 'body', type: STRING, nullable: true, writes: ['STRING', 'BINARY'] },
  { name: 'body_bytes', type: BINARY, nullable: true, writes: [] },
  { name: 'address', type: STRING, nullable: false, writes: ['STRING'] },
  { name: 'subject', type: STRING, nullable: true, writes: ['STRING'] },
  { name: 'message_id', type: STRING, nullable: true, writes: ['STRING'] },
  { name: 'correlation_id', type: STRING, nullable: true, writes: ['STRING'] },
  { name: 'reply_to', type: STRING, nullable: true, writes: ['STRING'] },
  { name: 'content_type', type: STRING, nullable: true, writes: ['STRING'] },
  { name: 'creation_time', type: TIMESTAMP, nullable: true, writes: ['TIMESTAMP'] },
  { name: 'durable', type: BOOLEAN, nullable: false, writes: ['BOOLEAN'] },
  { name: 'priority', type: INT, nullable: false, writes: ['INT'] },
  { name: 'ttl', type: BIGINT, nullable: true, writes: ['BIGINT', 'INT'] },
  { name: 'properties', type: MAP, nullable: false, writes: ['MAP'] },
];

/** The columns of every source. */
export const MESSAGE_FIELDS: readonly Field[] = MESSAGE_COLUMNS.map(({ name, type, nullable }) => ({
  name,
  type,
  nullable,
}));

/** The message column that an output column of this name sets, without regard to case. */
export function outputColumn(name: string): MessageColumn | undefined {
  const wanted = name.toLowerCase();
  return MESSAGE_COLUMNS.find((column) => column.name === wanted && column.writes.length > 0);
}

/** The column that every source has and that windows are over unless the text says WATERMARK. */
export const TIME_COLUMN = 'time';

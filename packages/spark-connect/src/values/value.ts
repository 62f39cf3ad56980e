import type { CalendarInterval, DayTimeInterval, LocalTimestamp, Timestamp, YearMonthInterval } from './time.js';

/**
 * What a column of each type gives in JavaScript. Nothing is rounded: what a JavaScript number or Date cannot hold comes
 * in a form that can.
 *
 * | Spark SQL | JavaScript |
 * |---|---|
 * | any type, NULL | `null` |
 * | BOOLEAN | `boolean` |
 * | TINYINT, SMALLINT, INT, FLOAT, DOUBLE | `number` |
 * | BIGINT | `bigint` |
 * | DECIMAL | `string`, with all digits of the scale: `12.30` |
 * | STRING, CHAR, VARCHAR | `string` |
 * | BINARY | `Uint8Array` |
 * | DATE | `string`: `2026-11-24` |
 * | TIME | `string`: `10:00:00.5` |
 * | TIMESTAMP | `Timestamp` |
 * | TIMESTAMP_NTZ | `LocalTimestamp` |
 * | INTERVAL YEAR TO MONTH | `YearMonthInterval` |
 * | INTERVAL DAY TO SECOND | `DayTimeInterval` |
 * | INTERVAL (calendar) | `CalendarInterval` |
 * | ARRAY | array |
 * | MAP | `Map`, in the order of the entries |
 * | STRUCT | object, a key for each field |
 * | VARIANT | object with `value` and `metadata`, both binary; `to_json` in SQL makes text of it |
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Timestamp
  | LocalTimestamp
  | YearMonthInterval
  | DayTimeInterval
  | CalendarInterval
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [field: string]: Value };

/** A row by the names of its columns. */
export type Row = { readonly [column: string]: Value };

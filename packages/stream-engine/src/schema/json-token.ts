/** What stands for a value in a JSON text, and how its bytes are to be read. */
export const JsonToken = {
  /** No JSON. */
  fault: -1,
  null: 0,
  /** Between its quotes, with nothing to undo. */
  text: 1,
  /** Between its quotes, with backslashes. */
  escapedText: 2,
  /** Digits, with a sign at most. */
  integer: 3,
  /** With a point or an exponent. */
  fraction: 4,
  /** NaN and infinities without quotes. */
  notANumber: 5,
  true: 6,
  false: 7,
  /** An object or array, with its brackets. */
  nested: 8,
} as const;
export type JsonToken = (typeof JsonToken)[keyof typeof JsonToken];

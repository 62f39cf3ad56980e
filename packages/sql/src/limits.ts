/** Bounds on what one statement may be, so that no text can exhaust time, memory or stack. */
export const LIMITS = {
  /** Characters of the text. */
  textLengthMax: 65_536,
  /** Open brackets, CASE and subqueries inside one another. */
  nestingMax: 64,
  /** Levels of one expression tree: `a + b + c` has three. */
  expressionDepthMax: 200,
  /** Expression nodes of the whole statement, aliases written out. */
  expressionsMax: 10_000,
  /** Columns of one SELECT list. */
  columnsMax: 1_000,
  /** Windows that one row may be in: length divided by slide. */
  windowOverlapMax: 1_000,
  /** Diagnostics of one check; more are not reported. */
  diagnosticsMax: 20,
} as const;

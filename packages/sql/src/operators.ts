/**
 * The operators that a plan's `call` may name beside the functions of the catalogue, with what an engine may rely on:
 * the types of the operands after the checker's casts, and the NULL rule. Overflow and division by zero are errors of
 * the row (ANSI).
 */
export const OPERATORS = {
  /** `-x`: x and the result have the same numeric type. */
  negate: 'when-any-argument-is',
  /**
   * INT, BIGINT, FLOAT, DOUBLE: both operands have the type of the result. DECIMAL: both are DECIMAL, each with its own
   * precision and scale, and the result's type says how to round (half up).
   */
  add: 'when-any-argument-is',
  subtract: 'when-any-argument-is',
  multiply: 'when-any-argument-is',
  /** `/`: both DOUBLE, or both DECIMAL. Never integers. */
  divide: 'when-any-argument-is',
  /** `DIV`: both BIGINT, or both DECIMAL; the result is BIGINT. */
  integer_divide: 'when-any-argument-is',
  /** `%`: operands as `add`; the sign is the dividend's. */
  remainder: 'when-any-argument-is',
  /** Comparisons: both operands have exactly the same type. NaN equals NaN and is greater than any other number. */
  eq: 'when-any-argument-is',
  not_eq: 'when-any-argument-is',
  lt: 'when-any-argument-is',
  lte: 'when-any-argument-is',
  gt: 'when-any-argument-is',
  gte: 'when-any-argument-is',
  /** `<=>`: NULL equals NULL. */
  null_safe_eq: 'never',
  /** Three-valued logic: `false AND NULL` is false, `true OR NULL` is true. Two operands. */
  and: 'sometimes',
  or: 'sometimes',
  not: 'when-any-argument-is',
  is_null: 'never',
  is_not_null: 'never',
  /** `x IS TRUE`: false for NULL. `IS NOT TRUE` is `not` of it. */
  is_true: 'never',
  is_false: 'never',
  /** First the value, then one or more items, all of one type. NULL if nothing is equal and something is NULL. */
  in: 'sometimes',
  /** STRING value; pattern and escape character are literals that are not NULL (`%` many, `_` one character). */
  like: 'when-any-argument-is',
  /** STRING value; the pattern is a literal that is not NULL, and may match anywhere in the value. */
  rlike: 'when-any-argument-is',
  /** Of a WINDOW: TIMESTAMP. */
  window_start: 'when-any-argument-is',
  window_end: 'when-any-argument-is',
} as const;

export type OperatorName = keyof typeof OPERATORS;

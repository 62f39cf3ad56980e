import type { DataType } from './plan.js';

/**
 * How a function of the catalogue is declared. A signature is data, so that the checker, the documentation and an
 * engine's completeness test read the same table.
 */

/** A type name as a parameter accepts it. DECIMAL stands for every precision and scale. */
export type TypeName = DataType['name'];

export interface Parameter {
  readonly name: string;
  /**
   * Types that are taken as they are. An argument of another type is cast to the first entry that Spark's implicit
   * casts reach. `common`: this argument and all other `common` ones are cast to their least common type;
   * `comparable`: the same, but a STRING is not cast to the type of the others. `joined`: all stay BINARY if all are,
   * else all become STRING. `any`: taken whatever it is.
   */
  readonly accepts: readonly TypeName[] | 'common' | 'comparable' | 'joined' | 'any';
  /** No implicit cast but from INT to BIGINT, and no bare NULL. Default: implicit casts. */
  readonly exact?: true;
  /** The checker guarantees a literal that is not NULL (patterns, formats, paths: compiled once). Default: not. */
  readonly constant?: true;
  /** What the checker fills in when the argument is left out, so an engine always sees every argument. */
  readonly fallback?: { readonly value: string | number; readonly type: DataType };
}

/** The type of the result, from the types of the arguments after their casts. */
export type ResultRule =
  | { readonly rule: 'type'; readonly type: DataType }
  /** That of the argument with this index. */
  | { readonly rule: 'argument'; readonly index: number }
  /** The least common type of the `common` or `comparable` arguments. */
  | { readonly rule: 'common' }
  /** BIGINT; for DECIMAL(p, s) DECIMAL(p - s + 1, 0). */
  | { readonly rule: 'rounded-to-integer' }
  /** That of the argument; for DECIMAL with the scale cut to the second argument. */
  | { readonly rule: 'rounded' }
  /** That of the arithmetic operator with this name. */
  | { readonly rule: 'arithmetic'; readonly operator: 'add' | 'subtract' | 'multiply' | 'divide' | 'remainder' };

/** When the result is NULL. */
export type NullRule =
  /** Exactly when an argument is NULL. */
  | 'when-any-argument-is'
  /** Only when all arguments are NULL. */
  | 'when-all-arguments-are'
  /** Also for arguments that are not NULL (no such key, bad path, overflow in a `try_` function). */
  | 'sometimes'
  | 'never';

export type FunctionCategory = 'string' | 'number' | 'condition' | 'time' | 'bytes' | 'map' | 'type';

export interface FunctionDefinition {
  /** Canonical name: what stands in a plan's `call`. */
  readonly name: string;
  /** Other names that the text may use. */
  readonly aliases: readonly string[];
  readonly category: FunctionCategory;
  readonly parameters: readonly Parameter[];
  /** The last `repeats` parameters may stand any number of times, at least `minimumRepeats`. Default: 0, no repetition. */
  readonly repeats?: number;
  /** Default: 1. */
  readonly minimumRepeats?: number;
  readonly result: ResultRule;
  readonly nulls: NullRule;
  /**
   * The checker rewrites the call to operators, CASE, CAST or another function, so no engine ever sees this name.
   * Default: not.
   */
  readonly rewritten?: true;
  /** How a call is written, where it is not the list of the parameters. Default: it is. */
  readonly written?: string;
  /** One sentence for the documentation. */
  readonly summary: string;
}

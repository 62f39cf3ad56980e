/** Short forms to declare functions of values with. */
import type { Value } from '../vector.js';
import type { CallExpression } from './evaluator.js';
import type { FunctionImplementation, RowFunction } from './row-function.js';

export type FunctionTable = Readonly<Record<string, FunctionImplementation>>;

/** NULL when an argument is, never fails. Arguments have the types that the catalogue says. */
export function total(compute: (...args: never[]) => Value): FunctionImplementation {
  return { nulls: 'strict', fallible: false, bind: () => positional(compute) };
}

/** As `total`, but may throw RowError. */
export function partial(compute: (...args: never[]) => Value): FunctionImplementation {
  return { nulls: 'strict', fallible: true, bind: () => positional(compute) };
}

/** NULL when an argument is; the function is made once for each call, from the literals in it. */
export function bound(
  traits: { readonly fallible: boolean },
  bind: (call: CallExpression) => RowFunction,
): FunctionImplementation {
  return { nulls: 'strict', fallible: traits.fallible, bind };
}

/** Sees NULLs and any number of arguments. */
export function variadic(traits: { readonly fallible: boolean }, compute: RowFunction): FunctionImplementation {
  return { nulls: 'given', fallible: traits.fallible, bind: () => compute };
}

function positional(compute: (...args: never[]) => Value): RowFunction {
  const call = compute as unknown as (a: Value, b: Value, c: Value) => Value;
  return (args) => call(args[0]!, args[1]!, args[2]!);
}

/** The value of an argument that the checker guarantees to be a literal. */
export function literalOf(call: CallExpression, index: number): Value {
  const argument = call.args[index];
  if (argument?.kind !== 'literal') throw new Error(`argument ${index + 1} of ${call.name} must be a literal`);
  return argument.value;
}

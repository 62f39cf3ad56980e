/**
 * `+ - * / DIV %` and `-x` over columns, with Spark's ANSI rules: overflow of INT and BIGINT and division by zero (of
 * DOUBLE too) fail the row. One loop a form and operator, without a branch that leaves it: how many rows went wrong comes
 * back, and only then the rows are looked for.
 */
import type { DataType, Span } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import type { ErrorCondition, ErrorSite, RowErrors } from '../errors.js';
import { formOf, Result, readValue, type Vector } from '../vector.js';
import { decimalArithmetic } from './decimal.js';
import { type CallExpression, ConstantEvaluator, type Evaluator } from './evaluator.js';
import { RowFunctionEvaluator } from './row-function.js';

/** @returns how many of the rows failed */
type Kernel<T> = (left: T, right: T, out: T, count: number) => number;

const INT_KERNELS: Readonly<Record<string, Kernel<Int32Array>>> = {
  add(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const sum = left[row]! + right[row]!;
      out[row] = sum;
      if (sum !== (sum | 0)) failed++;
    }
    return failed;
  },
  subtract(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const difference = left[row]! - right[row]!;
      out[row] = difference;
      if (difference !== (difference | 0)) failed++;
    }
    return failed;
  },
  multiply(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const product = left[row]! * right[row]!;
      out[row] = product;
      if (product > 2147483647 || product < -2147483648) failed++;
    }
    return failed;
  },
  remainder(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const divisor = right[row]!;
      if (divisor === 0) failed++;
      else out[row] = left[row]! % divisor;
    }
    return failed;
  },
};

const LONG_KERNELS: Readonly<Record<string, Kernel<BigInt64Array>>> = {
  add(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const a = left[row]!;
      const b = right[row]!;
      const sum = BigInt.asIntN(64, a + b);
      out[row] = sum;
      if (((a ^ sum) & (b ^ sum)) < 0n) failed++;
    }
    return failed;
  },
  subtract(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const a = left[row]!;
      const b = right[row]!;
      const difference = BigInt.asIntN(64, a - b);
      out[row] = difference;
      if (((a ^ b) & (a ^ difference)) < 0n) failed++;
    }
    return failed;
  },
  multiply(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const product = left[row]! * right[row]!;
      const wrapped = BigInt.asIntN(64, product);
      out[row] = wrapped;
      if (wrapped !== product) failed++;
    }
    return failed;
  },
  integer_divide(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const divisor = right[row]!;
      if (divisor === 0n || (divisor === -1n && left[row] === -9223372036854775808n)) failed++;
      else out[row] = left[row]! / divisor;
    }
    return failed;
  },
  remainder(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const divisor = right[row]!;
      if (divisor === 0n) failed++;
      else out[row] = left[row]! % divisor;
    }
    return failed;
  },
};

const DOUBLE_KERNELS: Readonly<Record<string, Kernel<Float64Array>>> = {
  add(left, right, out, count) {
    for (let row = 0; row < count; row++) out[row] = left[row]! + right[row]!;
    return 0;
  },
  subtract(left, right, out, count) {
    for (let row = 0; row < count; row++) out[row] = left[row]! - right[row]!;
    return 0;
  },
  multiply(left, right, out, count) {
    for (let row = 0; row < count; row++) out[row] = left[row]! * right[row]!;
    return 0;
  },
  divide(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const divisor = right[row]!;
      out[row] = left[row]! / divisor;
      if (divisor === 0) failed++;
    }
    return failed;
  },
  remainder(left, right, out, count) {
    let failed = 0;
    for (let row = 0; row < count; row++) {
      const divisor = right[row]!;
      out[row] = left[row]! % divisor;
      if (divisor === 0) failed++;
    }
    return failed;
  },
};

const DIVIDES: ReadonlySet<string> = new Set(['divide', 'integer_divide', 'remainder']);
const SYMBOLS: Readonly<Record<string, string>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  integer_divide: 'DIV',
  remainder: '%',
};

export interface ArithmeticCall {
  readonly name: string;
  readonly type: DataType;
  readonly span: Span;
}

/** @param mode `try` gives NULL where `ansi` fails the row */
export function compileArithmetic(
  call: ArithmeticCall,
  left: Evaluator,
  right: Evaluator,
  mode: 'ansi' | 'try' = 'ansi',
): Evaluator {
  if (left.type.name === 'DECIMAL' && right.type.name === 'DECIMAL') return compileDecimal(call, left, right, mode);
  return new ArithmeticEvaluator(call, left, right, mode);
}

function compileDecimal(call: ArithmeticCall, left: Evaluator, right: Evaluator, mode: 'ansi' | 'try'): Evaluator {
  const compute = decimalArithmetic(call.name, [left.type, right.type], call.type, mode);
  return new RowFunctionEvaluator(call, [left, right], compute, { nulls: 'strict', fallible: mode === 'ansi' });
}

class ArithmeticEvaluator implements Evaluator {
  readonly type: DataType;
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly left: Evaluator;
  private readonly right: Evaluator;
  private readonly result: Result;
  private readonly kernel: Kernel<never>;
  private readonly call: ArithmeticCall;
  private readonly mode: 'ansi' | 'try';
  private leftVector: Vector | undefined;
  private rightVector: Vector | undefined;

  constructor(call: ArithmeticCall, left: Evaluator, right: Evaluator, mode: 'ansi' | 'try') {
    this.call = call;
    this.type = call.type;
    this.left = left;
    this.right = right;
    this.mode = mode;
    this.result = new Result(formOf(left.type));
    this.kernel = chooseKernel(call.name, this.result.vector.form) as Kernel<never>;
    const canFail = this.result.vector.form !== 'doubles' || DIVIDES.has(call.name);
    this.fallible = (canFail && mode === 'ansi') || left.fallible || right.fallible;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const left = this.left.evaluate(batch, errors);
    const right = this.right.evaluate(batch, errors);
    const vector = this.result.beginWith(batch.count, left.nulls, right.nulls);
    this.leftVector = left;
    this.rightVector = right;
    const failed = this.kernel(valuesOf(left), valuesOf(right), valuesOf(vector), batch.count);
    if (failed > 0) this.findFailed(batch.count, errors);
    if (this.type.name === 'FLOAT') roundToFloat(vector, batch.count);
    return vector;
  }

  private findFailed(count: number, errors: RowErrors): void {
    for (let row = 0; row < count; row++) {
      const condition = this.failureOf(row);
      if (condition === undefined) continue;
      if (this.mode === 'ansi') errors.mark(row, this.site(condition));
      this.result.setNull(row);
    }
  }

  private failureOf(row: number): ErrorCondition | undefined {
    if (this.result.vector.nulls?.[row] === 1) return undefined;
    const left = readValue(this.leftVector!, this.left.type, row);
    const right = readValue(this.rightVector!, this.right.type, row);
    if (DIVIDES.has(this.call.name)) {
      if (right === 0 || right === 0n) return this.call.name === 'remainder' ? 'REMAINDER_BY_ZERO' : 'DIVIDE_BY_ZERO';
      if (this.call.name !== 'integer_divide') return undefined;
    }
    if (this.result.vector.form === 'doubles') return undefined;
    const exact = exactResult(this.call.name, BigInt(left as number), BigInt(right as number));
    const bits = this.result.vector.form === 'ints' ? 32 : 64;
    return BigInt.asIntN(bits, exact) === exact ? undefined : 'ARITHMETIC_OVERFLOW';
  }

  private site(condition: ErrorCondition): ErrorSite {
    const describe = (row: number): string => {
      const left = readValue(this.leftVector!, this.left.type, row);
      const right = readValue(this.rightVector!, this.right.type, row);
      const shown = `${left} ${SYMBOLS[this.call.name]} ${right}`;
      if (condition !== 'ARITHMETIC_OVERFLOW') return `${shown} divides by zero; ${divisionHint(this.call.name)}`;
      return `${shown} does not fit in ${this.type.name}; cast to a wider type, or use try_${this.call.name}`;
    };
    return { condition, span: this.call.span, describe };
  }
}

/** There is no try_ form of DIV and %. */
function divisionHint(name: string): string {
  return name === 'divide' ? 'try_divide gives NULL instead' : 'nullif(divisor, 0) gives NULL instead';
}

function exactResult(name: string, left: bigint, right: bigint): bigint {
  switch (name) {
    case 'add':
      return left + right;
    case 'subtract':
      return left - right;
    case 'multiply':
      return left * right;
    default:
      return left / right;
  }
}

function chooseKernel(name: string, form: Vector['form']): unknown {
  const table = form === 'ints' ? INT_KERNELS : form === 'longs' ? LONG_KERNELS : DOUBLE_KERNELS;
  const kernel = table[name];
  if (kernel === undefined) throw new Error(`no operator ${name} over ${form}`);
  return kernel;
}

function roundToFloat(vector: Vector, count: number): void {
  const values = valuesOf(vector) as Float64Array;
  for (let row = 0; row < count; row++) values[row] = Math.fround(values[row]!);
}

/** `-x` as `x * -1`, which keeps the sign of a zero and fails for the least INT and BIGINT. */
export function compileNegate(call: CallExpression, operand: Evaluator): Evaluator {
  if (call.type.name === 'DECIMAL')
    return new RowFunctionEvaluator(call, [operand], ([x]) => -(x as bigint), { nulls: 'strict', fallible: false });
  const minusOne = new ConstantEvaluator(call.type.name === 'BIGINT' ? -1n : -1, call.type);
  return compileArithmetic({ name: 'multiply', type: call.type, span: call.span }, operand, minusOne);
}

/** The typed array under a vector, for a kernel that was chosen by the vector's form. */
function valuesOf(vector: Vector): never {
  return (vector as Exclude<Vector, { form: 'bytes' | 'dictionary' }>).values as never;
}

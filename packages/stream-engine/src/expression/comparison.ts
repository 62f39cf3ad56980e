/**
 * `= <> < <= > >=` over columns. Order is Spark's: NaN equals NaN and is greater than any other number, 0.0 equals -0.0,
 * texts go by their UTF-8 bytes. As that is a total order, six operators come of two kernels: `a >= b` is not `a < b`.
 */
import type { ColumnBatch } from '../column-batch.js';
import type { RowErrors } from '../errors.js';
import { NameMemo } from '../name-memo.js';
import {
  type Bytes,
  type Dictionary,
  type Flags,
  formOf,
  Result,
  readValue,
  type Value,
  type Vector,
} from '../vector.js';
import type { CallExpression, Evaluator } from './evaluator.js';
import { RowFunctionEvaluator } from './row-function.js';

interface Shape {
  readonly kernel: 'eq' | 'lt';
  readonly swapped: boolean;
  readonly negated: boolean;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  eq: { kernel: 'eq', swapped: false, negated: false },
  not_eq: { kernel: 'eq', swapped: false, negated: true },
  lt: { kernel: 'lt', swapped: false, negated: false },
  gte: { kernel: 'lt', swapped: false, negated: true },
  gt: { kernel: 'lt', swapped: true, negated: false },
  lte: { kernel: 'lt', swapped: true, negated: true },
};

export function compileComparison(call: CallExpression, left: Evaluator, right: Evaluator): Evaluator {
  const shape = SHAPES[call.name];
  if (shape === undefined) throw new Error(`no comparison ${call.name}`);
  const form = formOf(left.type);
  if (form === 'ints' || form === 'doubles' || form === 'longs') return new NumberComparison(call, left, right, shape);
  const literal = right.constant;
  if (shape.kernel === 'eq' && left.type.name === 'STRING' && typeof literal === 'string')
    return new TextEquality(call, left, literal, shape.negated);
  const compute = (args: readonly Value[]): Value => {
    const order = compareValues(args[0]!, args[1]!);
    const holds = shape.kernel === 'eq' ? order === 0 : shape.swapped ? order > 0 : order < 0;
    return holds !== shape.negated;
  };
  return new RowFunctionEvaluator(call, [left, right], compute, { nulls: 'strict', fallible: false });
}

/** Less than 0, 0, or more than 0, in Spark's order; both values are of one type and not NULL. */
export function compareValues(left: Value, right: Value): number {
  if (typeof left === 'string') return compareTexts(left, right as string);
  if (left instanceof Uint8Array) return Buffer.compare(left, right as Uint8Array);
  if (typeof left === 'number') return compareDoubles(left, right as number);
  if (typeof left === 'bigint' || typeof left === 'boolean') return left < right! ? -1 : left > right! ? 1 : 0;
  const a = left as { startUs: number; endUs: number };
  const b = right as { startUs: number; endUs: number };
  return a.startUs - b.startUs || a.endUs - b.endUs;
}

export function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (left === right) return 0;
  return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
}

/** By code points, which is the order of UTF-8 bytes; UTF-16 units differ from it above U+D7FF only. */
export function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    const aSurrogate = a >= 0xd800 && a < 0xe000;
    const bSurrogate = b >= 0xd800 && b < 0xe000;
    return aSurrogate === bSurrogate ? a - b : aSurrogate ? 1 : -1;
  }
  return left.length - right.length;
}

type Kernel<T> = (left: T, right: T, out: Uint8Array, flip: number, count: number) => void;

// One copy of each loop for each form: a loop that saw two kinds of array is several times slower for both.
const INT_KERNELS: Readonly<Record<Shape['kernel'], Kernel<Int32Array>>> = {
  eq(left, right, out, flip, count) {
    for (let row = 0; row < count; row++) out[row] = (left[row] === right[row] ? 1 : 0) ^ flip;
  },
  lt(left, right, out, flip, count) {
    for (let row = 0; row < count; row++) out[row] = (left[row]! < right[row]! ? 1 : 0) ^ flip;
  },
};
const LONG_KERNELS: Readonly<Record<Shape['kernel'], Kernel<BigInt64Array>>> = {
  eq(left, right, out, flip, count) {
    for (let row = 0; row < count; row++) out[row] = (left[row] === right[row] ? 1 : 0) ^ flip;
  },
  lt(left, right, out, flip, count) {
    for (let row = 0; row < count; row++) out[row] = (left[row]! < right[row]! ? 1 : 0) ^ flip;
  },
};
const DOUBLE_KERNELS: Readonly<Record<Shape['kernel'], Kernel<Float64Array>>> = {
  eq(left, right, out, flip, count) {
    for (let row = 0; row < count; row++) {
      const a = left[row]!;
      const b = right[row]!;
      out[row] = (a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 1 : 0) ^ flip;
    }
  },
  lt(left, right, out, flip, count) {
    for (let row = 0; row < count; row++) {
      const a = left[row]!;
      const b = right[row]!;
      out[row] = (a < b || (Number.isNaN(b) && !Number.isNaN(a)) ? 1 : 0) ^ flip;
    }
  },
};

class NumberComparison implements Evaluator {
  readonly type: CallExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly left: Evaluator;
  private readonly right: Evaluator;
  private readonly flip: number;
  private readonly kernel: Kernel<never>;
  private readonly result = new Result<Flags>('flags');

  constructor(call: CallExpression, left: Evaluator, right: Evaluator, shape: Shape) {
    this.type = call.type;
    this.left = shape.swapped ? right : left;
    this.right = shape.swapped ? left : right;
    this.flip = shape.negated ? 1 : 0;
    this.fallible = left.fallible || right.fallible;
    const form = formOf(left.type);
    const table = form === 'ints' ? INT_KERNELS : form === 'longs' ? LONG_KERNELS : DOUBLE_KERNELS;
    this.kernel = table[shape.kernel] as Kernel<never>;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const left = this.left.evaluate(batch, errors) as Flags;
    const right = this.right.evaluate(batch, errors) as Flags;
    const vector = this.result.beginWith(batch.count, left.nulls, right.nulls);
    this.kernel(left.values as never, right.values as never, vector.values, this.flip, batch.count);
    return vector;
  }
}

/** `text = 'literal'`: a dictionary is compared once for each name, bytes are compared where they lie. */
class TextEquality implements Evaluator {
  readonly type: CallExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly operand: Evaluator;
  private readonly literal: string;
  private readonly literalBytes: Buffer;
  private readonly flip: number;
  private readonly memo = new NameMemo();
  private readonly result = new Result<Flags>('flags');

  constructor(call: CallExpression, operand: Evaluator, literal: string, negated: boolean) {
    this.type = call.type;
    this.operand = operand;
    this.literal = literal;
    this.literalBytes = Buffer.from(literal);
    this.flip = negated ? 1 : 0;
    this.fallible = operand.fallible;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const operand = this.operand.evaluate(batch, errors);
    const vector = this.result.beginWith(batch.count, operand.nulls, undefined);
    const out = vector.values;
    if (operand.form === 'bytes') this.compareBytes(operand, out, batch.count);
    else if (operand.form === 'dictionary') this.compareIds(operand, out, batch.count);
    else {
      for (let row = 0; row < batch.count; row++)
        out[row] = (readValue(operand, this.operand.type, row) === this.literal ? 1 : 0) ^ this.flip;
    }
    return vector;
  }

  private compareIds(operand: Dictionary, out: Uint8Array, count: number): void {
    const { ids, names } = operand;
    const known = this.memo.of(names);
    for (let row = 0; row < count; row++) {
      const id = ids[row]!;
      if (known[id] === -1) known[id] = (names[id] === this.literal ? 1 : 0) ^ this.flip;
      out[row] = known[id]!;
    }
  }

  private compareBytes(operand: Bytes, out: Uint8Array, count: number): void {
    const { literalBytes, flip } = this;
    const { bytes, starts, ends } = operand;
    const length = literalBytes.length;
    for (let row = 0; row < count; row++) {
      const start = starts[row]!;
      let same = ends[row]! - start === length ? 1 : 0;
      for (let at = 0; same === 1 && at < length; at++) if (bytes[start + at] !== literalBytes[at]) same = 0;
      out[row] = same ^ flip;
    }
  }
}

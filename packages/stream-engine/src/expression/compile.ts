/** From the plan's expressions to evaluators. */
import type { DataType, Expression } from '@millrace/sql';
import type { Value, WindowValue } from '../vector.js';
import { compileArithmetic, compileNegate } from './arithmetic.js';
import { BYTE_FUNCTIONS, MAP_FUNCTIONS } from './byte-functions.js';
import { compileCast, sameType } from './cast.js';
import { compareValues, compileComparison } from './comparison.js';
import { CaseEvaluator, CoalesceEvaluator } from './conditional.js';
import {
  type CallExpression,
  type CastExpression,
  ColumnEvaluator,
  ConstantEvaluator,
  type Evaluator,
} from './evaluator.js';
import { type FunctionTable, literalOf, total, variadic } from './function-table.js';
import { LogicEvaluator, NotEvaluator, TestEvaluator } from './logic.js';
import { NUMBER_FUNCTIONS } from './number-functions.js';
import { compileLike, compileRlike } from './pattern.js';
import { RowFunctionEvaluator } from './row-function.js';
import { SharedEvaluator, sharingKey } from './shared.js';
import { TEXT_FUNCTIONS } from './text-functions.js';
import { TIME_FUNCTIONS } from './time-functions.js';

const OPERATOR_FUNCTIONS: FunctionTable = {
  window_start: total((window: WindowValue) => window.startUs),
  window_end: total((window: WindowValue) => window.endUs),
  null_safe_eq: variadic({ fallible: false }, ([left, right]) =>
    left === null || right === null ? left === right : compareValues(left!, right!) === 0,
  ),
  in: variadic({ fallible: false }, isAmong),
};

/** NULL when the value is, or when nothing is equal and an item is NULL. */
function isAmong(args: readonly Value[]): Value {
  const value = args[0]!;
  if (value === null) return null;
  let sawNull = false;
  for (let index = 1; index < args.length; index++) {
    const item = args[index]!;
    if (item === null) sawNull = true;
    else if (compareValues(value, item) === 0) return true;
  }
  return sawNull ? null : false;
}

const FUNCTIONS: FunctionTable = {
  ...OPERATOR_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...BYTE_FUNCTIONS,
  ...MAP_FUNCTIONS,
};

/** Functions that are no row functions: each has its own evaluator. */
const EVALUATED = [
  ...['add', 'subtract', 'multiply', 'divide', 'integer_divide', 'remainder', 'negate'],
  ...['try_add', 'try_subtract', 'try_multiply', 'try_divide'],
  ...['eq', 'not_eq', 'lt', 'lte', 'gt', 'gte'],
  ...['and', 'or', 'not', 'is_null', 'is_not_null', 'is_true', 'is_false'],
  ...['like', 'rlike', 'coalesce'],
] as const;

/** Canonical names of every function and operator that this engine computes. */
export const IMPLEMENTED_FUNCTIONS: ReadonlySet<string> = new Set([...Object.keys(FUNCTIONS), ...EVALUATED]);

/** The expressions of one operator; equal ones that cannot fail are computed once a batch. */
export class ExpressionCompiler {
  private readonly shared = new Map<string, Evaluator>();

  compile(expression: Expression): Evaluator {
    if (expression.kind === 'column') return new ColumnEvaluator(expression.index, expression.field.type);
    if (expression.kind === 'literal') return new ConstantEvaluator(expression.value, expression.type);
    const key = sharingKey(expression);
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    const evaluator = this.compileComputed(expression);
    if (evaluator.fallible || evaluator.constant !== undefined) return evaluator;
    const shared = new SharedEvaluator(evaluator);
    this.shared.set(key, shared);
    return shared;
  }

  private compileComputed(expression: Exclude<Expression, { kind: 'column' | 'literal' }>): Evaluator {
    switch (expression.kind) {
      case 'cast':
        return compileCast(expression, this.compile(expression.operand));
      case 'case':
        return new CaseEvaluator(
          expression.type,
          expression.branches.map((branch) => ({ when: this.compile(branch.when), result: this.compile(branch.then) })),
          expression.otherwise === undefined ? undefined : this.compile(expression.otherwise),
        );
      case 'call':
        return this.compileCall(
          expression,
          expression.args.map((argument) => this.compile(argument)),
        );
    }
  }

  private compileCall(call: CallExpression, args: readonly Evaluator[]): Evaluator {
    const [first, second] = args as [Evaluator, Evaluator];
    switch (call.name) {
      case 'add':
      case 'subtract':
      case 'multiply':
      case 'divide':
      case 'integer_divide':
      case 'remainder':
        return compileArithmetic(call, first, second);
      case 'try_add':
      case 'try_subtract':
      case 'try_multiply':
      case 'try_divide':
        return this.compileTry(call, first, second);
      case 'negate':
        return compileNegate(call, first);
      case 'eq':
      case 'not_eq':
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return compileComparison(call, first, second);
      case 'and':
      case 'or':
        return new LogicEvaluator(call, first, second);
      case 'not':
        return new NotEvaluator(call, first);
      case 'is_null':
      case 'is_not_null':
      case 'is_true':
      case 'is_false':
        return new TestEvaluator(call, first);
      case 'like':
        return compileLike(call, first, literalOf(call, 1) as string, literalOf(call, 2) as string);
      case 'rlike':
        return compileRlike(call, first);
      case 'coalesce':
        return new CoalesceEvaluator(call.type, args);
      default:
        return compileFunction(call, args);
    }
  }

  /** The operands of `try_` functions keep their own types in the plan; the operators want one. */
  private compileTry(call: CallExpression, left: Evaluator, right: Evaluator): Evaluator {
    const name = call.name.slice('try_'.length);
    const both = [left, right].map((operand) => convert(operand, operandType(operand.type, call.type), call));
    return compileArithmetic({ name, type: call.type, span: call.span }, both[0]!, both[1]!, 'try');
  }
}

function operandType(operand: DataType, result: DataType): DataType {
  if (result.name !== 'DECIMAL' || operand.name === 'DECIMAL') return result.name === 'DECIMAL' ? operand : result;
  return { name: 'DECIMAL', precision: operand.name === 'INT' ? 10 : 20, scale: 0 };
}

function convert(operand: Evaluator, type: DataType, call: CallExpression): Evaluator {
  if (sameType(operand.type, type)) return operand;
  const cast = { kind: 'cast', type, mode: 'try', span: call.span, nullable: true } as const;
  return compileCast(cast as unknown as CastExpression, operand);
}

function compileFunction(call: CallExpression, args: readonly Evaluator[]): Evaluator {
  const implementation = Object.hasOwn(FUNCTIONS, call.name) ? FUNCTIONS[call.name] : undefined;
  if (implementation === undefined) throw new Error(`the engine has no function ${call.name}`);
  return new RowFunctionEvaluator(call, args, implementation.bind(call), implementation);
}

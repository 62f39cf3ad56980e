import { checkAggregate, isAggregate } from './aggregate-rules.js';
import { castTo } from './casts.js';
import { castsExplicitly } from './coercion.js';
import type { CheckContext } from './context.js';
import { isNullable, planBranch, typeOf } from './expression-tools.js';
import { checkFunction } from './function-rules.js';
import { checkField, checkName } from './name-rules.js';
import type { NameLayer } from './names.js';
import {
  checkArithmetic,
  checkComparison,
  checkLogic,
  checkNegation,
  commonTypeOf,
  comparisonName,
  joinTexts,
} from './operator-rules.js';
import type { AggregateCall, Expression } from './plan.js';
import { checkBetween, checkIn, checkIs, checkLike } from './predicate-rules.js';
import type { Syntax } from './syntax.js';
import { lookUpType, STRING, typeText, VOID } from './types.js';

/**
 * One expression: names looked up, types found, implicit casts written out. Every check gives the checked expression,
 * or undefined after having reported what is wrong; so a mistake is reported once, where it is.
 */

/** Takes the aggregates out of an expression and gives columns of the aggregation for them. */
export interface AggregateSink {
  add(call: AggregateCall): Expression;
  /** The window that the statement groups by, if the arguments are the same; else reports. */
  window(syntax: Extract<Syntax, { kind: 'call' }>): Expression | undefined;
}

export interface CheckerScope {
  /** Asked in this order. */
  readonly layers: readonly NameLayer[];
  /** Where aggregates may stand. */
  readonly sink?: AggregateSink;
  /** Names inside an aggregate's argument. Default: `layers`. */
  readonly inner?: readonly NameLayer[];
  /** For messages: `WHERE`, `GROUP BY`, … */
  readonly place: string;
}

export class ExpressionChecker {
  readonly context: CheckContext;
  readonly scope: CheckerScope;

  constructor(context: CheckContext, scope: CheckerScope) {
    this.context = context;
    this.scope = scope;
  }

  check(syntax: Syntax): Expression | undefined {
    if (!this.context.spend(syntax.span)) return undefined;
    return this.context.deeper(syntax.span, () => this.#dispatch(syntax));
  }

  /** A checker for what stands inside an expression of this one: no aggregates, and `inner` names. */
  inside(place: string): ExpressionChecker {
    return new ExpressionChecker(this.context, { layers: this.scope.inner ?? this.scope.layers, place });
  }

  /** All of them, or undefined if one is wrong; each is checked in any case. */
  checkAll(list: readonly Syntax[]): readonly Expression[] | undefined {
    const checked = list.map((syntax) => this.check(syntax));
    return checked.every((expression) => expression !== undefined) ? checked : undefined;
  }

  #dispatch(syntax: Syntax): Expression | undefined {
    switch (syntax.kind) {
      case 'literal':
        return { kind: 'literal', value: syntax.value, type: syntax.type, span: syntax.span };
      case 'name':
        return checkName(this, syntax);
      case 'field':
        return this.#over([syntax.base], ([base]) => checkField(this.context, base, syntax.name));
      case 'index':
        return this.#index(syntax);
      case 'unary':
        return this.#unary(syntax);
      case 'binary':
        return this.#binary(syntax);
      case 'between':
        return checkBetween(this, syntax);
      case 'in':
        return checkIn(this, syntax);
      case 'like':
        return checkLike(this, syntax);
      case 'is':
        return checkIs(this, syntax);
      case 'case':
        return this.#case(syntax);
      case 'cast':
        return this.#cast(syntax);
      case 'call':
        return isAggregate(syntax) ? checkAggregate(this, syntax) : checkFunction(this, syntax);
      case 'interval':
        return this.context.report('UNSUPPORTED', syntax.span, [
          'INTERVAL stands only in WATERMARK … DELAY OF',
          `window() takes its durations as text: '5 seconds'; a time is moved by timestamp_millis(unix_millis(time) + 5000)`,
        ]);
      case 'missing':
        return undefined;
    }
  }

  #over<const List extends readonly Syntax[]>(
    list: List,
    make: (checked: { [Index in keyof List]: Expression }) => Expression | undefined,
  ): Expression | undefined {
    const checked = this.checkAll(list);
    return checked === undefined ? undefined : make(checked as unknown as { [Index in keyof List]: Expression });
  }

  #unary(syntax: Extract<Syntax, { kind: 'unary' }>): Expression | undefined {
    return this.#over([syntax.operand], ([operand]) =>
      syntax.operator === 'NOT'
        ? checkLogic(this.context, 'not', [operand], syntax.span)
        : checkNegation(this.context, syntax.operator, operand, syntax.span),
    );
  }

  #binary({ operator, left, right, span }: Extract<Syntax, { kind: 'binary' }>): Expression | undefined {
    return this.#over([left, right], (operands) => {
      switch (operator) {
        case 'AND':
        case 'OR':
          return checkLogic(this.context, operator === 'AND' ? 'and' : 'or', operands, span);
        case '||':
          return joinTexts(this.context, operands, span);
        case '=':
        case '<>':
        case '<':
        case '<=':
        case '>':
        case '>=':
        case '<=>':
          return checkComparison(this.context, comparisonName(operator), operands, span);
        default:
          return checkArithmetic(this.context, operator, operands, span);
      }
    });
  }

  #index({ base, key, span }: Extract<Syntax, { kind: 'index' }>): Expression | undefined {
    return this.#over([base, key], ([map, index]) => {
      const type = typeOf(map);
      if (type.name === 'MAP' && typeOf(index).name === 'STRING') {
        return { kind: 'call', name: 'element_at', args: [map, index], type: STRING, nullable: true, span };
      }
      const hint =
        type.name === 'MAP'
          ? `a key is a STRING: ${this.context.text(base.span)}['key']`
          : 'a part of a text: substring(text, position, length)';
      return this.context.report('TYPE_MISMATCH', span, [
        `${typeText(type)} has no element at ${typeText(typeOf(index))}`,
        hint,
      ]);
    });
  }

  #case({ operand, branches, otherwise, span }: Extract<Syntax, { kind: 'case' }>): Expression | undefined {
    const key = operand === undefined ? undefined : this.check(operand);
    const conditions = branches.map(({ when }) => this.#condition(when, operand, key));
    const results = this.checkAll([
      ...branches.map((branch) => branch.then),
      ...(otherwise === undefined ? [] : [otherwise]),
    ]);
    if (results === undefined || conditions.includes(undefined)) return undefined;
    const type = commonTypeOf(this.context, results, { what: 'the results of CASE', span });
    if (type === undefined) return undefined;
    const cast = results.map((result) => castTo(result, type));
    const checked = conditions.flatMap((when, index) => {
      const result = cast[index];
      return when === undefined || result === undefined ? [] : [planBranch(when, result)];
    });
    const last = otherwise === undefined ? undefined : cast.at(-1);
    return {
      kind: 'case',
      branches: checked,
      otherwise: last,
      type,
      nullable: last === undefined || cast.some(isNullable),
      span,
    };
  }

  /** A simple CASE compares its operand with each WHEN. */
  #condition(when: Syntax, operand: Syntax | undefined, key: Expression | undefined): Expression | undefined {
    const checked = this.check(when);
    if (checked === undefined) return undefined;
    if (operand === undefined) return this.condition(checked, 'WHEN');
    return key === undefined || !this.context.spendCopy(key)
      ? undefined
      : checkComparison(this.context, 'eq', [key, checked], when.span);
  }

  /** A BOOLEAN, for WHERE, HAVING, FILTER and WHEN. */
  condition(expression: Expression, place: string): Expression | undefined {
    const type = typeOf(expression);
    if (type.name === 'BOOLEAN') return expression;
    const hint =
      type.name === 'STRING'
        ? `compare it: body = 'on', or CAST(body AS BOOLEAN)`
        : 'compare it: value <> 0, or value IS NOT NULL';
    return this.context.report('TYPE_MISMATCH', expression.span, [
      `${place} needs a BOOLEAN, this is ${typeText(type)}`,
      hint,
    ]);
  }

  #cast({ operand, type: syntax, mode, span }: Extract<Syntax, { kind: 'cast' }>): Expression | undefined {
    const looked = lookUpType(syntax);
    if (looked.kind === 'refused') this.context.report('UNKNOWN_TYPE', syntax.span, [looked.message, looked.hint]);
    const checked = this.check(operand);
    if (checked === undefined || looked.kind === 'refused') return undefined;
    const from = typeOf(checked);
    const { type } = looked;
    if (!castsExplicitly(from, type)) {
      return this.context.report('BAD_CAST', span, [
        `no cast from ${typeText(from)} to ${typeText(type)}`,
        castHint(from.name, type.name),
      ]);
    }
    if (from.name === type.name && from.name !== 'DECIMAL') return { ...checked, span };
    if (from.name === VOID.name) return { ...castTo(checked, type), span };
    return { kind: 'cast', operand: checked, type, mode, nullable: mode === 'try' || isNullable(checked), span };
  }
}

function castHint(from: string, to: string): string {
  if (from === 'MAP') return `take one value: properties['key']`;
  if (from === 'WINDOW') return 'take one end: window.start or window.end';
  if (from === 'TIMESTAMP' && to === 'BOOLEAN') return 'compare it: time IS NOT NULL';
  if (to === 'BINARY') return 'through text: CAST(CAST(x AS STRING) AS BINARY)';
  return from === 'BINARY' ? 'through text: CAST(CAST(x AS STRING) AS INT)' : 'cast to STRING first';
}

import type { CheckContext } from './context.js';
import type { AggregateSink } from './expression-checker.js';
import { childrenOf, expressionKey, isNullable, typeOf, withChildren } from './expression-tools.js';
import type { NameLayer } from './names.js';
import type { AggregateCall, Expression, Field, Span, WindowSpec } from './plan.js';
import type { Syntax } from './syntax.js';
import { WINDOW } from './types.js';

/**
 * The aggregation of one SELECT. Its expressions are checked over the input's columns, with a stand-in column for each
 * aggregate and for the window; then they are rewritten over the aggregation's output: the window, the groups, the
 * aggregates. A stand-in has a negative index, which no column of an input has.
 */

const WINDOW_INDEX = -1;
const FIRST_AGGREGATE_INDEX = -2;

const WINDOW_FIELD: Field = { name: 'window', type: WINDOW, nullable: false };

function standInIndex(aggregate: number): number {
  return FIRST_AGGREGATE_INDEX - aggregate;
}

export interface Grouping {
  readonly window: WindowSpec;
  readonly groups: readonly Expression[];
}

export class Aggregation {
  readonly #context: CheckContext;
  readonly #grouping: Grouping;
  readonly #groupKeys: readonly string[];
  readonly #aggregates: AggregateCall[] = [];
  readonly #aggregateKeys: string[] = [];

  constructor(context: CheckContext, grouping: Grouping) {
    this.#context = context;
    this.#grouping = grouping;
    this.#groupKeys = grouping.groups.map(expressionKey);
  }

  get aggregates(): readonly AggregateCall[] {
    return this.#aggregates;
  }

  /** What SELECT and HAVING put their aggregates into. `sameWindow` checks a window() call against the grouping's. */
  sink(sameWindow: (syntax: Extract<Syntax, { kind: 'call' }>) => WindowSpec | undefined): AggregateSink {
    return {
      add: (call) => this.#add(call),
      window: (syntax) => {
        const spec = sameWindow(syntax);
        if (spec === undefined) return undefined;
        if (windowKey(spec) === windowKey(this.#grouping.window)) return windowColumn(syntax.span);
        return this.#context.report('BAD_WINDOW', syntax.span, [
          'this is not the window of GROUP BY',
          'write window.start or window.end',
        ]);
      },
    };
  }

  /** The name `window` that grouping by window() makes. */
  windowLayer(): NameLayer {
    return {
      qualifiers: [],
      find: (name, span) =>
        name.toLowerCase() === WINDOW_FIELD.name ? { kind: 'found', expression: windowColumn(span) } : { kind: 'none' },
      names: () => [WINDOW_FIELD.name],
    };
  }

  #add(call: AggregateCall): Expression {
    const key = `${call.name}(${call.argument === undefined ? '' : expressionKey(call.argument)}) ${call.filter === undefined ? '' : expressionKey(call.filter)}`;
    let at = this.#aggregateKeys.indexOf(key);
    if (at < 0) {
      at = this.#aggregates.push(call) - 1;
      this.#aggregateKeys.push(key);
    }
    const field: Field = { name: this.#name(call.span), type: call.type, nullable: call.nullable };
    return { kind: 'column', index: standInIndex(at), field, span: call.span };
  }

  #name(span: Span): string {
    return this.#context.text(span).replaceAll(/\s+/g, ' ').slice(0, 80);
  }

  /** The schema of the aggregation. */
  output(): readonly Field[] {
    const groups = this.#grouping.groups.map((group) =>
      group.kind === 'column'
        ? group.field
        : { name: this.#name(group.span), type: typeOf(group), nullable: isNullable(group) },
    );
    const aggregates = this.#aggregates.map(({ span, type, nullable }) => ({ name: this.#name(span), type, nullable }));
    return [WINDOW_FIELD, ...groups, ...aggregates];
  }

  /** An expression over the input and its stand-ins, as one over the output. */
  rewrite(expression: Expression): Expression | undefined {
    const group = this.#groupKeys.indexOf(expressionKey(expression));
    if (group >= 0) return this.#outputColumn(1 + group, expression);
    if (expression.kind !== 'column') {
      const children = childrenOf(expression).map((child) => this.rewrite(child));
      return children.every((child) => child !== undefined) ? withChildren(expression, children) : undefined;
    }
    const { index, field, span } = expression;
    if (index === WINDOW_INDEX) return { ...expression, index: 0 };
    if (index < 0) return { ...expression, index: 1 + this.#groupKeys.length + (FIRST_AGGREGATE_INDEX - index) };
    return this.#context.report('NOT_GROUPED', span, [
      `${field.name} has many values in a group`,
      `aggregate it: max(${field.name}); or add it to GROUP BY`,
    ]);
  }

  #outputColumn(index: number, expression: Expression): Expression {
    const field: Field =
      expression.kind === 'column'
        ? expression.field
        : { name: this.#name(expression.span), type: typeOf(expression), nullable: isNullable(expression) };
    return { kind: 'column', index, field, span: expression.span };
  }
}

function windowColumn(span: Span): Expression {
  return { kind: 'column', index: WINDOW_INDEX, field: WINDOW_FIELD, span };
}

function windowKey({ time, sizeUs, slideUs }: WindowSpec): string {
  return `${expressionKey(time)} ${sizeUs} ${slideUs}`;
}

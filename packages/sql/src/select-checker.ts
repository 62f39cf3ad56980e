import { Aggregation, type Grouping } from './aggregation.js';
import type { CheckContext } from './context.js';
import { type CheckerScope, ExpressionChecker } from './expression-checker.js';
import { isNullable, typeOf } from './expression-tools.js';
import { checkGrouping } from './group-rules.js';
import { LIMITS } from './limits.js';
import { type NameLayer, type NameResult, sameName } from './names.js';
import type { Expression, Field, PlanNode, Span, WatermarkSpec } from './plan.js';
import { type CheckedRelation, checkRelation } from './relation-checker.js';
import type { SelectItem, SelectSyntax, Syntax } from './syntax.js';
import { containsAggregate } from './syntax-tools.js';
import { TIMESTAMP } from './types.js';
import { checkWindow, checkWindowTime } from './window-rules.js';

/** SELECT: FROM, WHERE, GROUP BY, the aggregates, HAVING, the list, in the order in which they take effect. */

export interface OutputItem {
  readonly name: string;
  /** Whether the text gives the name, or it was made up from the expression. */
  readonly named: boolean;
  readonly expression: Expression;
  readonly span: Span;
}

export interface CheckedSelect {
  readonly node: Extract<PlanNode, { kind: 'project' }>;
  readonly items: readonly OutputItem[];
  readonly source: Extract<PlanNode, { kind: 'source' }>;
  readonly watermark: WatermarkSpec | undefined;
}

export function checkSelect(context: CheckContext, syntax: SelectSyntax): CheckedSelect | undefined {
  const relation = checkRelation(context, syntax.from, checkSelect);
  if (relation === undefined) return undefined;
  if (syntax.items.length > LIMITS.columnsMax) {
    return context.report('TOO_LARGE', syntax.span, [
      `a SELECT has at most ${LIMITS.columnsMax} columns`,
      'split it into several jobs',
    ]);
  }
  const input = filtered(context, relation, syntax.where);
  const aggregates =
    syntax.groupBy !== undefined ||
    (syntax.having !== undefined && containsAggregate(syntax.having)) ||
    syntax.items.some((item) => item.kind === 'expression' && containsAggregate(item.expression));
  if (!aggregates && syntax.having !== undefined) {
    context.report('BAD_GROUP', syntax.having.span, [
      'HAVING is a condition on groups, and there are none',
      'write WHERE',
    ]);
  }
  const select = new SelectList(context, syntax, relation);
  return aggregates ? select.aggregated(input) : select.plain(input);
}

function filtered(context: CheckContext, { node, names }: CheckedRelation, where: Syntax | undefined): PlanNode {
  if (where === undefined) return node;
  const checker = new ExpressionChecker(context, { layers: [names], place: 'WHERE' });
  const checked = checker.check(where);
  const condition = checked && checker.condition(checked, 'WHERE');
  return condition === undefined ? node : { kind: 'filter', input: node, condition, output: node.output };
}

class SelectList {
  readonly #context: CheckContext;
  readonly #syntax: SelectSyntax;
  readonly #relation: CheckedRelation;

  constructor(context: CheckContext, syntax: SelectSyntax, relation: CheckedRelation) {
    this.#context = context;
    this.#syntax = syntax;
    this.#relation = relation;
  }

  plain(input: PlanNode): CheckedSelect | undefined {
    const scope: CheckerScope = { layers: [this.#relation.names], place: 'a SELECT without GROUP BY' };
    return this.#finish(input, this.#items(scope));
  }

  aggregated(input: PlanNode): CheckedSelect | undefined {
    const { names } = this.#relation;
    const rows: CheckerScope = { layers: [names], place: 'GROUP BY' };
    const grouping = checkGrouping(this.#context, this.#syntax, {
      scope: { ...rows, layers: [names, this.#aliases(rows, this.#syntax.items.length)] },
      isColumn: (name) => names.names().some((column) => sameName(column, name)),
    });
    if (grouping === undefined) return this.#withoutGrouping();
    if (hasAggregate(input)) {
      const hint = 'aggregate again in a second job that reads the results of the first';
      return this.#context.report('UNSUPPORTED', this.#syntax.span, ['a job has one aggregation', hint]);
    }
    const watermark = checkWindowTime(this.#context, grouping.window, { ...this.#relation, node: input });
    const select = this.#aggregate(input, grouping);
    return select && { ...select, watermark };
  }

  /** GROUP BY is wrong: the list is checked all the same, as if it were grouped by some window. */
  #withoutGrouping(): undefined {
    const { names } = this.#relation;
    const anyWindow = {
      time: { kind: 'literal', value: null, type: TIMESTAMP, span: this.#syntax.span },
      sizeUs: 1,
      slideUs: 1,
    } as const;
    const aggregation = new Aggregation(this.#context, { window: anyWindow, groups: [] });
    const sink = aggregation.sink(() => anyWindow);
    this.#items({ sink, inner: [names], place: 'SELECT', layers: [aggregation.windowLayer(), names] });
    return undefined;
  }

  #aggregate(input: PlanNode, grouping: Grouping): CheckedSelect | undefined {
    const aggregation = new Aggregation(this.#context, grouping);
    const { names } = this.#relation;
    const sink = aggregation.sink((call) => checkWindow(this.#context, { layers: [names], place: 'window()' }, call));
    const base = { sink, inner: [names], place: 'SELECT' } as const;
    const scope: CheckerScope = { ...base, layers: [aggregation.windowLayer(), names] };
    const items = this.#items(scope);
    const having = this.#having(aggregation, scope);
    const rewritten = items.map((item) => {
      const expression = item && aggregation.rewrite(item.expression);
      return item && expression && { ...item, expression };
    });
    const { window, groups } = grouping;
    const output = aggregation.output();
    const node: PlanNode = { kind: 'aggregate', input, window, groups, aggregates: aggregation.aggregates, output };
    if (having === 'failed') return undefined;
    const kept: PlanNode = having === undefined ? node : { kind: 'filter', input: node, condition: having, output };
    return this.#finish(kept, rewritten);
  }

  #having(aggregation: Aggregation, scope: CheckerScope): Expression | undefined | 'failed' {
    const { having } = this.#syntax;
    if (having === undefined) return undefined;
    const [window, ...rest] = scope.layers;
    const aliases = this.#aliases(scope, this.#syntax.items.length);
    const layers = window === undefined ? [aliases] : [window, aliases, ...rest];
    const checker = new ExpressionChecker(this.#context, { ...scope, layers, place: 'HAVING' });
    const checked = checker.check(having);
    const condition = checked && checker.condition(checked, 'HAVING');
    return (condition && aggregation.rewrite(condition)) ?? 'failed';
  }

  /** The list, `*` written out. An item sees the aliases before it. */
  #items(scope: CheckerScope): readonly (OutputItem | undefined)[] {
    return this.#syntax.items.flatMap((item, index): (OutputItem | undefined)[] => {
      if (item.kind === 'star') return this.#star(item);
      const layers = [...scope.layers, this.#aliases(scope, index)];
      const expression = new ExpressionChecker(this.#context, { ...scope, layers }).check(item.expression);
      return [expression && this.#named(item, expression)];
    });
  }

  #star(item: Extract<SelectItem, { kind: 'star' }>): OutputItem[] {
    const { names } = this.#relation;
    const { qualifier } = item;
    if (qualifier !== undefined && !names.qualifiers.some((name) => sameName(name, qualifier.text))) {
      this.#context.report('UNKNOWN_COLUMN', qualifier.span, [
        `there is no ${qualifier.text} here`,
        `it is named ${names.qualifiers.join(', ')}`,
      ]);
      return [];
    }
    return names.columns(item.span).map(({ name, expression }) => ({ name, named: true, expression, span: item.span }));
  }

  #named(
    { expression: syntax, alias }: Extract<SelectItem, { kind: 'expression' }>,
    expression: Expression,
  ): OutputItem {
    const own =
      syntax.kind === 'name' ? syntax.parts.at(-1)?.text : syntax.kind === 'field' ? syntax.name.text : undefined;
    const name = alias?.text ?? own ?? this.#context.text(syntax.span).replaceAll(/\s+/g, ' ');
    return { name, named: alias !== undefined || own !== undefined, expression, span: alias?.span ?? syntax.span };
  }

  /** The aliases of the first items as names: what they stand for is written out where they are used. */
  #aliases(scope: CheckerScope, count: number): NameLayer {
    const items = this.#syntax.items.slice(0, count);
    const aliasOf = (item: SelectItem): string => (item.kind === 'expression' ? (item.alias?.text ?? '') : '');
    const find = (name: string): NameResult => {
      const indexes = items.flatMap((item, index) =>
        aliasOf(item) !== '' && sameName(aliasOf(item), name) ? [index] : [],
      );
      const [index, another] = indexes;
      if (another !== undefined) return { kind: 'ambiguous' };
      const item = index === undefined ? undefined : items[index];
      if (item?.kind !== 'expression' || index === undefined) return { kind: 'none' };
      const layers = [...scope.layers, this.#aliases(scope, index)];
      const expression = new ExpressionChecker(this.#context, { ...scope, layers }).check(item.expression);
      return expression === undefined ? { kind: 'failed' } : { kind: 'found', expression };
    };
    return { qualifiers: [], find, names: () => items.map(aliasOf).filter((name) => name !== '') };
  }

  #finish(input: PlanNode, items: readonly (OutputItem | undefined)[]): CheckedSelect | undefined {
    const { source, watermark } = this.#relation;
    if (!items.every((item) => item !== undefined)) return undefined;
    const output: Field[] = items.map(({ name, expression }) => ({
      name,
      type: typeOf(expression),
      nullable: isNullable(expression),
    }));
    const expressions = items.map(({ expression }) => expression);
    return { node: { kind: 'project', input, expressions, output }, items, source, watermark };
  }
}

function hasAggregate(node: PlanNode): boolean {
  for (let at = node; at.kind !== 'source'; at = at.input) if (at.kind === 'aggregate') return true;
  return false;
}

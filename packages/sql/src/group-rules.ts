import type { Grouping } from './aggregation.js';
import type { CheckContext } from './context.js';
import { type CheckerScope, ExpressionChecker } from './expression-checker.js';
import { expressionKey, typeOf } from './expression-tools.js';
import { sameName } from './names.js';
import type { Expression, Span, WindowSpec } from './plan.js';
import type { SelectSyntax, Syntax } from './syntax.js';
import { containsAggregate } from './syntax-tools.js';
import { isOrderable, typeText } from './types.js';
import { checkWindow, isWindowCall } from './window-rules.js';

/** GROUP BY: one window, and columns, expressions, positions or aliases. */

export interface GroupInput {
  readonly scope: CheckerScope;
  /** Whether the input has a column of this name: it goes before an alias. */
  readonly isColumn: (name: string) => boolean;
}

const GROUPING_SETS = ['rollup', 'cube', 'grouping', 'grouping_id', 'sets'];

export function checkGrouping(context: CheckContext, syntax: SelectSyntax, input: GroupInput): Grouping | undefined {
  const windows: WindowSpec[] = [];
  const groups: Expression[] = [];
  let failed = false;
  for (const item of syntax.groupBy ?? []) {
    const resolved = resolveItem(context, syntax, item, input);
    if (resolved === undefined) {
      failed = true;
    } else if (isWindowCall(resolved)) {
      const window = checkWindow(context, input.scope, resolved);
      if (window === undefined) failed = true;
      else if (windows.push(window) > 1) {
        context.report('BAD_GROUP', item.span, ['a job groups by one window', 'a second job can have the other one']);
      }
    } else {
      const group = checkGroup(context, resolved, input.scope);
      if (group === undefined) failed = true;
      else if (!groups.some((other) => expressionKey(other) === expressionKey(group))) groups.push(group);
    }
  }
  const [window] = windows;
  if (window !== undefined && !failed) return { window, groups };
  if (window === undefined && !failed) reportNoWindow(context, syntax);
  return undefined;
}

function reportNoWindow(context: CheckContext, { groupBy, items, span }: SelectSyntax): void {
  const aggregate = items.find((item) => item.kind === 'expression' && containsAggregate(item.expression));
  const first = groupBy?.[0]?.span;
  const last = groupBy?.at(-1)?.span;
  const grouped: Span | undefined = first && last && { start: first.start, end: last.end };
  const place = grouped ?? (aggregate?.kind === 'expression' ? aggregate.expression.span : span);
  const groups = grouped === undefined ? '' : `, ${context.text(grouped)}`;
  context.report('NO_WINDOW', place, [
    'an aggregation over a stream without a window never ends',
    `write GROUP BY window(time, '5 seconds')${groups.length <= 80 ? groups : ', …'}`,
  ]);
}

/** What a position or an alias stands for, else the item itself. */
function resolveItem(
  context: CheckContext,
  syntax: SelectSyntax,
  item: Syntax,
  { isColumn }: GroupInput,
): Syntax | undefined {
  if (item.kind === 'literal' && typeof item.value === 'number' && item.type.name === 'INT') {
    return itemAt(context, syntax, item.value, item.span);
  }
  if (item.kind === 'call' && GROUPING_SETS.includes(item.name.text.toLowerCase())) {
    return context.report('UNSUPPORTED', item.span, [
      `${item.name.text} is not supported`,
      'one job for each grouping',
    ]);
  }
  const [name, rest] = item.kind === 'name' ? item.parts : [];
  if (name === undefined || rest !== undefined || isColumn(name.text)) return item;
  const aliased = syntax.items.find(
    (other) => other.kind === 'expression' && other.alias !== undefined && sameName(other.alias.text, name.text),
  );
  if (aliased?.kind === 'expression') return ungrouped(context, aliased.expression, item.span);
  if (sameName(name.text, 'all')) {
    return context.report('UNSUPPORTED', item.span, [
      'GROUP BY ALL is not supported',
      `name the columns: GROUP BY window(time, '5 seconds'), address`,
    ]);
  }
  return item;
}

function itemAt(context: CheckContext, { items }: SelectSyntax, position: number, span: Span): Syntax | undefined {
  const item = items[position - 1];
  if (item === undefined) {
    return context.report('BAD_GROUP', span, [
      `there is no column ${position} in SELECT`,
      `positions are 1 to ${items.length}`,
    ]);
  }
  if (item.kind === 'star' || items.slice(0, position).some(({ kind }) => kind === 'star')) {
    return context.report('BAD_GROUP', span, ['a position behind * is not supported', 'name the column']);
  }
  return ungrouped(context, item.expression, span);
}

function ungrouped(context: CheckContext, expression: Syntax, span: Span): Syntax | undefined {
  if (!containsAggregate(expression)) return expression;
  return context.report('BAD_GROUP', span, ['an aggregate cannot group', 'a condition on it stands in HAVING']);
}

function checkGroup(context: CheckContext, syntax: Syntax, scope: CheckerScope): Expression | undefined {
  const group = new ExpressionChecker(context, scope).check(syntax);
  if (group === undefined || isOrderable(typeOf(group))) return group;
  const type = typeOf(group);
  const hint = type.name === 'MAP' ? `take one value: properties['key']` : `write window(time, '5 seconds')`;
  return context.report('BAD_GROUP', group.span, [`${typeText(type)} cannot group`, hint]);
}

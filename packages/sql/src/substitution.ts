import type { CheckContext } from './context.js';
import { childrenOf, withChildren } from './expression-tools.js';
import type { Expression, PlanNode } from './plan.js';

/** An expression over a node's output, written over the source's columns instead: what an event time is made of. */
export function overSource(context: CheckContext, expression: Expression, node: PlanNode): Expression | undefined {
  let result: Expression | undefined = expression;
  for (let at: PlanNode = node; at.kind !== 'source'; at = at.input) {
    if (at.kind === 'aggregate') return undefined;
    if (at.kind === 'project') result = result && substitute(context, result, at.expressions);
  }
  return result;
}

function substitute(
  context: CheckContext,
  expression: Expression,
  columns: readonly Expression[],
): Expression | undefined {
  if (!context.spend(expression.span)) return undefined;
  if (expression.kind === 'column') {
    const column = columns[expression.index];
    // Counted again, so that doubling in every subquery ends at the bound.
    return column !== undefined && context.spendCopy(column) ? column : undefined;
  }
  const children = childrenOf(expression).map((child) => substitute(context, child, columns));
  return children.every((child) => child !== undefined) ? withChildren(expression, children) : undefined;
}

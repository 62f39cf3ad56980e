import { isAggregate } from './aggregate-rules.js';
import type { Syntax } from './syntax.js';

/** Walking the syntax tree without recursion: a long sum is a tree as deep as it is long. */

function childrenOf(syntax: Syntax): readonly (Syntax | undefined)[] {
  switch (syntax.kind) {
    case 'unary':
    case 'is':
    case 'cast':
      return [syntax.operand];
    case 'binary':
      return [syntax.left, syntax.right];
    case 'between':
      return [syntax.operand, syntax.low, syntax.high];
    case 'in':
      return [syntax.operand, ...syntax.items];
    case 'like':
      return [syntax.operand, syntax.pattern, syntax.escape];
    case 'case':
      return [syntax.operand, ...syntax.branches.flatMap((branch) => [branch.when, branch.then]), syntax.otherwise];
    case 'call':
      return [...syntax.args, syntax.filter];
    case 'field':
      return [syntax.base];
    case 'index':
      return [syntax.base, syntax.key];
    default:
      return [];
  }
}

/** An expression and all in it, in no order. */
export function* syntaxNodes(syntax: Syntax): Generator<Syntax> {
  const open: Syntax[] = [syntax];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    for (const child of childrenOf(next)) if (child !== undefined) open.push(child);
  }
}

export function containsAggregate(syntax: Syntax): boolean {
  for (const node of syntaxNodes(syntax)) if (node.kind === 'call' && isAggregate(node)) return true;
  return false;
}

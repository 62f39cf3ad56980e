import type { BinaryOperator, Syntax } from './syntax.js';

/**
 * Precedence of the binary operators, applied to a flat list of operands: the grammar then needs no rule a level, which
 * keeps its recursion (and so the stack that a nested text costs) small.
 */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '*': 6,
  '/': 6,
  '%': 6,
  DIV: 6,
  '+': 5,
  '-': 5,
  '||': 5,
  '=': 4,
  '<>': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '<=>': 4,
  AND: 2,
  OR: 1,
};

function join(operator: BinaryOperator, left: Syntax, right: Syntax): Syntax {
  return { kind: 'binary', operator, left, right, span: { start: left.span.start, end: right.span.end } };
}

/** AND and OR are associative, so a long chain becomes a flat tree: its depth is the logarithm of its length. */
function balance(operator: 'AND' | 'OR', terms: readonly Syntax[]): Syntax {
  const [first, second] = terms;
  if (first === undefined) throw new Error('a chain has at least one term');
  if (second === undefined) return first;
  const half = terms.length >> 1;
  return join(operator, balance(operator, terms.slice(0, half)), balance(operator, terms.slice(half)));
}

/** Terms between the operators of one level, from the loosest level inwards. */
function group(operands: readonly Syntax[], operators: readonly BinaryOperator[]): Syntax {
  const [only] = operands;
  if (only === undefined) throw new Error('a list of operands is never empty');
  if (operators.length === 0) return only;
  const loosest = Math.min(...new Set(operators.map((operator) => PRECEDENCE[operator])));
  const terms: Syntax[] = [];
  const between: BinaryOperator[] = [];
  let start = 0;
  for (let at = 0; at <= operators.length; at++) {
    const operator = operators[at];
    if (operator !== undefined && PRECEDENCE[operator] !== loosest) continue;
    terms.push(group(operands.slice(start, at + 1), operators.slice(start, at)));
    if (operator !== undefined) between.push(operator);
    start = at + 1;
  }
  const [operator] = between;
  if (operator === 'AND' || operator === 'OR') return balance(operator, terms);
  return terms.reduce((left, right, at) => join(between[at - 1] ?? '+', left, right));
}

/** `operands` has one more entry than `operators`. */
export function applyPrecedence(operands: readonly Syntax[], operators: readonly BinaryOperator[]): Syntax {
  return group(operands, operators);
}

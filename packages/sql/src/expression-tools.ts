import type { DataType, Expression, Span } from './plan.js';
import { BOOLEAN, typeText } from './types.js';

/** Reading and rebuilding checked expressions. */

export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'column':
    case 'literal':
      return [];
    case 'call':
      return expression.args;
    case 'cast':
      return [expression.operand];
    case 'case': {
      const parts = expression.branches.flatMap((branch) => [branch.when, branch.then]);
      return expression.otherwise === undefined ? parts : [...parts, expression.otherwise];
    }
  }
}

/** The same node over other children, given in the order of `childrenOf`. */
export function withChildren(expression: Expression, children: readonly Expression[]): Expression {
  const at = (index: number): Expression => {
    const child = children[index];
    if (child === undefined) throw new Error('a child is missing');
    return child;
  };
  switch (expression.kind) {
    case 'column':
    case 'literal':
      return expression;
    case 'call':
      return { ...expression, args: children };
    case 'cast':
      return { ...expression, operand: at(0) };
    case 'case': {
      const branches = expression.branches.map((_, index) => planBranch(at(2 * index), at(2 * index + 1)));
      return { ...expression, branches, otherwise: expression.otherwise && at(2 * branches.length) };
    }
  }
}

export function planBranch(when: Expression, result: Expression): { when: Expression; then: Expression } {
  // biome-ignore lint/suspicious/noThenProperty: the word of the language; such a node is never awaited
  return { when, then: result };
}

/** Equal for expressions that compute the same from the same columns; where they stand in the text does not count. */
export function expressionKey(expression: Expression): string {
  const inside = childrenOf(expression).map(expressionKey).join(',');
  switch (expression.kind) {
    case 'column':
      return `#${expression.index}`;
    case 'literal': {
      const { value } = expression;
      const shown = value instanceof Uint8Array ? [...value].join(' ') : JSON.stringify(String(value));
      return `${value === null ? 'null' : shown}:${typeText(expression.type)}`;
    }
    case 'call':
      return `${expression.name}(${inside})`;
    case 'cast':
      return `${expression.mode}(${inside} as ${typeText(expression.type)})`;
    case 'case':
      return `case${expression.otherwise === undefined ? '' : ' else'}(${inside})`;
  }
}

export function isNullable(expression: Expression): boolean {
  switch (expression.kind) {
    case 'column':
      return expression.field.nullable;
    case 'literal':
      return expression.value === null;
    default:
      return expression.nullable;
  }
}

export function typeOf(expression: Expression): DataType {
  return expression.kind === 'column' ? expression.field.type : expression.type;
}

/** A BOOLEAN operator. */
export function booleanCall(name: string, args: readonly Expression[], span: Span, never?: 'never-null'): Expression {
  return { kind: 'call', name, args, type: BOOLEAN, nullable: never === undefined && args.some(isNullable), span };
}

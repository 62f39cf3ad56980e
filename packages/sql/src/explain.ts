import { decimalText } from './casts.js';
import type { AggregateCall, Expression, JobPlan, PlanNode, QueryPlan } from './plan.js';
import { typeText } from './types.js';

/** A plan as a text tree, for people: `millrace explain JOB`. Not meant to be read by programs. */

const INFIX: Readonly<Record<string, string>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  integer_divide: 'DIV',
  remainder: '%',
  eq: '=',
  not_eq: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  null_safe_eq: '<=>',
  and: 'AND',
  or: 'OR',
};

const SUFFIX: Readonly<Record<string, string>> = {
  is_null: 'IS NULL',
  is_not_null: 'IS NOT NULL',
  is_true: 'IS TRUE',
  is_false: 'IS FALSE',
};

export function explain(plan: QueryPlan | JobPlan): string {
  const lines: string[] = [];
  if ('target' in plan) {
    const body = plan.body === 'json' ? 'body is a JSON object of the columns' : 'body is the column body';
    lines.push(`send to ${plan.target}: ${body}`);
  }
  describe(plan.root, 'target' in plan ? 1 : 0, lines);
  const { watermark } = plan;
  const late = watermark && `${explainExpression(watermark.time)}, ${duration(watermark.delayUs)} late at most`;
  const origin = watermark?.origin === 'schema' ? ', as the schema of the address says' : '';
  lines.push(`watermark: ${late === undefined ? 'over time' : `over ${watermark?.column} = ${late}${origin}`}`);
  return lines.join('\n');
}

function describe(node: PlanNode, depth: number, lines: string[]): void {
  const indent = depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `;
  const output = node.output
    .map(({ name, type, nullable }) => `${name} ${typeText(type)}${nullable ? '' : ' NOT NULL'}`)
    .join(', ');
  lines.push(`${indent}${headline(node)}`);
  const inner = `${'   '.repeat(depth)}   `;
  for (const detail of details(node)) lines.push(`${inner}${detail}`);
  lines.push(`${inner}→ ${output === '' ? 'no columns' : output}`);
  if (node.kind !== 'source') describe(node.input, depth + 1, lines);
}

function headline(node: PlanNode): string {
  switch (node.kind) {
    case 'source':
      return node.schema === undefined
        ? `stream ${node.address}`
        : `stream ${node.address}, bodies as ${node.schema.format}`;
    case 'filter':
      return `filter ${explainExpression(node.condition)}`;
    case 'project':
      return 'project';
    case 'aggregate': {
      const { time, sizeUs, slideUs } = node.window;
      const slide = slideUs === sizeUs ? '' : ` every ${duration(slideUs)}`;
      return `aggregate in windows of ${duration(sizeUs)}${slide} over ${explainExpression(time)}`;
    }
  }
}

function details(node: PlanNode): readonly string[] {
  switch (node.kind) {
    case 'project':
      return node.expressions.map(
        (expression, index) => `${node.output[index]?.name} := ${explainExpression(expression)}`,
      );
    case 'aggregate':
      return [
        ...node.groups.map((group) => `group ${explainExpression(group)}`),
        ...node.aggregates.map(explainAggregate),
      ];
    default:
      return [];
  }
}

function explainAggregate({ name, argument, filter }: AggregateCall): string {
  const call = argument === undefined ? 'count(*)' : `${name}(${explainExpression(argument)})`;
  return filter === undefined ? call : `${call} where ${explainExpression(filter)}`;
}

/** Expressions are bounded in depth by the checker. */
export function explainExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'column':
      return expression.field.name;
    case 'literal':
      return literal(expression);
    case 'cast':
      return `${expression.mode === 'try' ? 'try_cast' : 'cast'}(${explainExpression(expression.operand)} as ${typeText(expression.type)})`;
    case 'case': {
      const branches = expression.branches.map(
        (branch) => `when ${explainExpression(branch.when)} then ${explainExpression(branch.then)}`,
      );
      const last = expression.otherwise === undefined ? '' : ` else ${explainExpression(expression.otherwise)}`;
      return `case ${branches.join(' ')}${last} end`;
    }
    case 'call':
      return call(expression);
  }
}

function call({ name, args }: Extract<Expression, { kind: 'call' }>): string {
  const shown = args.map(explainExpression);
  const infix = Object.hasOwn(INFIX, name) ? INFIX[name] : undefined;
  if (infix !== undefined && shown.length === 2) return `(${shown.join(` ${infix} `)})`;
  const suffix = Object.hasOwn(SUFFIX, name) ? SUFFIX[name] : undefined;
  return suffix === undefined ? `${name}(${shown.join(', ')})` : `(${shown.join('')} ${suffix})`;
}

function literal({ value, type }: Extract<Expression, { kind: 'literal' }>): string {
  if (value === null) return 'NULL';
  if (type.name === 'DECIMAL') return decimalText(BigInt(value as bigint), type.scale);
  if (type.name === 'TIMESTAMP') return `timestamp ${value}us`;
  if (type.name === 'BIGINT') return `${value}L`;
  if (value instanceof Uint8Array) return `X'${[...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000_000, 'd'],
  [3_600_000_000, 'h'],
  [60_000_000, 'min'],
  [1_000_000, 's'],
  [1_000, 'ms'],
];

function duration(microseconds: number): string {
  if (microseconds === 0) return '0 s';
  const [size, unit] = UNITS.find(([candidate]) => microseconds % candidate === 0) ?? [1, 'µs'];
  return `${microseconds / size} ${unit}`;
}

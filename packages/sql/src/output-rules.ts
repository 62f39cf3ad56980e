import { castTo } from './casts.js';
import type { CheckContext } from './context.js';
import { isNullable, typeOf } from './expression-tools.js';
import { sameName } from './names.js';
import type { Expression, Field, PlanNode } from './plan.js';
import { outputColumn } from './row-schema.js';
import type { CheckedSelect, OutputItem } from './select-checker.js';
import type { Identifier } from './syntax.js';
import { typeText } from './types.js';

/**
 * A row as a message: message columns by name; either `body`, or other columns that become a JSON object, never both.
 */

export interface CheckedOutput {
  readonly root: Extract<PlanNode, { kind: 'project' }>;
  readonly body: 'column' | 'json';
}

const BODY = 'body';
const JSON_TYPES = ['BOOLEAN', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL', 'STRING', 'TIMESTAMP', 'MAP'];

export function checkOutput(
  context: CheckContext,
  { node, items }: CheckedSelect,
  target: Identifier,
): CheckedOutput | undefined {
  const before = context.diagnostics.length;
  checkNames(context, items);
  const body = checkShape(context, items, target);
  if (body === undefined) return undefined;
  const checked = items.map((item) => checkItem(context, item));
  if (context.diagnostics.length > before) return undefined;
  const expressions = checked.flatMap((item) => (item === undefined ? [] : [item.expression]));
  const output: Field[] = checked.flatMap((item) =>
    item === undefined
      ? []
      : [{ name: item.name, type: typeOf(item.expression), nullable: isNullable(item.expression) }],
  );
  return { root: { ...node, expressions, output }, body };
}

function checkNames(context: CheckContext, items: readonly OutputItem[]): void {
  items.forEach((item, index) => {
    if (!item.named) {
      const text = context.text(item.span);
      context.report('OUTPUT_NAME', item.span, [
        'this output column has no name',
        `write ${text.length <= 40 ? text : '…'} AS name`,
      ]);
      return;
    }
    if (items.findIndex((other) => sameName(other.name, item.name)) === index) return;
    context.report('OUTPUT_NAME', item.span, [
      `two output columns are named ${item.name}`,
      'give one another name with AS',
    ]);
  });
}

function checkItem(
  context: CheckContext,
  item: OutputItem,
): { readonly name: string; readonly expression: Expression } | undefined {
  const column = outputColumn(item.name);
  const type = typeOf(item.expression);
  const text = context.text(item.expression.span);
  const short = text.length <= 40 ? text : '…';
  if (column === undefined) {
    if (JSON_TYPES.includes(type.name)) return item;
    const hint =
      type.name === 'BINARY'
        ? `write base64(${short})`
        : type.name === 'WINDOW'
          ? 'write window.start or window.end'
          : 'write CAST(NULL AS STRING)';
    return context.report('OUTPUT_TYPE', item.span, [`a JSON object cannot carry ${typeText(type)}`, hint]);
  }
  if (type.name === 'VOID') return { name: column.name, expression: castTo(item.expression, column.type) };
  if (column.writes.includes(type.name)) {
    // body may be STRING or BINARY; every other column has one type.
    const expression = column.name === BODY ? item.expression : castTo(item.expression, column.type);
    return { name: column.name, expression };
  }
  const wanted = column.writes[0] ?? 'STRING';
  const hint = wanted === 'MAP' ? `write map('key', 'value')` : `write CAST(${short} AS ${wanted}) AS ${column.name}`;
  return context.report('OUTPUT_TYPE', item.span, [
    `${column.name} must be ${typeText(column.type)}${column.name === BODY ? ' or BINARY' : ''}, this is ${typeText(type)}`,
    hint,
  ]);
}

function checkShape(
  context: CheckContext,
  items: readonly OutputItem[],
  target: Identifier,
): CheckedOutput['body'] | undefined {
  const body = items.find(({ name }) => sameName(name, BODY));
  const [other] = items.filter(({ name }) => outputColumn(name) === undefined);
  if (body !== undefined && other !== undefined) {
    const reserved = sameName(other.name, 'time') || sameName(other.name, 'body_bytes');
    const hint = reserved
      ? `${other.name} is read only: leave it out, or put it in properties with map()`
      : `leave out ${BODY}, and all other columns become a JSON object; or put ${other.name} in properties with map()`;
    return context.report('OUTPUT_SHAPE', other.span, [
      `a message has either ${BODY} or other columns, and this has ${BODY} and ${other.name}`,
      hint,
    ]);
  }
  if (body !== undefined) return 'column';
  if (other !== undefined) return 'json';
  return context.report('OUTPUT_SHAPE', target.span, [
    `the messages to ${target.text} would have no body`,
    `add a column named body, columns of other names for a JSON object, or CAST(NULL AS STRING) AS body`,
  ]);
}

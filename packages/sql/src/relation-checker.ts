import type { CheckContext } from './context.js';
import { ExpressionChecker } from './expression-checker.js';
import { typeOf } from './expression-tools.js';
import { catalogueFields, extended, outputNames, type RelationNames, renamed, sameName, sourceNames } from './names.js';
import type { Expression, Field, PlanNode, SourceSchema, WatermarkSpec } from './plan.js';
import { MESSAGE_FIELDS } from './row-schema.js';
import { overSource } from './substitution.js';
import { didYouMean } from './suggest.js';
import type { Identifier, Relation, SelectSyntax, WatermarkSyntax } from './syntax.js';
import { typeText } from './types.js';
import { checkDelay } from './window-rules.js';

/** FROM: a stream or a subquery, its alias, its watermark. */

export interface CheckedRelation {
  readonly node: PlanNode;
  readonly names: RelationNames;
  readonly source: Extract<PlanNode, { kind: 'source' }>;
  readonly watermark: WatermarkSpec | undefined;
}

/** What a checked subquery has: given by the caller, because SELECT and FROM are checked by one another. */
export type CheckSubquery = (context: CheckContext, syntax: SelectSyntax) => Omit<CheckedRelation, 'names'> | undefined;

export function checkRelation(
  context: CheckContext,
  syntax: Relation,
  checkSubquery: CheckSubquery,
): CheckedRelation | undefined {
  const relation =
    syntax.kind === 'stream' ? openStream(context, syntax) : openSubquery(context, syntax.query, checkSubquery);
  if (relation === undefined) return undefined;
  const watched = syntax.watermark === undefined ? relation : checkWatermark(context, relation, syntax.watermark);
  if (syntax.alias === undefined) return watched;
  return { ...watched, names: renamed(watched.names, [syntax.alias.text]) };
}

function openStream(
  context: CheckContext,
  { name, streaming }: Extract<Relation, { kind: 'stream' }>,
): CheckedRelation {
  if (!streaming) {
    context.report('SYNTAX', name.span, [
      'a job reads a stream, and the word STREAM is missing',
      `write FROM STREAM ${context.text(name.span)}`,
    ]);
  }
  checkDeclared(context, name);
  const output: Field[] = [];
  const schema = sourceSchema(context, name.text);
  const source = { kind: 'source', address: name.text, output, ...(schema === undefined ? {} : { schema }) } as const;
  const names = sourceNames(name.text, catalogueFields(context, name.text), output);
  return { node: source, names, source, watermark: undefined };
}

/** None where a column has the name of a message's own: nobody could tell which is meant. */
function sourceSchema(context: CheckContext, address: string): SourceSchema | undefined {
  const format = context.schemaOf(address)?.format;
  const columns = catalogueFields(context, address).map(({ name, type }) => ({ name, type }));
  const hides = columns.some(({ name }) => MESSAGE_FIELDS.some((field) => sameName(field.name, name)));
  return format === undefined || columns.length === 0 || hides ? undefined : { format, columns };
}

function isFilter(address: string): boolean {
  return address.split('/').some((level) => level === '+' || level === '#');
}

function checkDeclared(context: CheckContext, name: Identifier): void {
  const { addresses } = context.catalogue;
  if (addresses === undefined || addresses.includes(name.text) || isFilter(name.text)) return;
  const hint = didYouMean(name.text, addresses, 'declare it: a document of kind Address');
  context.report('UNKNOWN_SOURCE', name.span, [`there is no address ${name.text}`, hint]);
}

function openSubquery(
  context: CheckContext,
  query: SelectSyntax,
  checkSubquery: CheckSubquery,
): CheckedRelation | undefined {
  const inner = checkSubquery(context, query);
  if (inner === undefined) return undefined;
  const { node, source, watermark } = inner;
  return { node, names: outputNames(node.output), source, watermark };
}

const RIGHT =
  'WATERMARK ts DELAY OF INTERVAL 5 SECONDS, or WATERMARK to_timestamp(text) AS ts DELAY OF INTERVAL 5 SECONDS';

function checkWatermark(context: CheckContext, relation: CheckedRelation, syntax: WatermarkSyntax): CheckedRelation {
  const time = new ExpressionChecker(context, { layers: [relation.names], place: 'WATERMARK' }).check(
    syntax.expression,
  );
  const delayUs = checkDelay(context, syntax.delay);
  if (relation.watermark !== undefined) {
    context.report('BAD_WATERMARK', syntax.span, [
      'a job has one WATERMARK',
      `the subquery has one over ${relation.watermark.column}`,
    ]);
    return relation;
  }
  const name = syntax.alias?.text ?? columnName(syntax);
  if (name === undefined) {
    context.report('BAD_WATERMARK', syntax.expression.span, ['a computed event time needs a name', RIGHT]);
    return relation;
  }
  if (time === undefined) return relation;
  const names = syntax.alias === undefined ? relation.names : extended(relation.names, name, time);
  const spec = watermarkSpec(context, relation, { time, name, delayUs });
  return { ...relation, names, watermark: spec };
}

function columnName({ expression }: WatermarkSyntax): string | undefined {
  return expression.kind === 'name' ? expression.parts.at(-1)?.text : undefined;
}

interface EventTime {
  readonly time: Expression;
  readonly name: string;
  readonly delayUs: number | undefined;
}

function watermarkSpec(
  context: CheckContext,
  relation: CheckedRelation,
  { time, name, delayUs }: EventTime,
): WatermarkSpec | undefined {
  if (typeOf(time).name !== 'TIMESTAMP') {
    const message = `an event time is a TIMESTAMP, ${name} is ${typeText(typeOf(time))}`;
    return context.report('BAD_WATERMARK', time.span, [message, RIGHT]);
  }
  const overColumns = overSource(context, time, relation.node);
  if (overColumns === undefined) {
    const hint = 'put WATERMARK behind the STREAM, before anything is aggregated';
    return context.report('BAD_WATERMARK', time.span, [
      'the result of an aggregation has no watermark of its own',
      hint,
    ]);
  }
  return delayUs === undefined ? undefined : { origin: 'statement', column: name, delayUs, time: overColumns };
}

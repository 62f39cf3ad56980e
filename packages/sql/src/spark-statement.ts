import { isAggregate } from './aggregate-rules.js';
import { parseStatement } from './parse.js';
import type { QueryPlan, Span } from './plan.js';
import type { Relation, SelectSyntax, StatementSyntax, Syntax, WatermarkSyntax } from './syntax.js';
import { containsAggregate, syntaxNodes } from './syntax-tools.js';

/**
 * A checked job's text as the SELECT that Spark gets. The user's text stays as it is but for what is put in at places of
 * its syntax tree:
 *
 *     what                        becomes
 *     FROM STREAM temperature     FROM STREAM `view` … AS `temperature`, so that qualified names go on meaning it
 *     no WATERMARK                WATERMARK time DELAY OF INTERVAL 0 SECONDS, for a window over `time`
 *     no WATERMARK, and a window   WATERMARK that column DELAY OF INTERVAL … MICROSECONDS, as the schema says
 *     over the schema's event time
 *     WATERMARK over `time`       the same with no delay: `time` never goes back
 *     max(x)                      max(x) FILTER (WHERE NOT `heartbeat`)
 *     … FILTER (WHERE c)          … FILTER (WHERE NOT `heartbeat` AND (c))
 *     WHERE c, below the window   WHERE `heartbeat` OR (c)
 *     HAVING c                    HAVING count_if(NOT `heartbeat`) > 0 AND (c)
 *     a subquery's list           with `heartbeat` as its first column, unless it has a star
 *
 * Heartbeats are rows that hold nothing but `time`: they move Spark's watermark when nothing else comes. Windows over an
 * event time end by later events alone, on every plane, so they have none.
 */

export interface SparkStatementOptions {
  /** The temporary view that has the source's rows. */
  readonly view: string;
  /** The view's column that is true in heartbeat rows; used only where `needsHeartbeats` says so. */
  readonly heartbeatColumn: string;
}

export interface SparkStatement {
  readonly text: string;
  /** A place in `text` as the place in the job's SQL that it comes from. */
  readonly originalSpan: (span: Span) => Span;
}

/** Whether windows end by the clock when nothing comes: those over `time`. */
export function needsHeartbeats(plan: QueryPlan): boolean {
  return plan.watermark === undefined && aggregationOf(plan) !== undefined;
}

/** The one aggregation of a plan. */
export function aggregationOf(plan: QueryPlan): Extract<QueryPlan['root'], { kind: 'aggregate' }> | undefined {
  let node = plan.root;
  while (node.kind !== 'source') {
    if (node.kind === 'aggregate') return node;
    node = node.input;
  }
  return undefined;
}

/** @throws Error when the plan is not of a text that was checked */
export function sparkStatement(plan: QueryPlan, options: SparkStatementOptions): SparkStatement {
  const { statement } = parseStatement(plan.sql);
  if (statement === undefined) throw new Error('the plan has a text that cannot be parsed');
  const edits = new StatementEdits(plan.sql, options, { beats: needsHeartbeats(plan), added: addedWatermark(plan) });
  return edits.of(statement);
}

/** The WATERMARK behind the stream that Spark needs and the text leaves out. */
function addedWatermark(plan: QueryPlan): string | undefined {
  const { watermark } = plan;
  if (watermark?.origin === 'schema') {
    return ` WATERMARK ${quoted(watermark.column)} DELAY OF INTERVAL ${watermark.delayUs} MICROSECONDS`;
  }
  return needsHeartbeats(plan) ? ' WATERMARK time DELAY OF INTERVAL 0 SECONDS' : undefined;
}

/** Text that is put in place of a range of the original; an empty range puts it in. */
interface Edit extends Span {
  readonly text: string;
}

class StatementEdits {
  readonly #sql: string;
  readonly #view: string;
  readonly #heartbeat: string;
  readonly #beats: boolean;
  readonly #added: string | undefined;
  readonly #edits: Edit[] = [];
  /** One stands behind a subquery that is around what is being read. */
  #hasWatermark = false;

  constructor(
    sql: string,
    { view, heartbeatColumn }: SparkStatementOptions,
    { beats, added }: { readonly beats: boolean; readonly added: string | undefined },
  ) {
    this.#sql = sql;
    this.#view = quoted(view);
    this.#heartbeat = quoted(heartbeatColumn);
    this.#beats = beats;
    this.#added = added;
  }

  of({ query }: StatementSyntax): SparkStatement {
    this.#select(query, 'above');
    return applied(this.#sql, query.span, this.#edits);
  }

  /** `below`: this SELECT makes rows for the aggregation of an outer one. */
  #select(select: SelectSyntax, place: 'above' | 'below'): void {
    const aggregates = place === 'above' && isAggregated(select);
    const inside = aggregates || place === 'below' ? 'below' : 'above';
    if (this.#beats && place === 'below') this.#carryHeartbeat(select);
    if (this.#beats && inside === 'below') this.#keepInWhere(select);
    if (this.#beats && aggregates) this.#leaveOutOfAggregates(select);
    this.#relation(select.from, inside);
  }

  /** A star brings it along. */
  #carryHeartbeat({ items, span }: SelectSyntax): void {
    if (items.some(({ kind }) => kind === 'star')) return;
    this.#insert(span.start + 'SELECT'.length, ` ${this.#heartbeat},`);
  }

  /** The heartbeat first: what stands behind OR is not computed for it. */
  #keepInWhere({ whereSpan }: SelectSyntax): void {
    if (whereSpan === undefined) return;
    this.#insert(whereSpan.start, `${this.#heartbeat} OR (`);
    this.#insert(whereSpan.end, ')');
  }

  #leaveOutOfAggregates(select: SelectSyntax): void {
    const { items, having, havingSpan, span } = select;
    const expressions = items.flatMap((item) => (item.kind === 'expression' ? [item.expression] : []));
    for (const expression of having === undefined ? expressions : [...expressions, having]) {
      for (const node of syntaxNodes(expression)) if (node.kind === 'call' && isAggregate(node)) this.#filter(node);
    }
    const counted = `count_if(NOT ${this.#heartbeat}) > 0`;
    if (havingSpan === undefined) {
      this.#insert(span.end, ` HAVING ${counted}`);
    } else {
      this.#insert(havingSpan.start, `${counted} AND (`);
      this.#insert(havingSpan.end, ')');
    }
  }

  #filter({ span, filterSpan }: Extract<Syntax, { kind: 'call' }>): void {
    if (filterSpan === undefined) {
      this.#insert(span.end, ` FILTER (WHERE NOT ${this.#heartbeat})`);
    } else {
      this.#insert(filterSpan.start, `NOT ${this.#heartbeat} AND (`);
      this.#insert(filterSpan.end, ')');
    }
  }

  #relation(relation: Relation, place: 'above' | 'below'): void {
    if (relation.watermark !== undefined && this.#beats) this.#noDelay(relation.watermark);
    if (relation.kind === 'subquery') {
      this.#hasWatermark ||= relation.watermark !== undefined;
      this.#select(relation.query, place);
      return;
    }
    const { name, watermark, alias, span } = relation;
    this.#edits.push({ start: name.span.start, end: name.span.end, text: this.#view });
    const isMissing = watermark === undefined && !this.#hasWatermark;
    if (isMissing && this.#added !== undefined) this.#insert(span.end, this.#added);
    if (alias === undefined) this.#insert(watermark?.span.end ?? span.end, ` AS ${quoted(name.text)}`);
  }

  #noDelay({ delay }: WatermarkSyntax): void {
    this.#edits.push({ ...delay.span, text: 'INTERVAL 0 SECONDS' });
  }

  #insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text });
  }
}

/** A piece of the new text and the range that it stands for. */
interface Piece {
  readonly text: string;
  readonly original: Span;
  readonly isCopy: boolean;
}

function applied(sql: string, range: Span, edits: readonly Edit[]): SparkStatement {
  const pieces: Piece[] = [];
  let at = range.start;
  const copyTo = (end: number): void => {
    if (end > at) pieces.push({ text: sql.slice(at, end), original: { start: at, end }, isCopy: true });
    at = end;
  };
  for (const { text, start, end } of edits.toSorted((left, right) => left.start - right.start)) {
    copyTo(start);
    pieces.push({ text, original: { start, end }, isCopy: false });
    at = end;
  }
  copyTo(range.end);
  const text = pieces.map((piece) => piece.text).join('');
  return { text, originalSpan: (span) => originalSpan(pieces, span) };
}

function originalSpan(pieces: readonly Piece[], span: Span): Span {
  const start = placeIn(pieces, span.start).start;
  return { start, end: Math.max(start, placeIn(pieces, Math.max(span.start, span.end - 1)).end) };
}

/** The original character behind one of the new text; for what was put in, the place where it was. */
function placeIn(pieces: readonly Piece[], offset: number): Span {
  let begin = 0;
  let last: Span = { start: 0, end: 0 };
  for (const { text, original, isCopy } of pieces) {
    if (offset < begin + text.length) {
      if (!isCopy) return original;
      const start = original.start + offset - begin;
      return { start, end: start + 1 };
    }
    begin += text.length;
    last = { start: original.end, end: original.end };
  }
  return last;
}

function isAggregated({ groupBy, items, having }: SelectSyntax): boolean {
  if (groupBy !== undefined || (having !== undefined && containsAggregate(having))) return true;
  return items.some((item) => item.kind === 'expression' && containsAggregate(item.expression));
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

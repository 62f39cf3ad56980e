import { CheckContext, type CheckOptions } from './context.js';
import type { Diagnostic } from './diagnostic.js';
import { LIMITS } from './limits.js';
import { checkOutput } from './output-rules.js';
import { parseStatement } from './parse.js';
import type { JobPlan, PlanNode, QueryPlan, WatermarkSpec } from './plan.js';
import { TIME_COLUMN } from './row-schema.js';
import { type CheckedSelect, checkSelect } from './select-checker.js';
import type { Identifier, StatementSyntax } from './syntax.js';

/** Text in, checked plan out. A wrong text gives diagnostics, never an exception. */

export type Checked<Plan> =
  | { readonly plan: Plan; readonly diagnostics?: undefined }
  | { readonly plan?: undefined; readonly diagnostics: readonly Diagnostic[] };

/** Checks what a Job document holds: `INSERT INTO target SELECT …`. */
export function checkJob(sql: string, options: CheckOptions = {}): Checked<JobPlan> {
  return check(sql, options, (context, { target, query }) => {
    if (target === undefined) {
      const hint = `write INSERT INTO target before it: target is the address that gets the results`;
      context.report('NO_INSERT', { start: query.span.start, end: query.span.start + 'SELECT'.length }, [
        'a job has a target',
        hint,
      ]);
    }
    const select = checkSelect(context, query);
    if (select === undefined || target === undefined) return undefined;
    refuseLoop(context, select.source.address, target);
    const output = checkOutput(context, select, target);
    return output && { ...queryPlan(sql, select, output.root), target: target.text, body: output.body };
  });
}

/** Checks what a preview runs: a SELECT, or a job's text whose target is left aside. Output columns may be anything. */
export function checkQuery(sql: string, options: CheckOptions = {}): Checked<QueryPlan> {
  return check(sql, options, (context, { query }) => {
    const select = checkSelect(context, query);
    return select && queryPlan(sql, select, select.node);
  });
}

function check<Plan>(
  sql: string,
  options: CheckOptions,
  make: (context: CheckContext, statement: StatementSyntax) => Plan | undefined,
): Checked<Plan> {
  const { statement, diagnostics } = parseStatement(sql);
  if (statement === undefined) return { diagnostics: inOrder(diagnostics) };
  const context = new CheckContext(sql, options.catalogue ?? {});
  const plan = make(context, statement);
  const all = [...diagnostics, ...context.diagnostics];
  if (all.length > 0) return { diagnostics: inOrder(all) };
  if (plan === undefined) throw new Error('a text was refused without a diagnostic');
  return { plan };
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted((left, right) => left.span.start - right.span.start).slice(0, LIMITS.diagnosticsMax);
}

function queryPlan(sql: string, { source, watermark }: CheckedSelect, root: PlanNode): QueryPlan {
  return { sql, source, watermark: ownWatermark(source, watermark), root };
}

/** `time` never goes back, so a watermark over it is the one that it has in any case. */
function ownWatermark(
  source: CheckedSelect['source'],
  watermark: WatermarkSpec | undefined,
): WatermarkSpec | undefined {
  if (watermark?.time.kind !== 'column') return watermark;
  return source.output[watermark.time.index]?.name === TIME_COLUMN ? undefined : watermark;
}

function refuseLoop(context: CheckContext, source: string, target: Identifier): void {
  if (!filterMatches(source, target.text)) return;
  context.report('LOOP', target.span, [
    `the job would read its own results: ${source} takes in ${target.text}`,
    'send the results to another address',
  ]);
}

/** Whether a source takes in an address: it is the same, or a topic filter that matches it (MQTT 5 §4.7). */
function filterMatches(filter: string, address: string): boolean {
  const levels = address.split('/');
  const pattern = filter.split('/');
  for (const [index, level] of pattern.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return pattern.length === levels.length;
}

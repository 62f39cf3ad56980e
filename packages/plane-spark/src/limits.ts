/** What the checker admits and Spark, or the connector, cannot do; with its place in the SQL text. Pure. */
import { aggregationOf, type JobPlan, MESSAGE_FIELDS, needsHeartbeats, type Span } from '@millrace/sql';
import { greatestCommonDivisor, HEARTBEAT_COLUMN } from './submission.js';

export interface PlanLimit extends Span {
  readonly message: string;
}

export function limitsOf(plan: JobPlan): readonly PlanLimit[] {
  return [...unreadableColumns(plan), ...tooShortWindow(plan), ...takenName(plan)];
}

/** Columns that no format says how to read out of a body: each would be unknown to Spark. */
function unreadableColumns(plan: JobPlan): readonly PlanLimit[] {
  const isMessageColumn = (name: string): boolean => MESSAGE_FIELDS.some((field) => field.name === name);
  const { schema, output, address } = plan.source;
  return output
    .filter(({ name }) => !isMessageColumn(name) && schema?.columns.some((column) => column.name === name) !== true)
    .map(({ name }) => ({
      message:
        `${name} is a column of the schema of ${address}, which does not say how a body has it; ` +
        `give the schema the format json or csv, with columns that are not named as a message's own`,
      ...placeOf(name, plan.sql),
    }));
}

/** Heartbeats come at whole milliseconds. */
function tooShortWindow(plan: JobPlan): readonly PlanLimit[] {
  const window = aggregationOf(plan)?.window;
  if (window === undefined || !needsHeartbeats(plan)) return [];
  if (greatestCommonDivisor(window.sizeUs, window.slideUs) % 1000 === 0) return [];
  const message = 'windows over time begin and end at whole milliseconds on Spark: take a longer duration';
  return [{ message, ...window.time.span }];
}

function takenName(plan: JobPlan): readonly PlanLimit[] {
  if (!plan.sql.toLowerCase().includes(HEARTBEAT_COLUMN)) return [];
  const message = `${HEARTBEAT_COLUMN} is a name that jobs on Spark need for themselves`;
  return [{ message, ...placeOf(HEARTBEAT_COLUMN, plan.sql) }];
}

/** The first word of the text that is this name: source columns have no place of their own in a plan. */
function placeOf(name: string, sql: string): Span {
  for (const { 0: word, index } of sql.matchAll(/\w+/g)) {
    if (word.toLowerCase() === name.toLowerCase()) return { start: index, end: index + word.length };
  }
  return { start: 0, end: sql.length };
}

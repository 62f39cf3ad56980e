/** What the checker admits and this plane cannot compute, with its place in the SQL text. */
import type { JobPlan, Span } from '@millrace/sql';
import { compileJob, JobError } from '@millrace/stream-engine';
import { isReadableColumn } from '../translate/row-from-message.js';

export interface PlanLimit extends Span {
  readonly message: string;
}

export function limitsOf(plan: JobPlan): readonly PlanLimit[] {
  const limits = unreadableColumns(plan);
  return limits.length > 0 ? limits : compileLimits(plan);
}

/** Columns that no format says how to read out of a body: each would be NULL, and nobody would see it. */
function unreadableColumns(plan: JobPlan): readonly PlanLimit[] {
  const { schema, output, address } = plan.source;
  return output
    .filter(({ name }) => !isReadableColumn(name) && schema?.columns.some((column) => column.name === name) !== true)
    .map(({ name }) => ({
      message:
        `${name} is a column of the schema of ${address}, which does not say how a body has it; ` +
        `give the schema the format json or csv, with columns that are not named as a message's own`,
      ...placeOf(name, plan.sql),
    }));
}

/** What the checker cannot know, such as a regular expression that re2 does not take. */
function compileLimits(plan: JobPlan): readonly PlanLimit[] {
  try {
    compileJob(plan, { onError: 'fail' });
    return [];
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    return [{ message: error.message, ...(error.span ?? whole(plan.sql)) }];
  }
}

/** The first word of the text that is this name: source columns have no place of their own in a plan. */
function placeOf(name: string, sql: string): Span {
  for (const { 0: word, index } of sql.matchAll(/\w+/g)) {
    if (word.toLowerCase() === name.toLowerCase()) return { start: index, end: index + word.length };
  }
  return whole(sql);
}

function whole(sql: string): Span {
  return { start: 0, end: sql.length };
}

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

/** Columns of an address' schema are not read out of the body here: each would be NULL, and nobody would see it. */
function unreadableColumns(plan: JobPlan): readonly PlanLimit[] {
  return plan.source.output
    .filter(({ name }) => !isReadableColumn(name))
    .map(({ name }) => ({
      message:
        `${name} is a column of the schema of ${plan.source.address}, which the embedded engine does not read yet; ` +
        `for a JSON body write get_json_object(body, '$.${name}'), with try_cast around it for a number`,
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

/** A problem of the control API as an error for the command line: every fault with its place, SQL underlined. */
import type { ProblemDetail, ProblemError } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import type { ExitCode } from '../exit-code.js';
import { underline } from '../text/underline.js';

/** More faults than this are counted, not shown. */
const FAULTS_SHOWN = 10;

export function explainProblem(
  error: ProblemError,
  context: {
    /** The SQL that the spans of the problem mean. */
    readonly sql?: string | undefined;
    /** What it was about, such as a file and line. */
    readonly source?: string;
  } = {},
): CommandError {
  const faults = error.problem.errors ?? [];
  const where = context.source === undefined ? [] : [`in ${context.source}`];
  for (const fault of faults.slice(0, FAULTS_SHOWN)) where.push(...faultLines(fault, context.sql));
  if (faults.length > FAULTS_SHOWN) where.push(`and ${faults.length - FAULTS_SHOWN} more`);
  return new CommandError(error.problem.detail, {
    exitCode: error.exitCode as ExitCode,
    where,
    hint: hintOf(error, faults),
    cause: error,
  });
}

function faultLines(fault: ProblemDetail, sql: string | undefined): readonly string[] {
  const line = fault.pointer === '' ? fault.detail : `${fault.pointer}: ${fault.detail}`;
  return fault.span === undefined || sql === undefined ? [line] : [line, ...underline(sql, fault.span)];
}

function hintOf(error: ProblemError, faults: readonly ProblemDetail[]): string | undefined {
  const fix = faults.find((fault) => fault.fixes !== undefined && fault.fixes.length > 0)?.fixes?.[0];
  if (fix !== undefined) return fix;
  switch (error.problem.status) {
    case 0:
      return 'millrace serve, or --server with the URL of one that runs';
    case 401:
    case 403:
      return 'MILLRACE_TOKEN with a token that may do it';
    default:
      return undefined;
  }
}

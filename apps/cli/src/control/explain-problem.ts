/** A problem of the control API as an error for the command line: every fault with its place, SQL underlined. */
import type { ProblemDetail, ProblemError } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import type { ExitCode } from '../exit-code.js';
import { underline } from '../text/underline.js';
import type { DocumentFromFile } from './read-documents.js';

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
  // Of SQL the detail repeats the first fault, which stands below with its line.
  const underlined = context.sql !== undefined && faults.some((fault) => fault.span !== undefined);
  return new CommandError(underlined ? 'the SQL is not valid' : error.problem.detail, {
    exitCode: error.exitCode as ExitCode,
    where,
    hint: hintOf(error, faults),
    cause: error,
  });
}

/** A document that was refused: named, with its file and line. */
export function explainRefusal({ document, source }: DocumentFromFile, error: ProblemError): CommandError {
  const sql = document.kind === 'Job' ? document.spec.sql : undefined;
  const explained = explainProblem(error, { sql, source });
  const name = `${document.kind.toLowerCase()}/${document.metadata.name}`;
  return new CommandError(`${name}: ${explained.message}`, {
    exitCode: explained.exitCode,
    where: explained.where,
    hint: explained.hint,
    cause: error,
  });
}

function faultLines(fault: ProblemDetail, sql: string | undefined): readonly string[] {
  if (fault.span === undefined || sql === undefined) {
    return [fault.pointer === '' ? fault.detail : `${fault.pointer}: ${fault.detail}`];
  }
  const [place = '', ...lines] = underline(sql, fault.span);
  // The server's sentence begins with the place already.
  return [fault.detail.startsWith('line ') ? fault.detail : `${place} ${fault.detail}`, ...lines];
}

function hintOf(error: ProblemError, faults: readonly ProblemDetail[]): string | undefined {
  const fix = faults.find((fault) => fault.fixes !== undefined && fault.fixes.length > 0)?.fixes?.[0];
  // Most sentences end with their fix; it is not said twice.
  if (fix !== undefined && !faults.some((fault) => fault.detail.includes(fix))) return fix;
  switch (error.problem.status) {
    case 0:
      return 'millrace serve, or --server with the URL of one that runs';
    case 401:
    case 403:
      return 'MILLRACE_USERNAME and MILLRACE_PASSWORD, or MILLRACE_TOKEN, of one who may do it';
    default:
      return undefined;
  }
}

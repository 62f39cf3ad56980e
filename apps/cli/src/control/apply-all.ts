/** Many documents in one request; a refusal names the file and line of each document that it is about. */
import type { AppliedDocument, ApplyOptions, Client, ProblemDetail } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import type { ExitCode } from '../exit-code.js';
import { explainProblem } from './explain-problem.js';
import type { DocumentFromFile } from './read-documents.js';

/** @throws CommandError */
export async function applyAllOrExplain(
  client: Client,
  documents: readonly DocumentFromFile[],
  options: ApplyOptions,
): Promise<readonly AppliedDocument[]> {
  try {
    const { results } = await client.applyAll(
      documents.map(({ document }) => document),
      options,
    );
    return results;
  } catch (error) {
    const { ProblemError } = await import('@millrace/contract');
    if (!(error instanceof ProblemError)) throw error;
    const faults = error.problem.errors ?? [];
    if (!faults.some(({ pointer }) => pointer.startsWith('/documents/'))) throw error;
    throw new CommandError('nothing was applied', {
      exitCode: error.exitCode as ExitCode,
      where: faults.flatMap((fault) => linesOf(fault, documents, error.exitCode)),
      cause: error,
    });
  }
}

function linesOf(fault: ProblemDetail, documents: readonly DocumentFromFile[], exitCode: number): readonly string[] {
  const [, index, rest = ''] = /^\/documents\/(\d+)(.*)$/.exec(fault.pointer) ?? [];
  const from = index === undefined ? undefined : documents[Number(index)];
  if (from === undefined) return [fault.detail];
  const { kind, metadata, spec } = from.document;
  const problem = {
    type: 'about:blank',
    title: '',
    status: 422,
    detail: fault.detail,
    errors: [{ ...fault, pointer: rest }],
  };
  const shown = explainProblem(Object.assign(new Error(fault.detail), { problem, exitCode }) as never, {
    sql: kind === 'Job' ? spec.sql : undefined,
  });
  return [`${from.source}: ${kind.toLowerCase()}/${metadata.name}`, ...shown.where.map((line) => `  ${line}`)];
}

/** The documents that a server's configuration names: read, and applied in the server's own process. */
import type { Configuration, RunningServer } from '@millrace/server';
import { type DocumentFromFile, readDocuments } from '../control/read-documents.js';
import type { Terminal } from '../terminal.js';

export function readConfigured(
  terminal: Terminal,
  { documents }: Configuration,
): Promise<readonly DocumentFromFile[]> | readonly DocumentFromFile[] {
  return documents.length === 0 ? [] : readDocuments(terminal, documents);
}

/** One after the other, so that a refusal can name its file. @throws CommandError */
export async function applyOrExplain(server: Pick<RunningServer, 'apply'>, from: DocumentFromFile): Promise<void> {
  try {
    await server.apply([from.document]);
  } catch (error) {
    const { ProblemError } = await import('@millrace/contract');
    if (!(error instanceof ProblemError)) throw error;
    const { explainRefusal } = await import('../control/explain-problem.js');
    throw explainRefusal(from, error);
  }
}

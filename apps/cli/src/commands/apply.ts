import { type Client, ProblemError } from '@millrace/contract';
import { type CommandError, describeError } from '../command-error.js';
import { explainRefusal } from '../control/explain-problem.js';
import { openControlClient } from '../control/open-control-client.js';
import { type DocumentFromFile, readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';

export interface ApplyOptions {
  readonly file: readonly string[];
  readonly dryRun?: true;
  readonly server: string;
}

export async function apply(terminal: Terminal, options: ApplyOptions): Promise<ExitCode> {
  const documents = await readDocuments(terminal, options.file);
  const client = await openControlClient(terminal, options.server);
  const errors: CommandError[] = [];
  for (const from of documents) {
    const error = await applyOne(terminal, client, { from, dryRun: options.dryRun === true });
    if (error === undefined) continue;
    errors.push(error);
    // Where nothing answers, the next document will not do better.
    if (error.exitCode === EXIT_CODE.notReachable) break;
  }
  const first = errors[0];
  if (first === undefined) return EXIT_CODE.done;
  for (const error of errors) terminal.note(describeError('millrace', error));
  return errors.length < documents.length && first.exitCode !== EXIT_CODE.notReachable
    ? EXIT_CODE.partly
    : first.exitCode;
}

async function applyOne(
  terminal: Terminal,
  client: Client,
  work: { readonly from: DocumentFromFile; readonly dryRun: boolean },
): Promise<CommandError | undefined> {
  const { document } = work.from;
  try {
    const { outcome } = await client.apply(document, { dryRun: work.dryRun });
    const name = `${document.kind.toLowerCase()}/${document.metadata.name}`;
    terminal.data(`${name} ${outcome}${work.dryRun ? ' (dry run)' : ''}\n`);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return explainRefusal(work.from, error);
  }
}

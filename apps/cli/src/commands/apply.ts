import { type AppliedDocument, type Client, ProblemError } from '@millrace/contract';
import { type CommandError, describeError, usageError } from '../command-error.js';
import { applyAllOrExplain } from '../control/apply-all.js';
import { explainRefusal } from '../control/explain-problem.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { type DocumentFromFile, readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { confirm } from '../text/confirm.js';
import { counted } from '../text/counted.js';

export interface ApplyOptions extends ControlOptions {
  readonly file: readonly string[];
  readonly dryRun?: true;
  readonly set?: string;
  readonly prune?: true;
  readonly yes?: true;
}

export async function apply(terminal: Terminal, options: ApplyOptions): Promise<ExitCode> {
  if (options.prune === true && options.set === undefined) {
    throw usageError('only a set can be pruned: all that was applied under its name', '--set NAME --prune');
  }
  const documents = await readDocuments(terminal, options.file);
  const client = await openControlClient(terminal, options);
  if (options.set !== undefined) return applySet(terminal, client, { documents, options, set: options.set });
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

/** All or none, under the name of a set; what the set had before and has no longer goes, when that is asked for. */
async function applySet(
  terminal: Terminal,
  client: Client,
  work: { readonly documents: readonly DocumentFromFile[]; readonly options: ApplyOptions; readonly set: string },
): Promise<ExitCode> {
  const { documents, options, set } = work;
  const prune = options.prune === true;
  const show = (results: readonly AppliedDocument[], suffix: string) => {
    for (const { kind, name, outcome } of results) terminal.data(`${kind.toLowerCase()}/${name} ${outcome}${suffix}\n`);
  };
  if (options.dryRun === true) {
    show(await applyAllOrExplain(client, documents, { set, prune, dryRun: true, force: prune }), ' (dry run)');
    return EXIT_CODE.done;
  }
  if (prune) {
    const planned = await applyAllOrExplain(client, documents, { set, prune, dryRun: true, force: true });
    const pruned = planned.filter(({ outcome }) => outcome === 'pruned');
    if (pruned.length > 0) {
      const losses = await Promise.all(pruned.map((document) => lossOf(client, document)));
      if (!(await confirm(terminal, `Delete ${losses.join(', ')}?`, { yes: options.yes }))) {
        terminal.note('Nothing was done.');
        return EXIT_CODE.failed;
      }
    }
  }
  show(await applyAllOrExplain(client, documents, { set, prune, force: prune }), '');
  return EXIT_CODE.done;
}

async function lossOf(client: Client, { kind, name }: AppliedDocument): Promise<string> {
  if (kind !== 'Address') return `${kind.toLowerCase()} ${name}`;
  const { status } = await client.addresses.get(name);
  return `address ${name} with ${counted(status.statistics?.stored ?? 0, 'stored message')}`;
}

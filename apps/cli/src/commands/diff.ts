/** `millrace diff`: what `apply` would do, field by field. */
import type { AppliedDocument } from '@millrace/contract';
import { applyAllOrExplain } from '../control/apply-all.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';
import { printable } from '../text/table.js';

export interface DiffOptions extends ControlOptions {
  readonly file: readonly string[];
  readonly set?: string;
  readonly prune?: true;
  readonly exitCode?: true;
  readonly output: 'text' | 'json' | 'yaml';
}

export async function diff(terminal: Terminal, options: DiffOptions): Promise<ExitCode> {
  const { file, output, prune = false, set } = options;
  const documents = await readDocuments(terminal, file);
  const client = await openControlClient(terminal, options);
  const all = await applyAllOrExplain(client, documents, {
    dryRun: true,
    force: true,
    prune,
    ...(set === undefined ? {} : { set }),
  });
  const different = all.filter(({ outcome }) => outcome !== 'unchanged');
  if (output !== 'text') await showData(terminal, different, output);
  else if (different.length === 0) terminal.note('No differences.');
  else for (const document of different) terminal.data(differenceText(document));
  return options.exitCode === true && different.length > 0 ? EXIT_CODE.failed : EXIT_CODE.done;
}

const MARKS = { created: '+', changed: '~', pruned: '-', unchanged: ' ' } as const;

/** "~ address/max", then a line for each field: "  spec.limits.messages: 1000 → 2000". */
export function differenceText({ kind, name, outcome, changes = [] }: AppliedDocument): string {
  const lines = changes.flatMap(({ pointer, before, after }) => {
    const field = pointer.slice(1).split('/').map(unescapeStep).join('.');
    if (isLong(before) || isLong(after)) return [`  ${field}:`, ...lineDifferences(before, after)];
    if (before === undefined) return [`  ${field}: ${valueText(after)}`];
    return [`  ${field}: ${valueText(before)} → ${after === undefined ? 'gone' : valueText(after)}`];
  });
  return `${MARKS[outcome]} ${kind.toLowerCase()}/${name}\n${lines.map((line) => `${line}\n`).join('')}`;
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\n');
}

/** Of texts of several lines, those between what both begin and end with. */
function lineDifferences(before: unknown, after: unknown): readonly string[] {
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const between = (lines: readonly string[], mark: string) =>
    lines.slice(start, lines.length - end).map((line) => `    ${mark} ${printable(line)}`);
  return [...between(old, '-'), ...between(now, '+')];
}

function linesOf(value: unknown): readonly string[] {
  return value === undefined ? [] : String(value).trimEnd().split('\n');
}

function valueText(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

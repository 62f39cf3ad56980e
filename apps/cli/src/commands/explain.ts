/** `millrace explain JOB`: how the engine computes it, and what is worth knowing. */
import { CommandError } from '../command-error.js';
import { getItem } from '../control/get-item.js';
import { at, kindOf } from '../control/kinds.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';
import { printable } from '../text/table.js';
import { underline } from '../text/underline.js';

export interface ExplainOptions extends ControlOptions {
  readonly job: string;
  readonly output: 'text' | 'json' | 'yaml';
}

/** The part of what `/v1/sql:check` answers that is shown. */
interface Analysis {
  readonly valid: boolean;
  readonly source?: string;
  readonly target?: string;
  readonly columns?: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  readonly plan?: string;
  readonly diagnostics: readonly {
    readonly severity: string;
    readonly message: string;
    readonly span: { readonly start: number; readonly end: number };
  }[];
}

export async function explain(terminal: Terminal, options: ExplainOptions): Promise<ExitCode> {
  const client = await openControlClient(terminal, options);
  const item = await getItem(client, await kindOf('job'), options.job);
  const sql = String(at(item, 'spec', 'sql'));
  const analysis = await client.request<Analysis>('POST', '/v1/sql:check', { sql });
  if (options.output !== 'text') await showData(terminal, analysis, options.output);
  else if (analysis.valid) terminal.data(planText(analysis));
  const faults = analysis.diagnostics.flatMap(({ message, span }) => [message, ...underline(sql, span)]);
  if (!analysis.valid) throw new CommandError('the SQL is not valid any more', { where: faults });
  for (const line of faults) terminal.note(line);
  return EXIT_CODE.done;
}

function planText({ columns = [], plan = '', source, target }: Analysis): string {
  const ends = [`reads ${printable(source ?? '-')}`, `sends to ${printable(target ?? '-')}`];
  const rows = columns.map(({ name, nullable, type }) => `  ${printable(name)} ${type}${nullable ? '' : ' NOT NULL'}`);
  return `${[
    ...ends,
    'rows:',
    ...rows,
    'plan:',
    ...plan
      .trimEnd()
      .split('\n')
      .map((line) => `  ${printable(line)}`),
  ].join('\n')}\n`;
}

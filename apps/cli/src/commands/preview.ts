/** `millrace preview JOB`: the rows that it would send, of real messages; nothing is consumed and nothing sent. */
import type { Problem } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import { readEvents, type ServerEvent } from '../control/event-stream.js';
import { explainProblem } from '../control/explain-problem.js';
import { getItem } from '../control/get-item.js';
import { at, kindOf } from '../control/kinds.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface PreviewOptions extends ControlOptions {
  readonly job: string;
  readonly from: 'stored' | 'new';
  readonly rows: number;
  /** Milliseconds. */
  readonly for: number;
}

export async function preview(terminal: Terminal, options: PreviewOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  const client = await openControlClient(terminal, options);
  const item = await getItem(client, await kindOf('job'), options.job);
  const sql = String(at(item, 'spec', 'sql'));
  const response = await begin(terminal, options, { sql, signal });
  if (response === undefined) return EXIT_CODE.interrupted;
  let rows = 0;
  let reason = 'ended';
  let message: string | undefined;
  try {
    for await (const event of readEvents(response)) {
      rows += show(terminal, event);
      const data = event.data as { message?: unknown; reason?: unknown };
      if (event.event === 'progress' && typeof data.message === 'string') terminal.progress(data.message);
      if (event.event === 'end') {
        reason = String(data.reason);
        message = typeof data.message === 'string' ? data.message : undefined;
      }
    }
  } catch (error) {
    if (!signal.aborted)
      throw new CommandError('the preview broke off', { exitCode: EXIT_CODE.notReachable, cause: error });
  }
  terminal.progress('');
  terminal.note(`${counted(rows, 'row')} of ${options.job}; nothing was consumed, nothing sent.`);
  if (reason === 'failed' || reason === 'source-gone')
    throw new CommandError(`the preview ended: ${message ?? reason}`);
  return EXIT_CODE.done;
}

/** Rows go out as JSON, one a line. @returns how many */
function show(terminal: Terminal, { data, event }: ServerEvent): number {
  if (event !== 'rows') return 0;
  const { rows } = data as { readonly rows: readonly unknown[] };
  for (const row of rows) terminal.data(`${JSON.stringify(row)}\n`);
  return rows.length;
}

/** @returns undefined when Ctrl-C came before the answer @throws CommandError */
async function begin(
  terminal: Terminal,
  { for: forMs, from, rows, server, token }: PreviewOptions,
  { signal, sql }: { readonly signal: AbortSignal; readonly sql: string },
): Promise<ReadableStream<Uint8Array> | undefined> {
  const secret = token ?? terminal.environment.MILLRACE_TOKEN;
  const seconds = Math.min(600, Math.max(1, Math.round(forMs / 1000)));
  try {
    const response = await fetch(`${server.replace(/\/+$/, '')}/v1/sql:preview`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      },
      body: JSON.stringify({ sql, from, rows, seconds }),
      signal,
    });
    if (response.ok && response.body !== null) return response.body;
    const { ProblemError } = await import('@millrace/contract');
    throw explainProblem(new ProblemError((await response.json()) as Problem), { sql });
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${server} cannot be reached`, { exitCode: EXIT_CODE.notReachable, cause: error });
  }
}

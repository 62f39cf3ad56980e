/** `millrace config check` and `config show`: what the server would be started with, and where each value comes from. */
import type { Setting } from '@millrace/server';
import { loadConfiguration } from '../configuration/load-configuration.js';
import type { ServerFlags } from '../configuration/server-flags.js';
import { readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';
import { type Column, formatTable } from '../text/table.js';

export interface ConfigOptions {
  readonly config?: string;
  readonly flags: ServerFlags;
}

export async function configCheck(terminal: Terminal, options: ConfigOptions): Promise<ExitCode> {
  const { configuration, warnings } = await loadConfiguration(terminal, options);
  const { exposureOf } = await import('@millrace/server');
  for (const warning of warnings) terminal.note(`millrace: ${warning}`);
  const { documents } = configuration;
  const found = documents.length === 0 ? [] : await readDocuments(terminal, documents);
  const exposure = exposureOf(configuration);
  // A data directory may have users: the server looks when it starts.
  const mayHaveUsers =
    configuration.data.directory !== undefined || found.some(({ document }) => document.kind === 'User');
  if (exposure !== undefined && !mayHaveUsers) {
    terminal.note(`millrace: ${exposure}`);
    return EXIT_CODE.failed;
  }
  const count = found.length;
  const subject = options.config ?? 'environment and flags';
  terminal.data(`${subject}: sound${count === 0 ? '' : `, with ${counted(count, 'document')} to apply`}\n`);
  return EXIT_CODE.done;
}

export interface ConfigShowOptions extends ConfigOptions {
  readonly origin?: true;
  readonly output: 'table' | 'json' | 'jsonl' | 'yaml';
}

interface Row {
  readonly setting: string;
  readonly value: unknown;
  readonly origin: string;
}

const VALUE: Column<Row> = { title: 'VALUE', value: ({ value }) => textOf(value) };
const COLUMNS: readonly Column<Row>[] = [{ title: 'SETTING', value: ({ setting }) => setting }, VALUE];
const ORIGIN: Column<Row> = { title: 'FROM', value: ({ origin }) => origin };

export async function configShow(terminal: Terminal, options: ConfigShowOptions): Promise<ExitCode> {
  const { configuration, originOf, warnings } = await loadConfiguration(terminal, options);
  const { describeOrigin, SETTINGS, valueAt } = await import('@millrace/server');
  for (const warning of warnings) terminal.note(`millrace: ${warning}`);
  const row = (setting: Setting): Row => ({
    setting: setting.path,
    // So that each row has the same members as JSON.
    value: valueAt(configuration, setting.path) ?? null,
    origin: describeOrigin(originOf(setting)),
  });
  const rows = SETTINGS.map(row);
  const { origin = false, output } = options;
  if (output === 'table') {
    // Where a value comes from is what was asked for: a cut line would not say it.
    const shown = origin
      ? formatTable([...COLUMNS, ORIGIN], rows)
      : formatTable(COLUMNS, rows, { maxWidth: terminal.columns });
    terminal.data(shown);
  } else if (origin) await showData(terminal, rows, output);
  else await showData(terminal, configuration, output);
  return EXIT_CODE.done;
}

function textOf(value: unknown): string | number | undefined {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.join(', ');
  return value === undefined || value === null ? undefined : String(value);
}

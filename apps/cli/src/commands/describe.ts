import { getItem } from '../control/get-item.js';
import { at, type Item, kindOf } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { formatTable, printable } from '../text/table.js';

export interface DescribeOptions {
  readonly kind: string;
  readonly name: string;
  readonly server: string;
}

export async function describe(terminal: Terminal, options: DescribeOptions): Promise<ExitCode> {
  const kind = await kindOf(options.kind);
  const client = await openControlClient(terminal, options.server);
  const item = await getItem(client, kind, options.name);
  terminal.data(sectionOf(titleCase(kind.name), kind.nameOf(item)) + partsOf(item));
  return EXIT_CODE.done;
}

/** Each value under its name, nested ones indented, several lines (such as SQL) below their name. */
function partsOf(item: Item, indent = '', titleOf: (key: string) => string = titleCase): string {
  let text = '';
  for (const [key, value] of Object.entries(item)) {
    if (ENVELOPE.has(key) || value === undefined) continue;
    if (Array.isArray(value)) text += listOf(key, value, indent);
    else if (typeof value === 'object' && value !== null) {
      // The keys of labels and properties are the user's own words.
      const parts = partsOf(value, `${indent}  `, OWN_WORDS.has(key) ? (name) => name : titleCase);
      if (parts !== '') text += `${indent}${titleCase(key)}:\n${parts}`;
    } else text += sectionOf(titleOf(key), String(value), indent);
  }
  return text;
}

/** The same in each document: nobody reads them here. */
const ENVELOPE: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

const OWN_WORDS: ReadonlySet<string> = new Set(['labels', 'properties']);

function listOf(key: string, values: readonly unknown[], indent: string): string {
  if (values.length === 0) return '';
  const inner = `${indent}  `;
  const first = values[0];
  if (typeof first !== 'object' || first === null) {
    return `${indent}${titleCase(key)}:\n${values.map((value) => `${inner}${printable(String(value))}\n`).join('')}`;
  }
  // A message may be long: what stands behind it would be far away.
  const names = Object.keys(first).sort((one, other) => Number(one === 'message') - Number(other === 'message'));
  const columns = names.map((name) => ({
    title: titleCase(name).toUpperCase(),
    value: (row: Item) => at(row, name) ?? wordsOf(row, name),
  }));
  const table = formatTable(columns, values as readonly Item[]);
  return `${indent}${titleCase(key)}:\n${table.replace(/^(?=.)/gm, inner)}`;
}

/** A list of words in a cell, such as the verbs of a permission. */
function wordsOf(row: Item, name: string): string | undefined {
  const value = (row as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(value) ? value.map(String).join(', ') : undefined;
}

/** "  Observed generation:" is the longest. */
const TITLE_WIDTH = 22;

function sectionOf(title: string, value: string, indent = ''): string {
  if (!value.includes('\n')) return `${indent}${`${title}:`.padEnd(TITLE_WIDTH - indent.length)} ${printable(value)}\n`;
  const lines = value.trimEnd().split('\n');
  return `${indent}${title}:\n${lines.map((line) => `${indent}  ${printable(line)}\n`).join('')}`;
}

const TITLES: Readonly<Record<string, string>> = { sql: 'SQL', uid: 'UID', ttl: 'TTL', id: 'ID' };

/** "messagesIn" → "Messages in" */
function titleCase(key: string): string {
  const title = TITLES[key];
  if (title !== undefined) return title;
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

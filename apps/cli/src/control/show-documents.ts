/** What the server gives, in the formats of `-o`. */
import type { OutputFormat } from '../program/declaration.js';
import type { Terminal } from '../terminal.js';
import { formatTable } from '../text/table.js';
import type { Item, ResourceKind } from './kinds.js';

export async function showItems(
  terminal: Terminal,
  items: readonly Item[],
  options: {
    readonly kind: ResourceKind;
    readonly output: OutputFormat;
    /** One that was asked for by name is an object in JSON, a listing is an array. */
    readonly byName: string | undefined;
  },
): Promise<void> {
  const { kind, output } = options;
  switch (output) {
    case 'table':
    case 'wide':
      showTable(terminal, items, { kind, output });
      return;
    case 'name':
      for (const item of items) terminal.data(`${kind.name}/${kind.nameOf(item)}\n`);
      return;
    default:
      await showData(terminal, options.byName === undefined ? items : items[0], output);
  }
}

/** Any data as JSON, JSON lines or YAML. */
export async function showData(terminal: Terminal, value: unknown, format: 'json' | 'jsonl' | 'yaml'): Promise<void> {
  const list = Array.isArray(value) ? value : [value];
  switch (format) {
    case 'json':
      terminal.data(`${JSON.stringify(value, null, 2)}\n`);
      return;
    case 'jsonl':
      for (const item of list) terminal.data(`${JSON.stringify(item)}\n`);
      return;
    case 'yaml': {
      const { stringify } = await import('yaml');
      terminal.data(list.map((item) => stringify(item)).join('---\n'));
      return;
    }
  }
}

function showTable(
  terminal: Terminal,
  items: readonly Item[],
  options: { readonly kind: ResourceKind; readonly output: 'table' | 'wide' },
): void {
  if (items.length === 0) {
    terminal.note(`No ${options.kind.aliases[0]}.`);
    return;
  }
  const columns = options.kind.columns.filter((column) => options.output === 'wide' || column.wideOnly !== true);
  terminal.data(formatTable(columns, items, { maxWidth: terminal.columns }));
}

/** What all listings share: formats, columns, order, conditions. Fields are called as REST calls them. */
import type { FilterCondition, FilterValue } from '@millrace/contract';
import { usageError } from '../command-error.js';
import type { OutputFormat } from '../program/declaration.js';
import type { Terminal } from '../terminal.js';
import { type Column, formatTable } from '../text/table.js';
import { showData } from './show-data.js';

export interface ListedColumn<Row> extends Column<Row> {
  /** For `--columns`, `--sort` and `--filter`. */
  readonly field: string;
}

export interface Listing<Row> {
  /** One of them, as `-o name` has it before the slash. */
  readonly kind: string;
  readonly plural: string;
  readonly nameOf: (row: Row) => string;
  readonly columns: readonly ListedColumn<Row>[];
}

export interface ListingOptions {
  readonly output: OutputFormat;
  readonly columns?: readonly string[];
  readonly sort?: string;
  readonly filter?: readonly string[];
  readonly limit?: number;
}

/** @throws CommandError wrong usage, for a field that there is not */
export async function showListing<Row extends object>(
  terminal: Terminal,
  rows: readonly Row[],
  listing: Listing<Row>,
  options: ListingOptions,
): Promise<void> {
  const columns = await chosenColumns(listing, options);
  const shown = await chosenRows(rows, listing, options);
  const { output } = options;
  switch (output) {
    case 'table':
    case 'wide':
      if (shown.length === 0) terminal.note(`No ${listing.plural}.`);
      else terminal.data(formatTable(columns, shown, { maxWidth: terminal.columns }));
      return;
    case 'name':
      for (const row of shown) terminal.data(`${listing.kind}/${listing.nameOf(row)}\n`);
      return;
    default: {
      const picked = options.columns === undefined ? shown : shown.map((row) => picksOf(row, columns));
      await showData(terminal, picked, output);
    }
  }
}

function picksOf<Row>(row: Row, columns: readonly ListedColumn<Row>[]): object {
  return Object.fromEntries(columns.map(({ field, value }) => [field, value(row) ?? null]));
}

async function chosenColumns<Row>(
  listing: Listing<Row>,
  { columns, output }: ListingOptions,
): Promise<readonly ListedColumn<Row>[]> {
  if (columns === undefined) return listing.columns.filter(({ wideOnly }) => output === 'wide' || wideOnly !== true);
  const chosen: ListedColumn<Row>[] = [];
  for (const field of columns) chosen.push(await columnOf(listing, field));
  return chosen;
}

async function chosenRows<Row>(
  rows: readonly Row[],
  listing: Listing<Row>,
  { filter = [], sort, limit }: ListingOptions,
): Promise<readonly Row[]> {
  let chosen = rows;
  if (filter.length > 0) {
    const { meets, parseFilter } = await import('@millrace/contract');
    for (const text of filter) {
      const condition: FilterCondition = parseFilter(text);
      const found = await readerOf(listing, condition.field);
      chosen = chosen.filter((row) => meets(found(row), condition));
    }
  }
  if (sort !== undefined) {
    const downwards = sort.startsWith('-');
    const { value } = await columnOf(listing, downwards ? sort.slice(1) : sort);
    // What has no value stands last, in either direction.
    chosen = [...chosen].sort((one, other) => compare(value(one), value(other), downwards));
  }
  return limit === undefined ? chosen : chosen.slice(0, limit);
}

async function readerOf<Row>(listing: Listing<Row>, field: string | undefined): Promise<(row: Row) => FilterValue> {
  if (field === undefined) return listing.nameOf;
  const label = /^labels\.(.+)$/.exec(field)?.[1];
  if (label !== undefined) {
    return (row) => (row as { metadata?: { labels?: Record<string, string> } }).metadata?.labels?.[label];
  }
  return (await columnOf(listing, field)).value;
}

async function columnOf<Row>({ columns, plural }: Listing<Row>, field: string): Promise<ListedColumn<Row>> {
  const column = columns.find((candidate) => candidate.field.toLowerCase() === field.toLowerCase());
  if (column !== undefined) return column;
  const { closest } = await import('@millrace/contract');
  const fields = columns.map((candidate) => candidate.field);
  const near = closest(field, fields);
  throw usageError(
    `${plural} have no field "${field}", only ${fields.join(', ')}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

function compare(one: FilterValue, other: FilterValue, downwards: boolean): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  const order =
    typeof one === 'number' && typeof other === 'number'
      ? one - other
      : String(one) < String(other)
        ? -1
        : Number(one !== other);
  return downwards ? -order : order;
}

import type { IToken } from 'chevrotain';
import { AGGREGATE_NAMES } from './aggregate-rules.js';
import type { CatalogueColumn } from './context.js';
import { FUNCTIONS } from './functions.js';
import { followingWords, lexTokens } from './parse.js';
import { MESSAGE_FIELDS } from './row-schema.js';
import { resultText, signatureText } from './signature-text.js';
import * as t from './tokens.js';
import { typeText } from './types.js';

/** What may stand at a place of a text: asked of the grammar, and of what the caller knows of addresses. */

export interface CompletionCatalogue {
  /** Names of addresses, in the order in which they are to be shown. */
  readonly addresses: readonly string[];
  /** The columns that the schema of an address adds. */
  readonly columns: (address: string) => readonly CatalogueColumn[];
}

export interface Completion {
  readonly label: string;
  readonly kind: 'keyword' | 'function' | 'column' | 'address' | 'type';
  /** Type or signature; may be empty. */
  readonly detail: string;
  /** What takes the place of the word that is being written. */
  readonly insert: string;
}

export interface Completions {
  /** Characters that are replaced: the word that is being written, up to the cursor. */
  readonly from: number;
  readonly to: number;
  /** The best first. */
  readonly items: readonly Completion[];
}

const ITEMS_MAX = 200;
const A_NUMBER = '1';
const BARE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const TYPES = ['BOOLEAN', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL', 'STRING', 'BINARY', 'TIMESTAMP'];
/** These group, and are no entries of the table of functions. */
const WINDOW = "window(time, '5 seconds'[, '1 second']): the window of a row";

/** @param offset of the cursor, in characters */
export function completeSql(sql: string, offset: number, catalogue: CompletionCatalogue): Completions {
  const to = Math.max(0, Math.min(offset, sql.length));
  const from = wordStart(sql, to);
  const written = sql.slice(from, to).replace(/^`/, '').toLowerCase();
  const before = lexTokens(sql.slice(0, from));
  const items = candidates(before, sql, { from, catalogue }).filter(({ label }) =>
    label.toLowerCase().includes(written),
  );
  // What begins with what is written stands before what has it somewhere.
  const begins = items.filter(({ label }) => label.toLowerCase().startsWith(written));
  const others = items.filter(({ label }) => !label.toLowerCase().startsWith(written));
  return { from, to, items: [...begins, ...others].slice(0, ITEMS_MAX) };
}

/** Where the word begins that ends at the cursor; a back quote that is open begins one too. */
function wordStart(sql: string, to: number): number {
  const line = sql.slice(0, to);
  const quotes = line.split('`').length - 1;
  if (quotes % 2 === 1) return line.lastIndexOf('`');
  return to - (/[A-Za-z0-9_]*$/.exec(line)?.[0].length ?? 0);
}

interface Place {
  readonly from: number;
  readonly catalogue: CompletionCatalogue;
}

function candidates(before: readonly IToken[], sql: string, { from, catalogue }: Place): readonly Completion[] {
  const last = before.at(-1)?.tokenType;
  if (namesAddress(before)) {
    const words = last === t.From ? [keyword('STREAM')] : [];
    return [...catalogue.addresses.map(address), ...words];
  }
  // After a dot stands a part of a value, after AS a new name, unless that is the type of a cast.
  if (last === t.Dot)
    return ['start', 'end'].map((label) => ({ label, kind: 'column', detail: 'TIMESTAMP', insert: label }));
  if (namesType(before)) return TYPES.map((label) => ({ label, kind: 'type', detail: '', insert: label }));
  const following = followingWords(before, [A_NUMBER, ...t.KEYWORDS]);
  const keywords = t.KEYWORDS.filter((word) => following?.includes(word) !== false).map(keyword);
  // Where a number may stand, any value may.
  if (following?.includes(A_NUMBER) === false) return keywords;
  return [...columns(sql, from, catalogue), ...functions(), ...keywords];
}

/** Behind `::`, and behind AS within the bracket of a cast. */
function namesType(before: readonly IToken[]): boolean {
  const last = before.at(-1)?.tokenType;
  if (last === t.DoubleColon) return true;
  if (last !== t.As) return false;
  let open = 0;
  for (let at = before.length - 1; at > 0; at -= 1) {
    const { tokenType } = before[at]!;
    if (tokenType === t.RightParen) open -= 1;
    if (tokenType === t.LeftParen) open += 1;
    if (open === 1) return [t.Cast, t.TryCast].includes(before[at - 1]!.tokenType);
  }
  return false;
}

/** FROM, FROM STREAM, FROM STREAM (, and INSERT INTO. */
function namesAddress(before: readonly IToken[]): boolean {
  const types = before.map(({ tokenType }) => tokenType);
  const last = types.at(-1);
  if (last === t.From || last === t.Into) return true;
  if (last === t.Table) return types.at(-2) === t.Into;
  const inner = last === t.LeftParen ? types.at(-2) : last;
  return inner === t.Stream && types.at(last === t.LeftParen ? -3 : -2) === t.From;
}

function columns(sql: string, from: number, catalogue: CompletionCatalogue): readonly Completion[] {
  const source = sourceNear(lexTokens(sql), from);
  const own = source === undefined ? [] : catalogue.columns(source);
  return [...own, ...MESSAGE_FIELDS].map(({ name, type }) => ({
    label: name,
    kind: 'column',
    detail: typeText(type),
    insert: quoted(name),
  }));
}

/** The address of the first FROM behind the cursor, or else of the last one before it. */
function sourceNear(tokens: readonly IToken[], from: number): string | undefined {
  let found: string | undefined;
  for (const [index, { tokenType, startOffset }] of tokens.entries()) {
    if (tokenType !== t.From) continue;
    let at = index + 1;
    while (tokens[at]?.tokenType === t.Stream || tokens[at]?.tokenType === t.LeftParen) at += 1;
    const name = tokens[at];
    if (name === undefined || (name.tokenType !== t.Word && name.tokenType !== t.QuotedName)) continue;
    found = name.image.startsWith('`') ? name.image.slice(1, -1).replaceAll('``', '`') : name.image;
    if (startOffset >= from) return found;
  }
  return found;
}

function functions(): readonly Completion[] {
  const aggregate = (label: string): Completion => {
    return { label, kind: 'function', detail: 'aggregate', insert: `${label}(` };
  };
  const window: Completion = { label: 'window', kind: 'function', detail: WINDOW, insert: 'window(' };
  const named = FUNCTIONS.map(
    (definition): Completion => ({
      label: definition.name,
      kind: 'function',
      detail: `${signatureText(definition)}: ${resultText(definition)}`,
      insert: `${definition.name}(`,
    }),
  );
  return [...AGGREGATE_NAMES.map(aggregate), window, ...named];
}

function keyword(word: string): Completion {
  return { label: word, kind: 'keyword', detail: '', insert: word };
}

function address(name: string): Completion {
  return { label: name, kind: 'address', detail: '', insert: quoted(name) };
}

function quoted(name: string): string {
  const isBare = BARE.test(name) && !t.KEYWORDS.includes(name.toUpperCase());
  return isBare ? name : `\`${name.replaceAll('`', '``')}\``;
}

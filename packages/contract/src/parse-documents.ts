/**
 * Text → documents. YAML 1.2 or JSON, several documents in a text; EnMasse's v3 lists are taken too. What is wrong is
 * told with document, line and JSON pointer. Aliases are resolved up to a bound, so a small text cannot become a huge
 * value.
 */
import type { LineCounter, Node, Pair, Document as YamlDocument } from 'yaml';
import type { DesiredDocument } from './envelope.js';
import { type ProblemDetail, pointerOf } from './problem.js';
import { checkV3, fromV3, V3_VERSION } from './v3.js';
import { type Checked, checkDocument } from './validation.js';

export const DOCUMENT_TEXT_LENGTH_MAX = 16 * 1024 ** 2;
const DOCUMENTS_MAX = 10_000;
const ALIASES_MAX = 100;

export interface ParsedDocument {
  /** Which document of the text, from 0. */
  readonly index: number;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly document: DesiredDocument;
}

/** A fault with its place in the text. Lines and columns count from 1. */
export interface DocumentFault extends ProblemDetail {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

export interface ParseResult {
  /** The documents that are well, also when others are not. */
  readonly documents: readonly ParsedDocument[];
  /** Empty when all is well. */
  readonly faults: readonly DocumentFault[];
}

/** The YAML parser is loaded at the first call: a server that is never given a file does not pay for it. */
export async function parseDocuments(text: string): Promise<ParseResult> {
  if (text.length > DOCUMENT_TEXT_LENGTH_MAX) {
    const detail = `the text is longer than ${DOCUMENT_TEXT_LENGTH_MAX} characters`;
    return { documents: [], faults: [{ index: 0, line: 1, column: 1, pointer: '', code: 'size', detail }] };
  }
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const parsed = yaml.parseAllDocuments(text, { lineCounter: lines, version: '1.2', uniqueKeys: true, merge: false });
  // With no document in it the library gives an empty marker in place of the list.
  const list = Array.isArray(parsed) ? (parsed as YamlDocument.Parsed[]) : [];
  const documents: ParsedDocument[] = [];
  const faults: DocumentFault[] = [];
  let index = 0;
  for (const source of list.slice(0, DOCUMENTS_MAX)) {
    if (source.errors.length === 0 && isEmpty(source.contents)) continue;
    readDocument(
      { source, index, lines, isPair: yaml.isPair, isMap: yaml.isMap, isNode: yaml.isNode },
      documents,
      faults,
    );
    index += 1;
  }
  if (list.length > DOCUMENTS_MAX) {
    const detail = `more than ${DOCUMENTS_MAX} documents in one text`;
    faults.push({ index: DOCUMENTS_MAX, line: 1, column: 1, pointer: '', code: 'size', detail });
  }
  return { documents, faults };
}

/** One line for people: `file.yaml:12:3: document 2 /spec/type: …`. */
export function describeFault(fault: DocumentFault, source: string): string {
  const place = fault.pointer === '' ? '' : ` ${fault.pointer}`;
  return `${source}:${fault.line}:${fault.column}: document ${fault.index + 1}${place}: ${fault.detail}`;
}

/** `---` with nothing after it is no document; nor is a text of comments. */
function isEmpty(contents: YamlDocument.Parsed['contents']): boolean {
  return contents === null || ('value' in contents && contents.value === null && contents.source === '');
}

interface Source {
  readonly source: YamlDocument.Parsed;
  readonly index: number;
  readonly lines: LineCounter;
  readonly isPair: (value: unknown) => value is Pair;
  readonly isMap: typeof import('yaml').isMap;
  readonly isNode: (value: unknown) => value is Node;
}

function readDocument(from: Source, documents: ParsedDocument[], faults: DocumentFault[]): void {
  const { source, index, lines } = from;
  for (const error of source.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    faults.push({ index, line, column: col, pointer: '', code: 'syntax', detail: firstLine(error.message) });
  }
  if (source.errors.length > 0) return;
  const start = lines.linePos(source.contents?.range[0] ?? 0);
  let value: unknown;
  try {
    value = source.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    const detail = `its aliases cannot be resolved: ${firstLine((error as Error).message)}`;
    faults.push({ index, line: start.line, column: start.col, pointer: '', code: 'alias', detail });
    return;
  }
  const checked = checkAny(value);
  if (checked.ok) {
    for (const document of checked.value) documents.push({ index, line: start.line, document });
    return;
  }
  for (const detail of checked.details) faults.push({ ...detail, index, ...placeOf(from, detail.pointer) });
}

function checkAny(value: unknown): Checked<readonly DesiredDocument[]> {
  const version =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>).apiVersion : undefined;
  if (version === V3_VERSION) {
    const checked = checkV3(value);
    return checked.ok ? { ok: true, value: checked.value.map((address) => fromV3(address)) } : checked;
  }
  const checked = checkDocument(value);
  return checked.ok ? { ok: true, value: [checked.value] } : checked;
}

/** The place of the key that the pointer names; of the nearest thing around it when it is not there. */
function placeOf(from: Source, pointer: string): { readonly line: number; readonly column: number } {
  let offset = from.source.contents?.range[0] ?? 0;
  let node: unknown = from.source.contents;
  const walked: PropertyKey[] = [];
  for (const step of stepsOf(pointer)) {
    const next = from.isMap(node)
      ? node.items.find((pair) => String((pair.key as Node & { value?: unknown })?.value ?? '') === step)
      : undefined;
    walked.push(step);
    if (next !== undefined && from.isPair(next)) {
      if (from.isNode(next.key)) offset = next.key.range?.[0] ?? offset;
      node = next.value;
      continue;
    }
    const item: unknown = from.source.getIn(walked, true);
    if (!from.isNode(item)) break;
    offset = item.range?.[0] ?? offset;
    node = item;
  }
  const { line, col } = from.lines.linePos(offset);
  return { line, column: col };
}

function stepsOf(pointer: string): readonly string[] {
  if (pointer === pointerOf([])) return [];
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function firstLine(message: string): string {
  const end = message.indexOf('\n');
  return (end === -1 ? message : message.slice(0, end)).replace(/ at line \d+, column \d+:?$/, '');
}

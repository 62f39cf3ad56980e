/** The text of a configuration file as a value, with the place of each key. Bounded in length and in aliases. */
import type { Node, Pair, Document as YamlDocument } from 'yaml';

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface TextFault extends Place {
  readonly detail: string;
}

export type ReadText =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** The place of a key, or of the nearest thing around it. */
      readonly placeOf: (steps: readonly string[]) => Place;
    }
  | { readonly ok: false; readonly faults: readonly TextFault[] };

const LENGTH_MAX = 1024 ** 2;
const ALIASES_MAX = 100;

export async function readYaml(text: string): Promise<ReadText> {
  const start: Place = { line: 1, column: 1 };
  if (text.length > LENGTH_MAX) {
    return { ok: false, faults: [{ ...start, detail: `it is longer than ${LENGTH_MAX} characters` }] };
  }
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = yaml.parseDocument(text, { lineCounter: lines, version: '1.2', uniqueKeys: true, merge: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ pos, message }) => ({ ...at(pos[0]), detail: sentenceOf(message) }));
    return { ok: false, faults };
  }
  try {
    // A file of comments alone asks for nothing: all defaults.
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {};
    return { ok: true, value, placeOf: (steps) => at(offsetOf(document, steps, yaml)) };
  } catch (error) {
    return { ok: false, faults: [{ ...start, detail: sentenceOf((error as Error).message) }] };
  }
}

function offsetOf(
  document: YamlDocument.Parsed,
  steps: readonly string[],
  { isMap, isNode, isSeq }: typeof import('yaml'),
): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of steps) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => String((key as { value?: unknown }).value) === step);
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** Without the place and the picture that the parser draws behind its sentence. */
function sentenceOf(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}

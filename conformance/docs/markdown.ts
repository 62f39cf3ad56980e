/** What a Markdown file tells its reader to type, to save, and to expect. Only fenced blocks; nothing is run here. */

export interface CommandBlock {
  readonly line: number;
  readonly commands: readonly string[];
  /** The lines of the `text` block that comes next, before any other block. */
  readonly output: readonly string[];
}

export interface Instructions {
  readonly blocks: readonly CommandBlock[];
  /** Blocks whose first line names a file, such as `# job.yaml`. */
  readonly files: ReadonlyMap<string, string>;
}

interface Fence {
  readonly language: string;
  readonly line: number;
  readonly content: readonly string[];
}

export function instructionsOf(markdown: string): Instructions {
  const fences = fencesOf(markdown);
  const blocks: CommandBlock[] = [];
  const files = new Map<string, string>();
  for (const [at, fence] of fences.entries()) {
    const name = /^# ([\w-]+\.\w+)$/.exec(fence.content[0] ?? '')?.[1];
    if (fence.language === 'sh') {
      const next = fences[at + 1];
      const output = next?.language === 'text' ? next.content.filter((line) => line.trim() !== '') : [];
      blocks.push({ line: fence.line, commands: commandsOf(fence.content), output });
    } else if (name !== undefined) files.set(name, `${fence.content.join('\n')}\n`);
  }
  return { blocks, files };
}

function fencesOf(markdown: string): readonly Fence[] {
  const fences: Fence[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(\w*)/.exec(lines[at] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`line ${at + 1}: the block has no end`);
    fences.push({ language, line: at + 1, content: lines.slice(at + 1, end) });
    at = end;
  }
  return fences;
}

/** One command a line, without comments; a backslash at the end goes on in the next. */
function commandsOf(lines: readonly string[]): readonly string[] {
  return lines
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s{2,})#.*$/, '').trim())
    .filter((line) => line !== '');
}

/**
 * The shape of a line that a document shows: numbers are any numbers, spaces any spaces, `…` anything.
 * The program may print more lines; it must print one of this shape.
 */
export function shapeOf(line: string): RegExp {
  const source = line
    .trim()
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replace(/\d+(\\\.\d+)?/g, '\\d+(\\.\\d+)?')
    .replace(/\s+/g, '\\s+')
    .replaceAll('…', '.*');
  return new RegExp(`^\\s*${source}\\s*$`);
}

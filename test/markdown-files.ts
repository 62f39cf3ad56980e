/** The repository's own Markdown files: no packages, no built or generated folders. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage']);

/** Paths from the root, with `/`. */
export function markdownFiles(folder = ''): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** What is shown as it stands holds no links: fenced blocks, and code within a line. */
export function withoutCode(markdown: string): string {
  return withoutBlocks(markdown).replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, '');
}

export function withoutBlocks(markdown: string): string {
  return markdown.replace(/^(```+)[^\n]*\n[\s\S]*?^\1\s*$/gm, '');
}

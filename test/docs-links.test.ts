/** Links within the repository lead somewhere: files, and headings in them. The list of decisions names each record. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markdownFiles, ROOT, textOf, withoutBlocks, withoutCode } from './markdown-files.js';

const files = markdownFiles();

function targetsOf(markdown: string): readonly string[] {
  const text = withoutCode(markdown);
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)];
  const reference = [...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)];
  return [...inline, ...reference].map((match) => match[1] ?? '');
}

/** GitHub's: lower case, no punctuation, hyphens for blanks, a number for a heading that stands there again. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}

function faultOf(file: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const led = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (led.startsWith('..') || !existsSync(join(ROOT, led))) return `${target}: there is no ${led}`;
  if (anchor === undefined || statSync(join(ROOT, led)).isDirectory() || !led.endsWith('.md')) return undefined;
  return anchorsOf(textOf(led)).has(anchor) ? undefined : `${target}: ${led} has no such heading`;
}

describe('links', () => {
  it('are looked for in the documents', () => {
    expect(files).toContain('README.md');
    expect(files).toContain('docs/reference/sql.md');
    expect(targetsOf(textOf('README.md'))).toContain('docs/reference/sql.md');
  });

  it.each(files)('of %s lead somewhere', (file) => {
    const faults = targetsOf(textOf(file)).map((target) => faultOf(file, target));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('that lead nowhere are found', () => {
    expect(targetsOf('[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n')).toEqual(['b.md']);
    expect(faultOf('README.md', 'docs/no-such-page.md')).toContain('there is no docs/no-such-page.md');
    expect(faultOf('README.md', 'docs/reference/sql.md#no-such-heading')).toContain('no such heading');
    expect(faultOf('docs/reference/sql.md', '#grammar')).toBeUndefined();
  });
});

describe('docs/adr', () => {
  const records = readdirSync(join(ROOT, 'docs/adr')).filter((file) => file !== 'README.md');
  const list = textOf('docs/adr/README.md');

  it.each(records)('%s is a numbered record and in the list', (file) => {
    expect(file).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    expect(list).toContain(`| [${file.slice(0, 4)}](${file}) |`);
    expect(textOf(`docs/adr/${file}`)).toMatch(/^# /);
  });

  it('gives a number once', () => {
    expect(new Set(records.map((file) => file.slice(0, 4))).size).toBe(records.length);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Every SQL text that a reader may copy: fenced blocks marked `sql` in Markdown, the `sql:` of documents in YAML (files,
 * and fenced blocks marked `yaml`), and the golden queries of packages/sql. A block marked `sql error` must be refused
 * by Millrace and is not shown to Spark.
 */

const FENCE = /^(\s*)(`{3,})([^\n`]*)\n([\s\S]*?)^\1\2\s*$/gm;

/** @typedef {{ place: string, sql: string, expect: 'plan' | 'error', columns: { source: string, name: string, type: string }[], eventTimes?: { source: string, column: string }[] }} Text */

/** Files below a folder; nothing if there is no such folder. */
function filesBelow(folder, endings) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('node_modules'))
    .toSorted();
}

function lineOf(text, offset) {
  return text.slice(0, offset).split('\n').length;
}

/** @returns {Text[]} */
function fromMarkdown(file, root) {
  const text = readFileSync(file, 'utf8');
  const found = [];
  for (const match of text.matchAll(FENCE)) {
    const [whole, indent, , info, body] = match;
    const words = info.trim().split(/\s+/);
    const place = `${relative(root, file)}:${lineOf(text, match.index + whole.indexOf('`'))}`;
    const plain = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    if (words[0] === 'sql') {
      for (const sql of statements(plain))
        found.push({ place, sql, expect: words.includes('error') ? 'error' : 'plan', columns: header(sql) });
    }
    if (words[0] === 'yaml' || words[0] === 'yml') found.push(...fromYaml(plain, place));
  }
  return found;
}

/** Statements of one block are parted by a semicolon at a line's end. */
function statements(block) {
  return block.split(/;[ \t]*\n/).filter((sql) => sql.trim() !== '');
}

/** `sql: |` with its indented lines, or `sql: text` on one line. */
function fromYaml(text, place) {
  const lines = text.split('\n');
  const found = [];
  lines.forEach((line, index) => {
    const match = /^(\s*)(?:- )?sql:\s*(.*)$/.exec(line);
    if (match === null) return;
    const [, indent, rest] = match;
    const block = [];
    for (const next of lines.slice(index + 1)) {
      if (next.trim() !== '' && next.length - next.trimStart().length <= indent.length) break;
      block.push(next);
    }
    const margin = Math.min(
      ...block.filter((next) => next.trim() !== '').map((next) => next.length - next.trimStart().length),
    );
    const sql = /^[|>][+-]?\d*\s*$/.test(rest)
      ? block.map((next) => next.slice(margin)).join('\n')
      : rest.replace(/^(['"])(.*)\1$/, '$2');
    if (sql.trim() !== '')
      found.push({ place: `${place}${place.includes(':') ? '+' : ':'}${index + 1}`, sql, expect: 'plan', columns: [] });
  });
  return found;
}

/** `-- column SOURCE NAME TYPE`: columns that the source's schema has. */
function header(sql) {
  return [...sql.matchAll(/^-- column (\S+) (\S+) (.+)$/gm)].map(([, source, name, type]) => ({ source, name, type }));
}

function fromGoldenQuery(file, root) {
  const sql = readFileSync(file, 'utf8');
  if (!sql.startsWith('-- plan')) return [];
  return [{ place: relative(root, file), sql, expect: 'plan', columns: header(sql), eventTimes: eventTimes(sql) }];
}

/** `-- event-time SOURCE COLUMN SECONDS`: what the source's schema says. */
function eventTimes(sql) {
  return [...sql.matchAll(/^-- event-time (\S+) (\S+)/gm)].map(([, source, column]) => ({ source, column }));
}

/** @returns {Text[]} */
export function collect(root) {
  const markdown = [
    join(root, 'README.md'),
    ...filesBelow(join(root, 'docs'), ['.md']),
    ...filesBelow(join(root, 'examples'), ['.md']),
  ];
  const yaml = [
    ...filesBelow(join(root, 'examples'), ['.yaml', '.yml']),
    ...filesBelow(join(root, 'docs'), ['.yaml', '.yml']),
  ];
  return [
    ...markdown.flatMap((file) => fromMarkdown(file, root)),
    ...yaml.flatMap((file) => fromYaml(readFileSync(file, 'utf8'), relative(root, file))),
    ...filesBelow(join(root, 'packages/sql/test/queries'), ['.sql']).flatMap((file) => fromGoldenQuery(file, root)),
  ];
}

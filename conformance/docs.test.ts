/** What the documentation tells its reader to type is typed, against a real server, and shows what the documentation shows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KNOWN, type Known } from './docs/known-commands.js';
import { instructionsOf, shapeOf } from './docs/markdown.js';
import { Story, untilShown } from './docs/story.js';
import { ROOT } from './harness/server.js';

const documents = [
  'README.md',
  ...['docs', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => `${folder}/${file}`),
  ),
].map((file) => ({ file, ...instructionsOf(readFileSync(join(ROOT, file), 'utf8')) }));

/** Commands that stand in a document and not in the table, or the other way round. */
function strangers(commands: readonly string[], known: Readonly<Record<string, Known>> | undefined): readonly string[] {
  const table = Object.keys(known ?? {});
  return [
    ...commands.filter((command) => !table.includes(command)).map((command) => `not in the table: ${command}`),
    ...table.filter((command) => !commands.includes(command)).map((command) => `in no document: ${command}`),
  ];
}

describe('the table of commands', () => {
  test.each(documents.map(({ file, blocks }) => [file, blocks] as const))(
    'knows those of %s, no more',
    (file, blocks) => {
      const commands = blocks.flatMap((block) => block.commands);
      expect(strangers(commands, KNOWN[file])).toEqual([]);
    },
  );

  test('names only documents and tests that are there', () => {
    expect(Object.keys(KNOWN).filter((file) => !documents.some((document) => document.file === file))).toEqual([]);
    const all = Object.values(KNOWN).flatMap((table) => Object.values(table));
    const tests = all.flatMap((known) => (known.kind === 'elsewhere' ? [known.test] : []));
    expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('a command that it does not know is a fault', () => {
    const { blocks } = instructionsOf('```sh\n# first\nmillrace status   # how is it\nmillrace get \\\n  jobs\n```\n');
    const commands = blocks.flatMap((block) => block.commands);
    expect(strangers(commands, { 'millrace status': { kind: 'ends', code: 0 } })).toEqual([
      expect.stringMatching(/^not in the table: millrace get\s+jobs$/),
    ]);
  });

  test('a shape fits other numbers and no other words', () => {
    const shape = shapeOf('{"device":"1","average":21.4}');
    expect(shape.test('{"device":"2","average":7}')).toBe(true);
    expect(shape.test('{"device":"2","mean":7}')).toBe(false);
  });
});

describe('a reader who types all of', () => {
  const told = documents.filter(({ blocks }) => blocks.length > 0);
  test.each(told.map((document) => [document.file, document] as const))(
    '%s',
    async (file, { blocks, files }) => {
      const story = await Story.begin(files);
      try {
        for (const block of blocks) await follow(story, file, block);
      } finally {
        await story.end();
      }
    },
    240_000,
  );
});

async function follow(
  story: Story,
  file: string,
  block: { readonly line: number; readonly commands: readonly string[]; readonly output: readonly string[] },
): Promise<void> {
  try {
    const programs = [];
    for (const command of block.commands) {
      const known = KNOWN[file]?.[command];
      if (known === undefined) throw new Error(`not in the table: ${command}`);
      if (known.kind !== 'elsewhere') programs.push(await story.type(command, known));
    }
    // What is sent here may show in a receiver that was started further up.
    if (programs.length > 0) await untilShown(block.output, [...programs, ...story.running]);
  } catch (error) {
    throw new Error(`${file}:${block.line}: ${(error as Error).message}`, { cause: error });
  }
}

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SpoolDirectory } from '../src/spool-directory.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-spool-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('gives back what was put into it, piece by piece', () => {
  const spools = new SpoolDirectory(join(directory, 'incoming'));
  const [one, other] = [spools.create(), spools.create()];
  const bytes = Buffer.from('0123456789');
  one.append(bytes, 2, 5);
  other.append(bytes, 0, 1);
  one.append(bytes, 9, 10);
  expect([String(one.take()), String(other.take()), spools.open]).toEqual(['2349', '0', 2]);
  one.close();
  one.close();
  expect(spools.open).toBe(1);
  other.close();
});

test('leaves nothing behind, and takes away what an earlier process left', () => {
  writeFileSync(join(directory, 'incoming-7'), 'x');
  writeFileSync(join(directory, 'note.txt'), 'x');
  const spool = new SpoolDirectory(directory).create();
  spool.append(Buffer.from('abc'), 0, 3);
  spool.close();
  expect(readdirSync(directory)).toEqual(['note.txt']);
});

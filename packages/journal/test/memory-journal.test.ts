import { expect, test } from 'vitest';
import { type Journal, JournalError, MemoryJournal } from '../src/index.js';

test('the memory journal numbers records, keeps none and commits at once', () => {
  const journal: Journal = new MemoryJournal();
  const bytes = new Uint8Array(4);
  expect([journal.append(1, bytes, 0, 4), journal.append(2, bytes, 0, 0)]).toEqual([1, 2]);
  const done: unknown[] = [];
  journal.commit((error) => done.push(error));
  journal.commit((error) => done.push(error));
  expect([done, journal.durable]).toEqual([[undefined, undefined], false]);
});

test('a journal error keeps its cause', () => {
  const cause = new Error('ENOSPC');
  expect(new JournalError('no space left', { cause })).toMatchObject({ name: 'JournalError', cause });
});

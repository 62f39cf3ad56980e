import { expect, test } from 'vitest';
import { type DiskJournal, type DiskJournalOptions, JournalFull, type JournalOwner } from '../src/index.js';
import { Random } from './simulation/random.js';
import { SimulatedClock } from './simulation/simulated-clock.js';
import { append, commit, contents, open, TextOwner, temporaryDirectory, until } from './support/store.js';

const PUT = 1;
const REMOVE = 2;
const SEGMENT = 4096;

/** Writes again what is not removed, and commits. */
class Shelf extends TextOwner {
  readonly live = new Map<string, number>();
  journal: DiskJournal | undefined = undefined;
  /** Gives up the old record of what it wrote again: that is allowed, and nobody has to. */
  releasesMoved = true;
  private asks = false;

  constructor() {
    super();
    this.onRewrite = (text, { position, type }) => {
      if (type === PUT && this.live.get(text) === position) {
        this.live.set(text, append(this.journal!, text, PUT));
        this.moved.push({ text, position });
      }
      if (this.asks) return;
      this.asks = true;
      queueMicrotask(() => {
        this.asks = false;
        const moved = this.moved.splice(0);
        this.journal!.commit((error) => {
          if (error !== undefined || !this.releasesMoved) return;
          for (const { position, text: one } of moved) this.journal!.release(position, one.length);
        });
      });
    };
  }

  private readonly moved: { text: string; position: number }[] = [];

  async put(text: string): Promise<boolean> {
    const position = append(this.journal!, text, PUT);
    if ((await commit(this.journal!)) !== undefined) return false;
    this.live.set(text, position);
    return true;
  }

  async remove(text: string): Promise<boolean> {
    const position = append(this.journal!, '-', REMOVE);
    if ((await commit(this.journal!)) !== undefined) return false;
    this.journal!.release(this.live.get(text)!, text.length);
    this.live.delete(text);
    this.journal!.release(position, 1);
    return true;
  }
}

async function shelf(options: Partial<DiskJournalOptions> & { directory: string }): Promise<Shelf> {
  const owner = new Shelf();
  const { journal } = await open({
    segmentBytes: SEGMENT,
    reserveTypes: [REMOVE],
    ...options,
    owner: owner as JournalOwner,
  });
  owner.journal = journal;
  return owner;
}

async function fillUp(owner: Shelf): Promise<number> {
  let count = 0;
  while (await owner.put(`${count}`.padStart(700, '.'))) {
    if (++count > 500) throw new Error('it is never full');
  }
  return count;
}

test('at its limit it refuses what is new, takes what removes, and recovers by itself', async () => {
  const directory = temporaryDirectory();
  const states: string[] = [];
  const limitBytes = SEGMENT * 12;
  const owner = await shelf({ directory, limitBytes, onStateChange: ({ kind }) => states.push(kind) });
  const journal = owner.journal!;
  const count = await fillUp(owner);
  expect(count).toBeGreaterThan(12);
  expect(journal.state).toEqual({ kind: 'full', cause: 'limit' });
  expect(journal.figures().bytesOnDisk).toBeLessThanOrEqual(limitBytes);
  // New ones do not come to the reserve, however often they are tried.
  for (let tries = 0; tries < 20; tries++) {
    append(journal, 'n'.repeat(700), PUT);
    expect(await commit(journal)).toBeInstanceOf(JournalFull);
  }
  // Not even when what removes has begun a segment of the reserve.
  for (let removes = 0; removes < 30; removes++) {
    const position = append(journal, '-', REMOVE);
    expect(await commit(journal)).toBeUndefined();
    journal.release(position, 1);
  }
  append(journal, 'n'.repeat(700), PUT);
  expect(await commit(journal)).toBeInstanceOf(JournalFull);
  for (const text of [...owner.live.keys()]) expect(await owner.remove(text)).toBe(true);
  await until(() => journal.state.kind === 'open');
  expect(await owner.put('again')).toBe(true);
  expect(journal.figures().bytesOnDisk).toBeLessThanOrEqual(limitBytes);
  expect(states).toEqual(['full', 'open']);
  await journal.close();
  const left = (await contents(directory)).filter((text) => text !== '-');
  expect(left.at(-1)).toBe('again');
  expect(left.some((text) => text.startsWith('n'))).toBe(false);
});

test('a full one makes room by emptying segments that hold little, whatever stands in the first', async () => {
  const directory = temporaryDirectory();
  const owner = await shelf({ directory, limitBytes: SEGMENT * 14 });
  const journal = owner.journal!;
  await fillUp(owner);
  const texts = [...owner.live.keys()];
  // One in three stays, the very first too.
  for (const [index, text] of texts.entries()) if (index % 3 !== 0) await owner.remove(text);
  await until(() => journal.state.kind === 'open');
  expect(journal.figures().segmentsEmptied).toBeGreaterThan(0);
  expect(await owner.put('room')).toBe(true);
  const live = [...owner.live.keys()].sort();
  await journal.close();
  const again = await shelf({ directory, limitBytes: SEGMENT * 14 });
  expect(live.every((text) => again.replayed.includes(text))).toBe(true);
  await again.journal!.close();
});

test('with one stuck record in each segment, no more is used than twice what lives and some segments', async () => {
  const directory = temporaryDirectory();
  const owner = await shelf({ directory });
  const journal = owner.journal!;
  for (let number = 0; number < 600; number++) {
    const text = `${number}`.padStart(400, '.');
    await owner.put(text);
    if (number % 10 !== 0) await owner.remove(text);
  }
  await until(() => {
    const { bytesLive, bytesUsed } = journal.figures();
    return bytesUsed <= 2 * bytesLive + 4 * SEGMENT;
  });
  const { bytesRewritten, bytesWritten, bytesLive, bytesOnDisk, bytesUsed } = journal.figures();
  expect(bytesLive).toBe(60 * 405);
  expect(bytesOnDisk).toBeLessThanOrEqual(bytesUsed + 12 * SEGMENT);
  // Each byte that is written again frees at least one other.
  expect(bytesRewritten).toBeLessThan(bytesWritten / 2);
  await journal.close();
  const replayed = await contents(directory);
  expect([...owner.live.keys()].every((text) => replayed.includes(text))).toBe(true);
});

test('the owner is not asked before its first commit, wasteful as the store is', async () => {
  const directory = temporaryDirectory();
  const first = await open({ directory });
  for (let number = 0; number < 600; number++) {
    append(first.journal, 'x');
    first.journal.commit(() => undefined);
  }
  await commit(first.journal);
  await first.journal.close();
  const { journal, owner } = await open({ directory });
  await until(() => journal.figures().batches === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(owner.asked).toEqual([]);
  append(journal, 'first');
  await commit(journal);
  await until(() => owner.asked.length > 0);
  await journal.close();
});

/** A store whose first segment has so many live records, and the others none. */
async function firstSegmentLives(records: number, options: Partial<DiskJournalOptions> = {}): Promise<Shelf> {
  const owner = await shelf({ directory: temporaryDirectory(), segmentBytes: 65_536, ...options });
  const journal = owner.journal!;
  for (let number = 0; number < records; number++) {
    owner.live.set(`first ${number}`, append(journal, `first ${number}`, PUT));
  }
  await commit(journal);
  // Four to a segment, in the first one too.
  for (let filler = 0; filler < 28; filler++) {
    const position = append(journal, 'x'.repeat(15_900), PUT);
    await commit(journal);
    journal.release(position, 15_900);
  }
  return owner;
}

test.each([59, 60, 61])(
  'a segment of %d records and four others goes, though nothing is committed after the last one',
  async (records) => {
    const clock = new SimulatedClock(new Random(1));
    const owner = await firstSegmentLives(records, { clock });
    owner.releasesMoved = false;
    const journal = owner.journal!;
    await until(() => clock.waiting > 0);
    // Sixty-four records are a piece. Between two of them the commit comes to be on disk.
    while (journal.figures().segmentsEmptied === 0) {
      clock.step();
      // Its commit comes at the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      await until(() => journal.figures().bytesPending === 0);
      await until(() => clock.waiting > 0 || journal.figures().segmentsEmptied > 0);
    }
    expect(owner.asked).toHaveLength(records + 4);
    await journal.close();
  },
);

test('what is released when all is at rest has segments emptied too', async () => {
  const { journal, owner } = await open({ directory: temporaryDirectory() });
  const positions: number[] = [];
  for (let number = 0; number < 60; number++) {
    positions.push(append(journal, `${number}`.padStart(700, '.')));
    await commit(journal);
  }
  // Long after the last write; the first record alone lives on.
  await new Promise((resolve) => setImmediate(resolve));
  expect(owner.asked).toEqual([]);
  for (const position of positions.slice(1)) journal.release(position, 700);
  await until(() => owner.asked.length > 0);
  expect(owner.asked[0]).toBe('0'.padStart(700, '.'));
  await journal.close();
});

test('the owner is asked in pieces that end by the clock', async () => {
  const directory = temporaryDirectory();
  const first = await open({ directory, segmentBytes: 65_536 });
  const positions: number[] = [];
  for (let number = 0; number < 12_000; number++) {
    positions.push(append(first.journal, `${number}`.padStart(32, '.')));
    if (number % 500 === 0) await commit(first.journal);
  }
  await commit(first.journal);
  await first.journal.close();
  const clock = new SimulatedClock(new Random(1));
  const { journal, owner } = await open({ directory, segmentBytes: 65_536, clock });
  for (const position of owner.positions.filter((_, index) => index % 50 !== 0)) journal.release(position, 32);
  append(journal, 'first');
  await commit(journal);
  await until(() => clock.waiting > 0);
  const pieces: number[] = [];
  for (let before = 0; clock.waiting > 0; before = owner.asked.length) {
    clock.step();
    pieces.push(owner.asked.length - before);
  }
  // Its clock moves by one at each look: two looks make up the time of a piece.
  expect(Math.max(...pieces)).toBeLessThanOrEqual(64);
  expect(pieces.reduce((sum, piece) => sum + piece)).toBeGreaterThan(1000);
  expect(owner.asked[0]).toBe('0'.padStart(32, '.'));
  await journal.close();
});

test('there is no store where there is no room for one', async () => {
  const directory = temporaryDirectory();
  await expect(open({ directory, limitBytes: 1000 })).rejects.toBeInstanceOf(JournalFull);
});

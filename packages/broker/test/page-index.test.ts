import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOWHERE } from '../src/log/record-type.js';
import { PackedRecords } from '../src/packed-records.js';
import { OpenPages, PageIndex, SETTLED } from '../src/page-index.js';
import { SharedRecords } from '../src/shared-records.js';
import { BLOCK_SLOTS } from '../src/store-block.js';

const slot = fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: BLOCK_SLOTS - 1 }));
const position = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.maxSafeNat().map((one) => Math.floor(one / 8)),
);
const length = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 ** 32 - 1 }));

/** Has the index packed, and so read from what was packed the next time. */
function pack(pages: OpenPages): void {
  new PageIndex(pages).open();
}

function packedBytes(index: PageIndex): number {
  return (index as unknown as { packed: Uint8Array }).packed.length;
}

describe('an index of a block', () => {
  test('gives back what was put in, packed in between or not', () => {
    const step = fc.record({ slot, position, length, overhead: fc.nat({ max: 90 }), what: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pages = new OpenPages(1);
        const index = new PageIndex(pages);
        const expected = new Map<number, { position: number; length: number; size: number }>();
        const settled = new Set<number>();
        for (const one of steps) {
          const size = Math.max(0, one.length - one.overhead);
          if (one.what === 0) {
            settled.add(one.slot);
            expected.delete(one.slot);
            index.clear(one.slot, SETTLED);
          } else if (one.what === 1 && expected.has(one.slot)) {
            const { size: before } = expected.get(one.slot)!;
            const moved = { position: one.position, length: Math.min(2 ** 32 - 1, before + one.overhead) };
            expected.set(one.slot, { ...moved, size: before });
            index.move(one.slot, moved.position, moved.length);
          } else {
            settled.delete(one.slot);
            expected.set(one.slot, { position: one.position, length: one.length, size });
            index.set(one.slot, { position: one.position, length: one.length, size });
          }
          if (one.what === 3) pack(pages);
        }
        pack(pages);
        const found = new Map<number, unknown>();
        index.each((at, record) => found.set(at, record));
        expect([...found]).toEqual([...expected].sort(([a], [b]) => a - b));
        for (let at = 0; at < BLOCK_SLOTS; at++) {
          if (!expected.has(at)) expect(index.positionAt(at)).toBe(settled.has(at) ? SETTLED : NOWHERE);
        }
      }),
    );
  });

  test.each([
    ['of 100 bytes', 161, 5],
    ['of 1 KB', 1085, 5],
    ['of 10 KB, each in a batch of its own', 10_300, 53],
  ])('takes less than four bytes a message that is stored in order: %s', (_name, size, gap) => {
    const pages = new OpenPages(1);
    const index = new PageIndex(pages);
    for (let at = 0; at < BLOCK_SLOTS; at++) {
      index.set(at, { position: 7e12 + at * (size + gap), length: size + (at % 9), size: size - 61 + (at % 9) });
    }
    pack(pages);
    expect(packedBytes(index) / BLOCK_SLOTS).toBeLessThan(4);
  });

  test('only so many are unpacked at a time', () => {
    const pages = new OpenPages(2);
    const indexes = Array.from({ length: 9 }, () => new PageIndex(pages));
    for (const [i, index] of indexes.entries()) index.set(i, { position: i * 100, length: 50, size: 10 });
    const unpacked = indexes.filter((index) => (index as unknown as { page: unknown }).page !== undefined);
    expect(unpacked.length).toBe(2);
    expect(indexes.map((index, i) => index.positionAt(i))).toEqual(indexes.map((_, i) => i * 100));
  });
});

test('a list of records gives back what was added, in order, once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(position, length)), (records) => {
      const list = new PackedRecords();
      for (const [at, size] of records) list.add(at, size);
      const found: [number, number][] = [];
      list.take((at, size) => found.push([at, size]));
      expect(found).toEqual(records);
      list.take(() => found.push([0, 0]));
      expect(found.length).toBe(records.length);
    }),
  );
  const long = new PackedRecords();
  for (let i = 0; i < 100_000; i++) long.add(i * 166, 161);
  let sum = 0;
  long.take((at, size) => {
    sum += at + size;
  });
  expect(sum).toBe(166 * (99_999 * 50_000) + 161 * 100_000);
});

test('holders of shared records are counted as by a map', () => {
  const where = fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 2 ** 20 - 3, max: 2 ** 20 + 3 }), fc.maxSafeNat());
  const step = fc.record({ at: where, to: where, count: fc.constantFrom(2, 3, 4094, 4095, 4096, 70_000) });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), step), { maxLength: 100 }), (steps) => {
      const shared = new SharedRecords();
      const counts = new Map<number, number>();
      for (const [what, { at, to, count }] of steps) {
        const before = counts.get(at) ?? 0;
        if (what === 0 && before === 0) {
          shared.add(at, count);
          counts.set(at, count);
        } else if (what === 1) {
          const left = Math.max(0, before - 1);
          expect(shared.giveUp(at)).toBe(left);
          if (left === 0) counts.delete(at);
          else counts.set(at, left);
        } else if (what === 2 && !counts.has(to)) {
          shared.move(at, to);
          counts.delete(at);
          if (before > 0) counts.set(to, before);
        }
        for (const one of [at, to]) expect(shared.holders(one)).toBe(counts.get(one) ?? 0);
      }
    }),
  );
});

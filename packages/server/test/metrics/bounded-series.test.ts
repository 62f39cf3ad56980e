import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedSeries } from '../../src/metrics/bounded-series.js';

const item = (name: string, ...counters: number[]) => ({ name, counters });

describe('bounded series', () => {
  it('gives the places to those that have counted most, and keeps them there', () => {
    const series = new BoundedSeries(1);
    const first = series.update([item('a', 1), item('b', 9), item('c', 5)], 2);
    expect(first.named.map(({ name }) => name)).toEqual(['b', 'c']);
    const second = series.update([item('a', 100), item('b', 9), item('c', 5)], 2);
    expect(second.named.map(({ name }) => name)).toEqual(['b', 'c']);
    expect(second.otherCounters).toEqual([100]);
  });

  it('the sum of the others keeps what vanished, was promoted, or was made anew', () => {
    const series = new BoundedSeries(2);
    expect(series.update([item('a', 9, 1), item('b', 5, 2), item('c', 3, 3)], 1).otherCounters).toEqual([8, 5]);
    // c is gone
    expect(series.update([item('a', 9, 1), item('b', 6, 2)], 1).otherCounters).toEqual([9, 5]);
    // b was made anew
    expect(series.update([item('a', 9, 1), item('b', 1, 0)], 1).otherCounters).toEqual([10, 5]);
    // a is gone, b gets its place: what it had counted among the others stays there
    const promoted = series.update([item('b', 4, 0)], 1);
    expect([promoted.named.map(({ name }) => name), promoted.otherCounters]).toEqual([['b'], [10, 5]]);
  });

  it('a limit that falls moves nothing into the sum', () => {
    const series = new BoundedSeries(1);
    series.update([item('a', 1000), item('b', 1)], 2);
    expect(series.update([item('a', 1000), item('b', 1)], 1).otherCounters[0]).toBe(0);
    expect(series.update([item('a', 1007), item('b', 1)], 1).otherCounters[0]).toBe(7);
  });

  it('never has more names than places, nor a sum that falls, whatever comes and goes', () => {
    const step = fc.record({
      limit: fc.integer({ min: 0, max: 4 }),
      present: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 }),
      added: fc.array(fc.nat(50), { minLength: 6, maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const series = new BoundedSeries(1);
        const counts = new Map<string, number>();
        let sum = 0;
        for (const { limit, present, added } of steps) {
          const names = [...new Set(present)];
          for (const name of counts.keys()) if (!names.some((one) => one === name)) counts.delete(name);
          for (const [index, name] of names.entries()) counts.set(name, (counts.get(name) ?? 0) + added[index]!);
          const { named, others, otherCounters } = series.update(
            names.map((name) => item(name, counts.get(name)!)),
            limit,
          );
          expect(named.length).toBeLessThanOrEqual(limit);
          expect(named.length + others.length).toBe(names.length);
          expect(otherCounters[0]).toBeGreaterThanOrEqual(sum);
          sum = otherCounters[0]!;
        }
      }),
    );
  });
});

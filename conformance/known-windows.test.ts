/** The judge is judged: a ledger that cannot find a fault proves nothing. */
import { describe, expect, test } from 'vitest';
import {
  compareTotals,
  compareWindows,
  type Reading,
  uniqueValue,
  type WindowResult,
} from './harness/known-windows.js';

const at = (value: number, sentAt: number, acknowledgedAt = sentAt + 5): Reading => ({ value, sentAt, acknowledgedAt });
const readings = [at(7, 1_000), at(3, 1_100), at(9, 6_000), at(1, 6_100)];
const first: WindowResult = { start: 0, end: 5_000, maximum: 7, minimum: 3, readings: 2, total: 10 };
const second: WindowResult = { start: 5_000, end: 10_000, maximum: 9, minimum: 1, readings: 2, total: 10 };

const faultsOf = (results: readonly WindowResult[], sent: readonly Reading[] = readings) =>
  compareWindows(sent, results).flatMap((comparison) => comparison.faults);

describe('the ledger of windows', () => {
  test('has nothing to say when all is right', () => {
    expect(faultsOf([first, second])).toEqual([]);
    expect(compareTotals(readings, [first, second])).toEqual([]);
  });

  test.each<[string, readonly WindowResult[]]>([
    ['missing', [first]],
    ['came 2 times', [first, second, second]],
    ['count', [{ ...first, readings: 1 }, second]],
    ['maximum', [{ ...first, maximum: 6 }, second]],
    ['minimum', [first, { ...second, minimum: 2 }]],
    ['sum', [first, { ...second, total: 11 }]],
    ['bounds', [{ ...first, start: 1 }, second]],
    [
      'nothing was sent',
      [first, second, { start: 10_000, end: 15_000, maximum: 1, minimum: 1, readings: 1, total: 1 }],
    ],
  ])('finds: %s', (fault, results) => {
    expect(faultsOf(results)).toContain(fault);
  });

  test('finds what is lost, doubled or out of order over all windows', () => {
    expect(compareTotals(readings, [first])).toHaveLength(2);
    expect(compareTotals(readings, [first, { ...second, total: 12 }])).toHaveLength(1);
    expect(compareTotals(readings, [second, first])).toEqual(['the results came out of order']);
  });

  test('allows either window to a reading whose acknowledgement came after the edge, and no other', () => {
    const sent = [...readings, at(8, 4_990, 5_010)];
    const inFirst = { ...first, maximum: 8, readings: 3, total: 18 };
    const inSecond = { ...second, readings: 3, total: 18 };
    expect(faultsOf([inFirst, second], sent)).toEqual([]);
    expect(faultsOf([first, inSecond], sent)).toEqual([]);
    expect(faultsOf([{ ...inFirst, readings: 4 }, second], sent)).toEqual(['count']);
    expect(compareTotals(sent, [first, second])).toHaveLength(2);
  });

  test('gives each publisher and sequence a value of its own, within INT', () => {
    const values = new Set<number>();
    for (let publisher = 0; publisher < 50; publisher += 1) {
      for (let sequence = 0; sequence < 2_000; sequence += 1) values.add(uniqueValue(publisher, sequence));
    }
    expect(values.size).toBe(100_000);
    expect(Math.max(...[...values].slice(0, 1_000))).toBeLessThan(2 ** 31);
  });
});

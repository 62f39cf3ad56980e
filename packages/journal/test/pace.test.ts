import { describe, expect, it } from 'vitest';
import { Pace } from '../src/pace.js';

function quickly(pace: Pace, times = 8): Pace {
  for (let i = 0; i < times; i++) pace.pooled(200, 0.1);
  return pace;
}

describe('Pace', () => {
  it.each([
    ['of a disk that nobody knows yet', new Pace(), 200, 1, false],
    ['after seven quick writes', quickly(new Pace(), 7), 200, 1, false],
    ['after eight quick writes', quickly(new Pace()), 200, 1, true],
    ['of a page', quickly(new Pace()), 4096, 3, true],
    ['of more than a page', quickly(new Pace()), 4097, 1, false],
    ['of more than one message', quickly(new Pace()), 200, 4, false],
  ])('a write %s', (_, pace, bytes, records, onThread) => {
    expect(pace.onThread({ bytes, records }, 0)).toBe(onThread);
  });

  it('goes to the pool again when one came back late, whatever its size', () => {
    const pace = quickly(new Pace());
    pace.pooled(100_000, 0.6);
    expect(pace.onThread({ bytes: 200, records: 1 }, 0)).toBe(false);
    expect(quickly(pace).onThread({ bytes: 200, records: 1 }, 0)).toBe(true);
  });

  it('does not count large writes as quick', () => {
    const pace = new Pace();
    for (let i = 0; i < 20; i++) pace.pooled(100_000, 0.3);
    expect(pace.onThread({ bytes: 200, records: 1 }, 0)).toBe(false);
  });

  it('keeps off the thread for a second after a slow write there, and twice as long each time after', () => {
    const pace = quickly(new Pace());
    let nowMs = 10;
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000]) {
      pace.blocked(1.1, nowMs);
      expect(quickly(pace).onThread({ bytes: 200, records: 1 }, nowMs + waitMs - 1)).toBe(false);
      nowMs += waitMs;
      expect(pace.onThread({ bytes: 200, records: 1 }, nowMs)).toBe(true);
    }
  });

  it('forgives after ten thousand good ones', () => {
    const pace = quickly(new Pace());
    pace.blocked(2, 0);
    for (let i = 0; i < 10_000; i++) pace.blocked(0.1, 1_000);
    pace.blocked(2, 5_000);
    expect(quickly(pace).onThread({ bytes: 200, records: 1 }, 6_000)).toBe(true);
  });
});

import { expect, test } from 'vitest';
import { formatDecimalNumber } from '../src/text/format-number.js';

/** As java.math.BigDecimal.toString. */
test.each([
  [0n, 0, '0'],
  [0n, 6, '0.000000'],
  [0n, 7, '0E-7'],
  [1n, 6, '0.000001'],
  [1n, 7, '1E-7'],
  [-123n, 9, '-1.23E-7'],
  [-123n, 8, '-0.00000123'],
  [1_234_567n, 7, '0.1234567'],
  [-5n, 1, '-0.5'],
  [12n, 20, '1.2E-19'],
])('%s of scale %s is %s in JSON', (unscaled, scale, text) => {
  expect(formatDecimalNumber(unscaled, scale)).toBe(text);
});

import { expect, it } from 'vitest';
import { matchesPattern } from '../src/index.js';

it.each([
  ['temperature', 'temperature', true],
  ['temperature', 'temperature/x', false],
  ['temperature', 'Temperature', false],
  ['#', 'temperature', true],
  ['#', 'a/b/c', true],
  ['devices/#', 'devices', true],
  ['devices/#', 'devices/1/temperature', true],
  ['devices/#', 'device', false],
  ['devices/+', 'devices/1', true],
  ['devices/+', 'devices', false],
  ['devices/+', 'devices/1/temperature', false],
  ['devices/+/temperature', 'devices/1/temperature', true],
  ['devices/+/temperature', 'devices/1/humidity', false],
  ['+', '', true],
  ['a/#/b', 'a/x/b', false],
])('pattern %s, address %s: %s', (pattern, address, expected) => {
  expect(matchesPattern(pattern, address)).toBe(expected);
});

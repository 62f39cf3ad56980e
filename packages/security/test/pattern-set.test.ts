import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatternSet } from '../src/patterns/pattern-set.js';

function setOf(...patterns: string[]): PatternSet {
  const set = new PatternSet();
  for (const pattern of patterns) set.add(pattern.split('/'));
  return set;
}

describe('a set of patterns', () => {
  it.each([
    // Names.
    [['a'], 'a', true],
    [['a'], 'b', false],
    [['a'], 'a/b', false],
    [['a/b'], 'a', false],
    [['a/#'], 'a', true],
    [['a/#'], 'a/b/c', true],
    [['a/#'], 'ab', false],
    [['+'], 'a', true],
    [['+'], '', true],
    [['+'], 'a/b', false],
    [['+/b'], '/b', true],
    [['a/+/c'], 'a/b/c', true],
    [['a/+/c'], 'a//c', true],
    [['a/+/c'], 'a/b', false],
    [['#'], 'a/b', true],
    [['#'], '', true],
    [['a/b', 'a/+/c'], 'a/b/c', true],
    // Names of the server.
    [['#'], '$address', false],
    [['+/#'], '$temporary/1', false],
    [['+'], '$address', false],
    [['$temporary/#'], '$temporary/1/2', true],
    [['a/#'], 'a/$b', true],
    [['a/+'], 'a/$b', true],
    // Filters: all that they could match.
    [['a'], '+', false],
    [['a'], '#', false],
    [['a', 'b'], '+', false],
    [['+'], '+', true],
    [['+'], '#', false],
    [['#'], '#', true],
    [['#'], '+/a/#', true],
    [['+/#'], '#', true],
    [['a/#'], '#', false],
    [['a/#'], '+/#', false],
    [['a/#'], 'a/#', true],
    [['a/#'], 'a/+/b', true],
    [['a/+'], 'a/#', false],
    [['a/+/#'], 'a/#', false],
    [['a/+/#', 'a'], 'a/#', true],
    [['a/+/+/#', 'a/+', 'a'], 'a/#', true],
    [['a/+/+/#', 'a'], 'a/#', false],
    [['+/b'], 'a/+', false],
    [['a/+'], '+/b', false],
    [['devices/d1/#'], 'devices/+/temperature', false],
    [['devices/+/temperature'], 'devices/+/temperature', true],
    [['devices/+/temperature'], 'devices/+/#', false],
    [['$SYS/#'], '$SYS/#', true],
    [['#'], '$SYS/#', false],
  ])('%j on %j: %s', (patterns, address, covered) => {
    expect(setOf(...patterns).covers(address)).toBe(covered);
  });

  it('takes what was filled in for itself, not for a wildcard', () => {
    const set = new PatternSet();
    set.add(['devices', 'd1', '#']);
    expect(set.covers('devices/d1/x')).toBe(true);
    expect(set.covers('devices/+/x')).toBe(false);
  });

  it('covers a filter exactly when it matches every name that the filter matches', () => {
    const level = fc.constantFrom('a', 'b', '', '$a', '+');
    const pattern = fc
      .tuple(fc.array(level, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([levels, open]) => (open ? [...levels, '#'] : levels).join('/'));
    const anything = fc.oneof(pattern, fc.constant('#'));
    let covered = 0;
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 5 }), anything, (patterns, filter) => {
        const all = NAMES.filter((name) => matches(filter, name));
        const expected = all.every((name) => patterns.some((one) => matches(one, name)));
        if (expected) covered += 1;
        expect(setOf(...patterns).covers(filter), `${JSON.stringify(patterns)} ${filter}`).toBe(expected);
      }),
      { numRuns: 800 },
    );
    expect(covered).toBeGreaterThan(25);
  });
});

/** All names of up to five levels over these: `x` stands for what no pattern names. */
const NAMES: readonly string[] = (() => {
  const words = ['a', 'b', '', '$a', 'x'];
  let level: string[][] = [[]];
  const names: string[] = [];
  for (let depth = 1; depth <= 5; depth += 1) {
    level = level.flatMap((name) => words.map((word) => [...name, word]));
    names.push(...level.map((name) => name.join('/')));
  }
  return names;
})();

/** MQTT's rules said once more, as simply as can be. */
function matches(filter: string, name: string): boolean {
  const wanted = filter.split('/');
  const levels = name.split('/');
  if (/^[+#]$/.test(wanted[0]!) && levels[0]!.startsWith('$')) return false;
  const open = wanted.at(-1) === '#';
  const fixed = open ? wanted.slice(0, -1) : wanted;
  if (open ? levels.length < fixed.length : levels.length !== fixed.length) return false;
  return fixed.every((one, index) => one === '+' || one === levels[index]);
}

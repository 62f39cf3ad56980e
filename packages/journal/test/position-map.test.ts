import { expect, test } from 'vitest';
import { PositionMap } from '../src/position-map.js';
import { Space } from '../src/space.js';

function places(map: PositionMap, positions: readonly number[]): [number, number][] {
  return positions.map((position) => [map.segmentOf(position), map.offsetOf(position)]);
}

test('positions of several segments', () => {
  const map = new PositionMap();
  map.add(512, 1, 512);
  map.add(712, 1, 712);
  map.add(1000, 2, 512);
  expect(places(map, [511, 512, 999, 1000, 1500])).toEqual([
    [0, 0],
    [1, 512],
    [1, 999],
    [2, 512],
    [2, 1012],
  ]);
  expect([map.positionAt(1, 600), map.positionAt(2, 600), map.positionAt(3, 600)]).toEqual([600, 1088, 0]);
});

test('positions that came to nothing lie nowhere, and the next ones where those would have been', () => {
  const map = new PositionMap();
  map.add(512, 1, 512);
  map.add(1000, 2, 512);
  map.withdraw(900);
  map.withdraw(1100);
  map.add(1200, 1, 900);
  expect(places(map, [899, 900, 1000, 1199, 1200]).map(([segment]) => segment)).toEqual([1, 0, 0, 0, 1]);
  expect(map.offsetOf(1210)).toBe(910);
});

test('what can be read in one go ends with the segment, and where positions came to nothing', () => {
  const map = new PositionMap();
  map.add(512, 1, 512);
  map.add(712, 1, 712);
  map.add(1000, 2, 512);
  expect([100, 512, 999, 1000].map((position) => map.reach(position))).toEqual([100, 1000, 1000, Infinity]);
  map.withdraw(1500);
  map.add(1600, 2, 1012);
  expect([1400, 1500, 1600].map((position) => map.reach(position))).toEqual([1500, 1600, Infinity]);
});

test('takes one entry a segment, however many batches there are', () => {
  const map = new PositionMap();
  for (let batch = 0; batch < 10_000; batch++)
    map.add(512 + batch * 100, 1 + Math.floor(batch / 1000), (batch % 1000) * 100);
  expect((map as unknown as { starts: number[] }).starts.length).toBe(10);
});

test('dropped segments are forgotten, whatever was looked for last', () => {
  const map = new PositionMap();
  for (let segment = 1; segment <= 100; segment++) map.add(segment * 1000, segment, 512);
  expect(map.segmentOf(50_400)).toBe(50);
  map.dropBefore(60);
  expect([59_999, 60_000, 99_000].map((position) => map.segmentOf(position))).toEqual([0, 60, 99]);
});

function space(live: readonly number[]): { space: Space; positions: PositionMap } {
  const positions = new PositionMap();
  const segments = live.map((bytes, index) => {
    positions.add(index * 10_000 + 1, index + 1, 512);
    return { number: index + 1, used: 4096, live: bytes };
  });
  return { space: new Space(segments, { positions, segmentBytes: 4096 }), positions };
}

test('a younger segment stays for as long as an older one does', () => {
  const { space: use } = space([10, 20, 30, 40]);
  use.release(10_001, 15);
  use.release(20_001, 25);
  expect([use.oldest.number, use.count, use.liveBytes]).toEqual([1, 4, 50]);
  use.release(1, 5);
  expect([use.oldest.number, use.count, use.liveBytes, use.usedBytes]).toEqual([4, 1, 40, 4096]);
  use.release(10_001, 15);
});

test('the segment that is written stays, though nothing in it lives', () => {
  const { space: use } = space([10]);
  use.release(1, 5);
  expect(use.oldest.number).toBe(1);
  use.written(2, 600, 10);
  expect(use.oldest.number).toBe(2);
});

test('what is released twice, or was never there, is a fault of the owner', () => {
  const { space: use } = space([10, 20]);
  use.release(10_001, 15);
  expect(() => use.release(10_001, 15)).toThrow(RangeError);
});

test.each([
  [[4000, 4000, 100, 100, 100, 100, 100], 'enough', false],
  [[300, 100, 100, 100, 100, 100, 100], 'enough', true],
  [[4000, 4000, 4000, 100, 100, 100, 100], 'enough', false],
  [[4000, 4000, 4000, 100, 100, 100, 100], 'reserve', true],
  [[2900, 2900, 2900, 2900, 2900, 2900, 2900], 'reserve', false],
  [[2800, 2800, 2800, 2800, 2800, 2800, 2800], 'none', true],
  [[2980, 2980, 2980, 2980, 2980, 2980, 2980], 'none', false],
] as const)('segments with %j live bytes, room %s: to be emptied %s', (live, room, wasteful) => {
  expect(space(live).space.isWasteful(room)).toBe(wasteful);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aligned, BatchHeader, finishBatch, readBatch } from '../src/batch.js';
import { readSegmentHeader, segmentFileName, segmentNumberOf, writeSegmentHeader } from '../src/segment.js';
import { latestWrite, SegmentWalk } from '../src/segment-walk.js';

test('a segment header, byte by byte', () => {
  const bytes = writeSegmentHeader({ number: 7, seed: 0x01020304 });
  expect(bytes.subarray(0, 24).toString('hex')).toBe('4d494c4c524143450100000007000000' + '0403020100000000');
  expect(bytes.subarray(508).toString('hex')).toBe('7ba11524');
  expect(bytes.length).toBe(512);
  expect(readSegmentHeader(bytes)).toEqual({ version: 1, number: 7, seed: 0x01020304 });
});

test('a header with any bit turned is none', () => {
  const bytes = writeSegmentHeader({ number: 7, seed: 99 });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(readSegmentHeader(bytes)).toBeUndefined();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

test.each([
  [1, '0000000001.log'],
  [4294967295, '4294967295.log'],
])('segment %d is %s', (number, name) => {
  expect([segmentFileName(number), segmentNumberOf(name)]).toEqual([name, number]);
});

test.each(['lock', '1.log', '00000000001.log', '0000000001.log.bak'])('%s is no segment', (name) => {
  expect(segmentNumberOf(name)).toBeUndefined();
});

const FIELDS = { segment: 3, sequence: 0x1_0000_0002, firstOfWrite: 0x1_0000_0000, previousCrc: 17, oldestSegment: 2 };

function batchOf(records: readonly Buffer[], fields = FIELDS, nonce = 5): Buffer {
  const length = 48 + records.reduce((sum, record) => sum + 5 + record.length, 0);
  const bytes = Buffer.alloc(aligned(length));
  let at = 48;
  for (const [index, record] of records.entries()) {
    bytes[at] = index % 256;
    bytes.writeUInt32LE(record.length, at + 1);
    record.copy(bytes, at + 5);
    at += 5 + record.length;
  }
  finishBatch(bytes, 0, { ...fields, length, records: records.length, nonce }, 0xabcd);
  return bytes;
}

test('a batch, byte by byte', () => {
  expect(batchOf([Buffer.from('ab')]).toString('hex')).toBe(
    '4d524254883fb7983700000003000000' +
      '0200000001000000010000000200000011000000' +
      '020000000500000000000000' +
      '0002000000616200',
  );
});

test('what is written as a batch is read as that', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (arrays) => {
      const records = arrays.map((array) => Buffer.from(array));
      const bytes = Buffer.concat([Buffer.alloc(512), batchOf(records)]);
      const walk = new SegmentWalk({ bytes, end: bytes.length, segment: 3, seed: 0xabcd }, undefined);
      expect(walk.next()).toBe(true);
      const { segment: _, ...fields } = FIELDS;
      expect(walk.header).toMatchObject({ ...fields, records: records.length });
      const cursor = walk.records(1000);
      const found: Buffer[] = [];
      while (cursor.next()) {
        const { end, position, start } = cursor.view;
        found.push(Buffer.from(bytes.subarray(start, end)));
        expect(position - 1000).toBe(start - 512);
      }
      expect(found).toEqual(records);
      expect(walk.next()).toBe(false);
    }),
  );
});

test('no batch with a bit turned, cut short, of another segment or of another journal is one', () => {
  const bytes = batchOf([Buffer.from('one'), Buffer.from('two')]);
  const length = bytes.readUInt32LE(8);
  const place = { bytes, end: bytes.length, segment: 3, seed: 0xabcd };
  const header = new BatchHeader();
  expect(readBatch(place, 0, header)).toBe(true);
  for (let bit = 0; bit < length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(readBatch(place, 0, header)).toBe(false);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (let end = 0; end < length; end++) expect(readBatch({ ...place, end }, 0, header)).toBe(false);
  expect(readBatch({ ...place, segment: 4 }, 0, header)).toBe(false);
  expect(readBatch({ ...place, seed: 0xabce }, 0, header)).toBe(false);
});

test('any bytes are read without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), fc.nat(300), (array, from) => {
      const bytes = Buffer.from(array);
      const place = { bytes, end: bytes.length, segment: 3, seed: 0xabcd };
      readBatch(place, from, new BatchHeader());
      latestWrite(place, from);
    }),
  );
});

test('a batch that does not follow the one before ends the walk', () => {
  const bytes = Buffer.concat([Buffer.alloc(512), batchOf([Buffer.from('x')])]);
  const place = { bytes, end: bytes.length, segment: 3, seed: 0xabcd };
  const walks = [
    { sequence: FIELDS.sequence - 1, crc: 17 },
    { sequence: FIELDS.sequence - 1, crc: 18 },
    { sequence: FIELDS.sequence, crc: 17 },
  ].map((last) => new SegmentWalk(place, last).next());
  expect(walks).toEqual([true, false, false]);
});

test('the latest write is found among torn ones', () => {
  const early = batchOf([Buffer.from('a')], { ...FIELDS, sequence: 9, firstOfWrite: 8 });
  const late = batchOf([Buffer.from('b')], { ...FIELDS, sequence: 12, firstOfWrite: 11 });
  const bytes = Buffer.concat([
    Buffer.from('MRBT'),
    Buffer.alloc(20),
    early,
    Buffer.alloc(40),
    late,
    Buffer.from('MR'),
  ]);
  const place = { bytes, end: bytes.length, segment: 3, seed: 0xabcd };
  expect(latestWrite(place, 0)).toEqual({ offset: 24 + early.length + 40, firstOfWrite: 11 });
  expect(latestWrite({ ...place, segment: 5 }, 0)).toBeUndefined();
});

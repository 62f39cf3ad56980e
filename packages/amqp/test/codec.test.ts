import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipValue } from '../src/codec/skip.js';
import {
  AmqpArray,
  AmqpError,
  AmqpSymbol,
  type AmqpValue,
  Decimal,
  Decoder,
  Described,
  Encoder,
  type PrimitiveType,
  symbol,
  Typed,
  Uuid,
} from '../src/index.js';

function encode(value: AmqpValue): Buffer {
  const encoder = new Encoder(1);
  encoder.writeValue(value);
  return encoder.toBuffer();
}

function decode(bytes: Buffer): AmqpValue {
  return new Decoder().reset(bytes, 0, bytes.length).readValue();
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** AMQP 1.0 §1.6, one or more rows for each encoding in its table. */
const GOLDEN: readonly (readonly [name: string, value: AmqpValue, bytes: string, decoded?: unknown])[] = [
  ['null', null, '40'],
  ['true', true, '41'],
  ['false', false, '42'],
  ['ubyte', new Typed('ubyte', 255), '50 ff', 255],
  ['ushort', new Typed('ushort', 0x1234), '60 1234', 0x1234],
  ['uint', new Typed('uint', 0x12345678), '70 12345678', 0x12345678],
  ['smalluint', new Typed('uint', 200), '52 c8', 200],
  ['uint0', new Typed('uint', 0), '43', 0],
  ['ulong', new Typed('ulong', 2n ** 64n - 1n), '80 ffffffffffffffff', 2n ** 64n - 1n],
  ['smallulong', new Typed('ulong', 200), '53 c8', 200],
  ['ulong0', new Typed('ulong', 0), '44', 0],
  ['byte', new Typed('byte', -1), '51 ff', -1],
  ['short', new Typed('short', -2), '61 fffe', -2],
  ['int', -70_000, '71 fffeee90'],
  ['smallint', -5, '54 fb'],
  ['long', 2 ** 40, '81 0000010000000000'],
  ['long beyond 2^53', -(2n ** 60n), '81 f000000000000000'],
  ['smalllong', new Typed('long', -5), '55 fb', -5],
  ['float', new Typed('float', 1.5), '72 3fc00000', 1.5],
  ['double', 0.5, '82 3fe0000000000000'],
  ['decimal32', new Decimal(hex('01020304')), '74 01020304'],
  ['decimal64', new Decimal(hex('0102030405060708')), '84 0102030405060708'],
  ['decimal128', new Decimal(Buffer.alloc(16, 7)), `94 ${'07'.repeat(16)}`],
  ['char', new Typed('char', '🙂'), '73 0001f642', '🙂'],
  ['timestamp', new Date(1311704463521), '83 0000013167adb8a1'],
  ['uuid', Uuid.parse('00112233-4455-6677-8899-aabbccddeeff'), '98 00112233445566778899aabbccddeeff'],
  ['vbin8', hex('0102'), 'a0 02 0102'],
  ['vbin32', Buffer.alloc(256, 1), `b0 00000100 ${'01'.repeat(256)}`],
  ['str8-utf8', 'grüße', 'a1 07 6772c3bcc39f65'],
  ['str32-utf8', 'x'.repeat(256), `b1 00000100 ${'78'.repeat(256)}`],
  ['sym8', symbol('amqp'), 'a3 04 616d7170'],
  ['sym32', symbol('y'.repeat(300)), `b3 0000012c ${'79'.repeat(300)}`],
  ['list0', [], '45'],
  ['list8', [1, 'a'], 'c0 06 02 54 01 a1 01 61'],
  ['list32', new Array(300).fill(null), `d0 00000130 0000012c ${'40'.repeat(300)}`],
  ['map8', new Map([['a', 1]]), 'c1 06 02 a1 01 61 54 01'],
  ['array8', new AmqpArray('int', [1, -1]), 'e0 0a 02 71 00000001 ffffffff'],
  ['array of symbols', new AmqpArray('symbol', [symbol('a')]), 'e0 07 01 b3 00000001 61'],
  ['array of lists', new AmqpArray('list', [[], [1]]), 'e0 14 02 d0 0000000400000000 00000006000000015401'],
  ['described', new Described(symbol('x'), 'y'), '00 a3 01 78 a1 01 79'],
];

describe('the encodings of AMQP 1.0 §1.6', () => {
  for (const [name, value, bytes, decoded] of GOLDEN) {
    it(name, () => {
      expect(encode(value).toString('hex')).toBe(hex(bytes).toString('hex'));
      expect(decode(hex(bytes))).toEqual(decoded === undefined ? value : decoded);
    });
  }

  it.each([
    ['boolean in a byte', '56 01', true],
    ['a uint in four bytes', '70 00000001', 1],
    ['a list with wide sizes', 'd0 00000007 00000001 a1 01 61', ['a']],
    ['a described array', 'e0 05 01 00 44 52 05', new AmqpArray('uint', [5], 0)],
  ])('reads %s too', (_name, bytes, decoded) => {
    expect(decode(hex(bytes))).toEqual(decoded);
  });
});

describe('what is malformed', () => {
  it.each([
    ['nothing', ''],
    ['an unknown format code', '4f'],
    ['an unknown fixed code', '99 00112233445566778899aabbccddeeff'],
    ['a boolean that is neither', '56 02'],
    ['a string that is cut off', 'a1 05 6162'],
    ['a list larger than its buffer', 'c0 ff 01 40'],
    ['a list with bytes left over', 'c0 03 01 40 40'],
    ['a list that needs more bytes than it has', 'c0 02 02 40'],
    ['a map with an odd count', 'c1 02 01 40'],
    ['four thousand million elements', 'd0 00000005 ffffffff 40'],
    ['an array of very many nulls', 'f0 00000005 ffffffff 40'],
    ['a char beyond Unicode', '73 00110000'],
    ['lists nested too deep', 'd0 7fffffff 00000001'.repeat(40)],
    ['descriptors nested too deep', '00'.repeat(1_000)],
  ])('%s is a decode error', (_name, bytes) => {
    expect(() => decode(hex(bytes))).toThrow(AmqpError);
  });

  it('random bytes throw nothing but AmqpError, and skipping agrees with decoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
        const bytes = Buffer.from(array);
        const decoder = new Decoder().reset(bytes, 0, bytes.length);
        try {
          decoder.readValue();
        } catch (error) {
          expect(error).toBeInstanceOf(AmqpError);
          return;
        }
        expect(skipValue(bytes, 0, bytes.length)).toBe(decoder.position);
      }),
      { numRuns: 3_000 },
    );
  });
});

const integer = (type: PrimitiveType, min: number, max: number): fc.Arbitrary<Typed> =>
  fc.integer({ min, max }).map((value) => new Typed(type, value));

const scalar: fc.Arbitrary<AmqpValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  integer('ubyte', 0, 255),
  integer('ushort', 0, 65_535),
  integer('uint', 0, 0xffffffff),
  integer('byte', -128, 127),
  integer('short', -32_768, 32_767),
  integer('int', -0x80000000, 0x7fffffff),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.float({ noNaN: true }).map((value) => new Typed('float', value)),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary' }),
  fc.string({ maxLength: 300 }),
  fc.string({ maxLength: 20 }).map(symbol),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => new Uuid(Buffer.from(bytes))),
);

const { value: anyValue } = fc.letrec<{ value: AmqpValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 8 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
    fc.tuple(fc.string().map(symbol), tie('value')).map(([descriptor, value]) => new Described(descriptor, value)),
    fc.array(fc.array(fc.integer()), { maxLength: 4 }).map((lists) => new AmqpArray('list', lists)),
    fc.array(fc.string()).map((strings) => new AmqpArray('string', strings)),
    fc.array(fc.boolean()).map((booleans) => new AmqpArray('boolean', booleans)),
  ),
}));

/** What decoding makes of a value: types that only encoding knows go. */
function plain(value: AmqpValue): unknown {
  if (value instanceof Typed) return plain(value.value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Described)
    return new Described(plain(value.descriptor) as AmqpValue, plain(value.value) as AmqpValue);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [plain(key), plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof AmqpSymbol) return new AmqpSymbol(Buffer.from(value.value, 'latin1').toString('latin1'));
  return value;
}

describe('round trips', () => {
  it('any value comes back', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encode(value);
        expect(decode(bytes)).toEqual(plain(value));
        expect(skipValue(bytes, 0, bytes.length)).toBe(bytes.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('every truncation of a value is a decode error', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, cut) => {
        const bytes = encode(value);
        expect(() => decode(bytes.subarray(0, cut % bytes.length))).toThrow(AmqpError);
      }),
      { numRuns: 500 },
    );
  });
});

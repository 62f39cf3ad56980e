import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AmqpError,
  type AmqpMessage,
  BodyContent,
  dataBody,
  decodeMessage,
  encodeMessage,
  HEADER_SIZE_MAX,
  Header,
  type MessageBody,
  MessageSections,
  valueBody,
} from '../src/index.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const body: fc.Arbitrary<MessageBody> = fc.oneof(
  fc.constant<MessageBody>({ kind: 'none' }),
  fc.oneof(fc.string(), fc.integer(), fc.constant(null)).map(valueBody),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => dataBody(Buffer.from(bytes))),
  fc
    .array(fc.array(fc.string()), { minLength: 1, maxLength: 3 })
    .map((sequences): MessageBody => ({ kind: 'sequence', sequences })),
);

const fieldsOf = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 10 }),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()),
  {
    noNullPrototype: false,
  },
);

const anyMessage: fc.Arbitrary<AmqpMessage> = fc.record(
  {
    header: fc.record({ durable: fc.boolean(), priority: fc.integer({ min: 0, max: 9 }), ttl: fc.nat() }),
    deliveryAnnotations: fieldsOf,
    messageAnnotations: fieldsOf,
    properties: fc.record(
      {
        messageId: fc.oneof(fc.string(), fc.nat()),
        to: fc.string(),
        subject: fc.string(),
        replyTo: fc.string(),
        correlationId: fc.string(),
        contentType: fc.string({ unit: 'grapheme-ascii' }),
        creationTime: fc.date({ noInvalidDate: true }),
        groupSequence: fc.nat(),
      },
      { requiredKeys: [] },
    ),
    applicationProperties: fieldsOf,
    body,
    footer: fieldsOf,
  },
  { requiredKeys: ['body'] },
);

/** Without fields that are undefined, and with plain prototypes: what `toEqual` is to look at. */
function comparable(message: AmqpMessage): unknown {
  return JSON.parse(JSON.stringify(message));
}

describe('messages', () => {
  it('any message comes back', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(comparable(decodeMessage(encodeMessage(message)))).toEqual(comparable(message));
      }),
      { numRuns: 500 },
    );
  });

  it('finds the sections of golden bytes', () => {
    const bytes = hex(
      '00 53 70 c0 02 01 41' + // header {durable}
        '00 53 72 c1 07 02 a3 01 61 a1 01 62' + // message-annotations {a: "b"}
        '00 53 73 c0 05 01 a1 02 69 64' + // properties {message-id}
        '00 53 74 c1 01 00' + // application-properties {}
        '00 53 75 a0 03 78 79 7a' + // data "xyz"
        '00 53 78 c1 01 00', // footer {}
    );
    const padded = Buffer.concat([Buffer.alloc(5), bytes]);
    const sections = new MessageSections().scan(padded, 5, padded.length);
    expect(sections.headerStart).toBe(5);
    expect(sections.headerEnd).toBe(12);
    expect(sections.messageAnnotationsStart).toBe(12);
    expect(sections.bareStart).toBe(sections.messageAnnotationsEnd);
    expect(sections.propertiesStart).toBe(sections.bareStart);
    expect(sections.bareEnd).toBe(sections.footerStart);
    const content = new BodyContent();
    expect(content.find(padded, sections)).toBe(true);
    expect(padded.toString('latin1', content.start, content.end)).toBe('xyz');
    expect(content.kind).toBe('binary');
  });

  it.each([
    ['sections out of order', '00 53 73 45 00 53 70 45'],
    ['two headers', '00 53 70 45 00 53 70 45'],
    ['a body of two kinds', '00 53 75 a0 00 00 53 77 40'],
    ['no section at all', '40'],
    ['an unknown section', '00 53 99 45'],
    ['a section without value', '00 53 75'],
  ])('%s is a decode error', (_name, bytes) => {
    expect(() => decodeMessage(hex(bytes))).toThrow(AmqpError);
  });

  it('several data sections are one body', () => {
    expect(decodeMessage(hex('00 53 75 a0 01 61 00 53 75 a0 01 62')).body).toEqual(dataBody(Buffer.from('ab')));
  });

  it('reads symbolic and wide descriptors', () => {
    const symbolic = Buffer.concat([hex('00 a3 10'), Buffer.from('amqp:data:binary'), hex('a0 01 61')]);
    expect(decodeMessage(symbolic).body).toEqual(dataBody(Buffer.from('a')));
    expect(decodeMessage(hex('00 80 0000000000000075 a0 01 61')).body).toEqual(dataBody(Buffer.from('a')));
    const sections = new MessageSections().scan(symbolic, 0, symbolic.length);
    const content = new BodyContent();
    expect(content.find(symbolic, sections)).toBe(true);
    expect(content.start).toBe(symbolic.length - 1);
  });

  it('random bytes throw nothing but AmqpError', () => {
    const start = fc.constantFrom('005370', '005372', '005373', '005374', '005375', '005376', '005377', '005378', '');
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 100 }), (prefix, array) => {
        const bytes = Buffer.concat([hex(prefix), Buffer.from(array)]);
        try {
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AmqpError);
        }
        try {
          new Header().read(bytes, 0, bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(AmqpError);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the header section', () => {
  it('comes back, in as few bytes as it promises', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.boolean(),
        fc.integer({ min: 0, max: 0xffffffff }),
        (durable, priority, ttlMs, firstAcquirer, deliveryCount) => {
          const header = Object.assign(new Header(), { durable, priority, ttlMs, firstAcquirer, deliveryCount });
          const buffer = Buffer.alloc(HEADER_SIZE_MAX);
          const end = header.write(buffer, 0);
          const read = new Header();
          read.read(buffer, 0, end);
          expect({ ...read, value: 0 }).toEqual({ ...header, value: 0 });
          const decoded = decodeMessage(buffer, 0, end).header;
          expect(decoded?.deliveryCount).toBe(deliveryCount);
          expect(decoded?.ttl ?? 0).toBe(ttlMs);
        },
      ),
    );
  });
});

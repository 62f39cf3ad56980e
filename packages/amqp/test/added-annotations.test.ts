import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AddedAnnotations,
  type AmqpMessage,
  decodeMessage,
  encodeMessage,
  OutgoingDelivery,
  valueBody,
} from '../src/index.js';

const NAME = 'x-opt-ingress-time';
const added = new AddedAnnotations([NAME]);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** What a receiver gets of a message that lies in the midst of a buffer, behind this prefix. */
function sent(
  message: Buffer,
  value: number,
  prefix: Buffer = Buffer.alloc(0),
): { bytes: Buffer; message: AmqpMessage } {
  const delivery = new OutgoingDelivery();
  delivery.prefix = prefix;
  delivery.prefixSize = prefix.length;
  delivery.buffer = Buffer.concat([Buffer.alloc(7, 0xff), message, Buffer.alloc(7, 0xff)]);
  delivery.start = 7;
  delivery.end = 7 + message.length;
  added.addTo(delivery, [value]);
  const payload = delivery.buffer.subarray(delivery.start, delivery.end);
  const bytes = Buffer.concat([delivery.prefix.subarray(0, delivery.prefixSize), payload]);
  return { bytes, message: decodeMessage(bytes) };
}

const annotations = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' }),
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(NAME)),
  { noNullPrototype: false, maxKeys: 40 },
);

describe('an annotation that is added on the way out', () => {
  it('stands alone before a message without annotations', () => {
    const { bytes } = sent(hex('00 53 77 a1 01 61'), 0x1_9a_bc_de_f0_12);
    const entry = `a3 12 ${Buffer.from(NAME).toString('hex')} 81 0000019abcdef012`;
    expect(bytes.toString('hex')).toBe(hex(`00 53 72 c1 1e 02 ${entry} 00 53 77 a1 01 61`).toString('hex'));
  });

  it('stands between the header and what comes behind it, also when that is nothing', () => {
    const { message } = sent(Buffer.alloc(0), 5, hex('00 53 70 c0 02 01 41'));
    expect(message).toMatchObject({
      header: { durable: true },
      messageAnnotations: { [NAME]: 5 },
      body: { kind: 'none' },
    });
  });

  it('goes with any annotations, which stay', () => {
    fc.assert(
      fc.property(annotations, fc.nat(), fc.maxSafeNat(), (messageAnnotations, text, value) => {
        const before: AmqpMessage = { messageAnnotations, body: valueBody(`${text}`) };
        const { message } = sent(encodeMessage(before), value);
        expect({ ...message.messageAnnotations }).toEqual({ ...messageAnnotations, [NAME]: value });
        expect(message.body).toEqual(before.body);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['first', [NAME, 'a', 'b']],
    ['last', ['a', 'b', NAME]],
    ['alone', [NAME]],
  ])('takes the place of one that a sender put there: %s', (_place, names) => {
    const messageAnnotations = Object.fromEntries(names.map((name, index) => [name, index]));
    const { message, bytes } = sent(encodeMessage({ messageAnnotations, body: valueBody('x') }), 9);
    expect({ ...message.messageAnnotations }).toEqual({ ...messageAnnotations, [NAME]: 9 });
    expect(bytes.indexOf(NAME)).toBe(bytes.lastIndexOf(NAME));
  });

  it.each([
    ['a wide descriptor', '00 80 0000000000000072'],
    ['a descriptor by its name', `00 a3 1c ${Buffer.from('amqp:message-annotations:map').toString('hex')}`],
  ])('finds annotations behind %s', (_name, descriptor) => {
    const { message } = sent(hex(`${descriptor} d1 0000000a 00000002 a3 01 61 a1 01 62 00 53 77 40`), 3);
    expect({ ...message.messageAnnotations }).toEqual({ a: 'b', [NAME]: 3 });
  });

  it('leaves annotations alone that are no map', () => {
    const odd = hex('00 53 72 40 00 53 77 40');
    const delivery = new OutgoingDelivery();
    delivery.buffer = odd;
    delivery.end = odd.length;
    added.addTo(delivery, [1]);
    expect([delivery.prefixSize, delivery.start, delivery.end]).toEqual([0, 0, odd.length]);
  });

  it('is told from what only begins alike', () => {
    const { message } = sent(
      encodeMessage({ messageAnnotations: { [`${NAME}-other`]: 1, a: NAME }, body: valueBody('x') }),
      2,
    );
    expect({ ...message.messageAnnotations }).toEqual({ [`${NAME}-other`]: 1, a: NAME, [NAME]: 2 });
  });

  it('may be several, of which each replaces the one of its name', () => {
    const names = ['x-opt-ingress-time', 'x-opt-sequence-number', 'x'.repeat(255)];
    const several = new AddedAnnotations(names);
    for (const messageAnnotations of [undefined, { [names[1]!]: 'old', kept: 7, [names[0]!]: 'old' }]) {
      const delivery = new OutgoingDelivery();
      delivery.buffer = encodeMessage({ ...(messageAnnotations && { messageAnnotations }), body: valueBody('a') });
      delivery.end = delivery.buffer.length;
      several.addTo(delivery, [1, 2 ** 40, 3]);
      const payload = delivery.buffer.subarray(delivery.start, delivery.end);
      const { messageAnnotations: got, body } = decodeMessage(
        Buffer.concat([delivery.prefix.subarray(0, delivery.prefixSize), payload]),
      );
      const added = { [names[0]!]: 1, [names[1]!]: 2 ** 40, [names[2]!]: 3 };
      expect({ ...got }).toEqual(messageAnnotations === undefined ? added : { kept: 7, ...added });
      expect(body).toMatchObject({ value: 'a' });
    }
  });
});

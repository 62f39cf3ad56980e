import {
  decodeMapSection,
  decodeMessage,
  encodeMessage,
  MessageSections,
  symbol,
  Typed,
  valueBody,
} from '@millrace/amqp';
import { type Message, MessageFormat } from '@millrace/broker';
import { decodeProperties, encodeProperties, PropertyPlace } from '@millrace/mqtt';
import { describe, expect, test } from 'vitest';
import { amqpFromMqtt } from '../../src/translate/amqp-from-mqtt.js';
import { deadLetterReasonOf, withReason } from '../../src/translate/dead-letter-reason.js';
import { factsOf } from '../../src/translate/message-facts.js';
import { mqttFromAmqp } from '../../src/translate/mqtt-from-amqp.js';
import { message } from '../jobs/plant.js';

const NAME = 'x-opt-dead-letter-reason';
const REASON = 'the body is no JSON object, at byte 0: "21 °C"';

function amqp(annotations?: Record<string, unknown>): Message {
  const bytes = encodeMessage({
    messageAnnotations: annotations as never,
    applicationProperties: { unit: 'C' },
    body: valueBody('21 °C'),
  });
  const made = message(MessageFormat.amqp, bytes);
  made.split = new MessageSections().scan(bytes, 0, bytes.length).bareStart;
  return made;
}

function bareOf({ bytes, split, end }: Message): string {
  return bytes.toString('hex', split, end);
}

describe('the reason on an AMQP message', () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`x-opt-${n}`, 'y'.repeat(10)]));

  test.each([
    ['without annotations', undefined],
    ['with a few', { 'x-opt-mqtt-qos': new Typed('ubyte', 1), 'x-opt-s': symbol('s') }],
    ['with more than a small map holds', many],
  ])('%s is one more annotation', (_name, annotations) => {
    const before = amqp(annotations);
    const noted = withReason(before, REASON);
    const had = annotations === undefined ? {} : decodeMapSection(before.bytes, before.start, before.split);
    expect(decodeMapSection(noted.bytes, noted.start, noted.split)).toEqual({ ...had, [NAME]: REASON });
    expect(bareOf(noted)).toBe(bareOf(before));
    // As a client gets it.
    expect(decodeMessage(noted.bytes, noted.start, noted.end).messageAnnotations).toMatchObject({ [NAME]: REASON });
  });

  test('keeps the types of the others', () => {
    const noted = withReason(amqp({ 'x-opt-mqtt-qos': new Typed('ubyte', 1) }), REASON);
    expect(noted.bytes.subarray(0, noted.split).includes(Buffer.from([0x50, 1]))).toBe(true);
  });

  test('takes the place of an earlier one', () => {
    const noted = withReason(withReason(amqp({ 'x-opt-a': 'b' }), 'another'), REASON);
    expect(decodeMapSection(noted.bytes, noted.start, noted.split)).toEqual({ 'x-opt-a': 'b', [NAME]: REASON });
  });

  test('is a property to people and jobs, and a user property to MQTT receivers', () => {
    const noted = withReason(amqp(), REASON);
    expect(deadLetterReasonOf(noted)).toBe(REASON);
    expect(factsOf(noted).properties).toEqual({ unit: 'C', [NAME]: REASON });
    const { bytes, start, split } = mqttFromAmqp(noted);
    expect(decodeProperties(bytes, start, split, PropertyPlace.publish).userProperties).toEqual([
      ['unit', 'C'],
      [NAME, REASON],
    ]);
  });

  test('is not found where there is none', () => {
    expect(deadLetterReasonOf(amqp())).toBeUndefined();
    expect(deadLetterReasonOf(amqp({ 'x-opt-a': NAME }))).toBeUndefined();
  });
});

describe('the reason on an MQTT message', () => {
  test.each([
    ['without properties', Buffer.alloc(0), []],
    [
      'with properties',
      encodeProperties({ contentType: 'text/plain', userProperties: [['unit', 'C']] }),
      [['unit', 'C']],
    ],
  ])('%s is one more user property, and an application property to AMQP receivers', (_name, block, had) => {
    const before = message(MessageFormat.mqtt, Buffer.concat([block, Buffer.from('21 °C')]));
    before.split = block.length;
    const noted = withReason(before, REASON);
    const { bytes, start, split, end } = noted;
    expect(decodeProperties(bytes, start, split, PropertyPlace.publish).userProperties).toEqual([
      ...had,
      [NAME, REASON],
    ]);
    expect(bytes.toString('utf8', split, end)).toBe('21 °C');
    const translated = amqpFromMqtt(noted);
    expect(decodeMessage(translated.bytes, 0, translated.end).applicationProperties).toMatchObject({ [NAME]: REASON });
  });

  test('that MQTT cannot carry is said in general', () => {
    const noted = withReason(message(MessageFormat.mqtt, Buffer.from('x')), 'a\0b');
    expect(factsOf(noted).properties[NAME]).toBe('the body is no row of the schema');
  });
});

import { decodeMessage } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import { encodeProperties, type MqttProperties } from '@millrace/mqtt';
import { describe, expect, it } from 'vitest';
import { OutgoingMessage } from '../../src/amqp/outgoing-message.js';
import { amqpFromMqtt } from '../../src/translate/amqp-from-mqtt.js';
import { mqttFromAmqp } from '../../src/translate/mqtt-from-amqp.js';

function publication(payload: Buffer, properties: MqttProperties = {}): Message {
  const block = encodeProperties(properties);
  const message = new Message();
  message.format = MessageFormat.mqtt;
  message.bytes = Buffer.concat([Buffer.from('before'), block, payload, Buffer.from('after')]);
  message.start = 6;
  message.split = 6 + block.length;
  message.end = message.split + payload.length;
  message.address = 'devices/1/temp';
  message.qos = 1;
  message.durable = true;
  return message;
}

describe('an MQTT publication for AMQP receivers', () => {
  it('has topic, payload and flags', () => {
    const message = publication(Buffer.from('23'));
    message.retain = true;
    const { bytes, start, end } = amqpFromMqtt(message);
    const decoded = decodeMessage(bytes, start, end);
    expect(decoded.properties).toEqual({ to: 'devices/1/temp' });
    expect(decoded.body).toEqual({ kind: 'data', data: Buffer.from('23') });
    expect({ ...decoded.messageAnnotations }).toEqual({ 'x-opt-mqtt-qos': 1, 'x-opt-retain-message': true });
  });

  it('has the MQTT 5 properties', () => {
    const message = publication(Buffer.alloc(0), {
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Buffer.from([1, 2]),
      userProperties: [
        ['a', '1'],
        ['__proto__', 'x'],
        ['a', '2'],
      ],
    });
    const { bytes, start, end } = amqpFromMqtt(message);
    const decoded = decodeMessage(bytes, start, end);
    expect(decoded.properties).toEqual({
      to: 'devices/1/temp',
      contentType: 'text/plain',
      replyTo: 'answers',
      correlationId: Buffer.from([1, 2]),
    });
    expect(Object.entries(decoded.applicationProperties!)).toEqual([
      ['a', '2'],
      ['__proto__', 'x'],
    ]);
  });

  it('is made once for a message', () => {
    const message = publication(Buffer.from('x'));
    expect(amqpFromMqtt(message)).toBe(amqpFromMqtt(message));
  });

  it('goes back to MQTT as it was', () => {
    const properties: MqttProperties = { contentType: 'text/plain', responseTopic: 'r', userProperties: [['k', 'v']] };
    const form = mqttFromAmqp(amqpFromMqtt(publication(Buffer.from('payload'), properties)));
    expect(form.bytes.toString('utf8', form.split, form.end)).toBe('payload');
    expect(Buffer.from(form.bytes.subarray(form.start, form.split))).toEqual(encodeProperties(properties));
  });

  it('goes out with a header of its facts', () => {
    const outgoing = new OutgoingMessage();
    outgoing.fill(publication(Buffer.from('x')), undefined, 0);
    const { prefix, prefixSize, buffer, start, end } = outgoing.delivery;
    const decoded = decodeMessage(Buffer.concat([prefix.subarray(0, prefixSize), buffer.subarray(start, end)]));
    expect(decoded.header).toMatchObject({ durable: true, firstAcquirer: true, deliveryCount: 0 });
  });
});

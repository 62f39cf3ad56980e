/** Messages through the broker: QoS, topics, queues, retained messages, properties. */
import { encodeMessage } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import { describe, expect, test } from 'vitest';
import { Plane } from './support/plane.js';

describe.each([4, 5] as const)('MQTT level %s', (protocolVersion) => {
  const version = { protocolVersion };

  test.each([0, 1, 2] as const)('a subscription of QoS %s gets the lower QoS of the two', async (qos) => {
    const plane = new Plane();
    const [sender, receiver] = [await plane.connect('s', version), await plane.connect('r', version)];
    expect(await receiver.subscribe('a/+', { qos })).toBe(qos);
    for (const published of [0, 1, 2] as const) sender.publish('a/b', `${published}`, { qos: published });
    await plane.settle();
    expect(receiver.received.map(({ topic, text, qos: got, retain }) => [topic, text, got, retain])).toEqual([
      ['a/b', '0', 0, false],
      ['a/b', '1', Math.min(1, qos), false],
      ['a/b', '2', Math.min(2, qos), false],
    ]);
    expect(sender.outcomes).toEqual(['1: 0', '2: 0']);
    expect(receiver.protocol.observe('x')?.links.map((link) => link.unsettled)).toEqual([0]);
  });

  test('filters, and topics that begin with $', async () => {
    const plane = new Plane();
    const client = await plane.connect('c', version);
    for (const filter of ['#', '+/x', '$own/#', 'a/#']) await client.subscribe(filter);
    for (const topic of ['a', '$own/x', 'b/x', 'b/y/z']) client.publish(topic, topic);
    await plane.settle();
    // One copy for each subscription that matches.
    expect(client.texts.toSorted()).toEqual(['$own/x', 'a', 'a', 'b/x', 'b/x', 'b/y/z']);
  });

  test('retained messages: kept, replaced, cleared', async () => {
    const plane = new Plane();
    const client = await plane.connect('c', version);
    await client.subscribe('t/live');
    await client.send('t/live', 'one', { retain: true });
    await client.send('t/live', 'two', { retain: true, qos: 1 });
    await client.send('t/other', 'other', { retain: true, qos: 2 });
    expect(client.received.map(({ text, retain }) => [text, retain])).toEqual([
      ['one', false],
      ['two', false],
    ]);
    const late = await plane.connect('late', version);
    await late.subscribe('t/#', { qos: 1 });
    expect(late.received.map(({ text, retain, qos }) => [text, retain, qos]).toSorted()).toEqual([
      ['other', true, 1],
      ['two', true, 1],
    ]);
    await client.send('t/live', '', { retain: true });
    expect(late.texts.at(-1)).toBe('');
    const later = await plane.connect('later', version);
    await later.subscribe('t/#');
    expect(later.texts).toEqual(['other']);
  });

  test('a change of a subscription that stays reliable loses nothing that waits', async () => {
    const plane = new Plane();
    const client = await plane.connect('c', { ...version, limits: { receiveMaximum: 1 } });
    const sender = await plane.connect('s', version);
    await client.subscribe('t', { qos: 1 });
    client.stuck = true;
    for (let i = 0; i < 5; i++) await sender.send('t', `${i}`, { qos: 1 });
    const changed = client.subscribe('t', { qos: 2, noLocal: protocolVersion === 5, retainHandling: 2 });
    client.stuck = false;
    await changed;
    await plane.settle();
    expect(client.texts).toEqual(['0', '1', '2', '3', '4']);
    await client.send('t', 'own', { qos: 1 });
    expect(client.texts.length).toBe(protocolVersion === 5 ? 5 : 6);
  });

  test('a new subscription of the same filter replaces the old one', async () => {
    const plane = new Plane();
    const client = await plane.connect('c', version);
    expect([await client.subscribe('t', { qos: 0 }), await client.subscribe('t', { qos: 2 })]).toEqual([0, 2]);
    await client.send('t', 'x', { qos: 2 });
    expect(client.received.map(({ qos }) => qos)).toEqual([2]);
    const nothing = protocolVersion === 5 ? [0, 0x11] : [-1, -1];
    client.answers.length = 0;
    expect([await client.unsubscribe('t'), await client.unsubscribe('t')]).toEqual(nothing);
    await client.send('t', 'y');
    expect(client.texts).toEqual(['x']);
  });

  test('a queue: each message to one receiver, and never through a filter', async () => {
    const plane = new Plane();
    plane.broker.declare('q', { type: 'queue' });
    const [sender, everything] = [await plane.connect('s', version), await plane.connect('all', version)];
    await everything.subscribe('#');
    await sender.send('q', 'early', { qos: 1 });
    const [one, two] = [await plane.connect('1', version), await plane.connect('2', version)];
    await one.subscribe('q', { qos: 1 });
    await two.subscribe('q', { qos: 0 });
    for (let i = 0; i < 10; i++) await sender.send('q', `${i}`, { qos: 1 });
    expect(everything.texts).toEqual([]);
    expect([...one.texts, ...two.texts].toSorted()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      'early',
    ]);
    expect(Math.min(one.texts.length, two.texts.length)).toBeGreaterThan(0);
    expect(plane.broker.address('q')?.stored).toBe(0);
  });

  test('what a receiver of a queue has not acknowledged goes to another when it leaves', async () => {
    const plane = new Plane();
    plane.broker.declare('q', { type: 'queue' });
    const sender = await plane.connect('s', version);
    const one = await plane.connect('1', { ...version, cleanStart: false, properties: { sessionExpiryInterval: 60 } });
    one.acknowledges = false;
    await one.subscribe('q', { qos: 1 });
    for (const text of ['a', 'b']) await sender.send('q', text, { qos: 1 });
    expect(one.texts).toEqual(['a', 'b']);
    await one.cut();
    const two = await plane.connect('2', version);
    await two.subscribe('q', { qos: 1 });
    expect(two.texts).toEqual(['a', 'b']);
    // The first is back: its subscription is, and what the other has taken does not come again.
    const back = await plane.connect('1', { ...version, cleanStart: false, properties: { sessionExpiryInterval: 60 } });
    await two.end();
    await sender.send('q', 'c', { qos: 1 });
    expect(back.texts).toEqual(['c']);
  });
});

describe('MQTT 5', () => {
  test('properties pass through; identifier and expiry are of the delivery', async () => {
    const plane = new Plane();
    const [sender, receiver] = [await plane.connect('s'), await plane.connect('r')];
    await receiver.subscribe('t/#', { identifier: 7, qos: 1 });
    await receiver.subscribe('t/+', { identifier: 8 });
    const properties = {
      payloadFormatIndicator: 1,
      contentType: 'text/plain',
      responseTopic: 'answers/1',
      correlationData: Buffer.from([1, 2]),
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ] as [string, string][],
    };
    await sender.send('t/x', 'hi', { qos: 1, messageExpiryInterval: 60, ...properties });
    await sender.send('t/x', 'again', { qos: 1, ...properties });
    const seen = receiver.received.map(({ text, properties: got }) => ({ text, ...got }));
    expect(seen.filter(({ text }) => text === 'hi')).toEqual(
      expect.arrayContaining([
        { text: 'hi', ...properties, messageExpiryInterval: 60, subscriptionIdentifiers: [7] },
        { text: 'hi', ...properties, messageExpiryInterval: 60, subscriptionIdentifiers: [8] },
      ]),
    );
    expect(seen.filter(({ text }) => text === 'again').length).toBe(2);
    const old = await plane.connect('old', { protocolVersion: 4 });
    await old.subscribe('t/x');
    await sender.send('t/x', 'plain', properties);
    expect(old.received.map(({ text, properties: got }) => [text, got])).toEqual([['plain', {}]]);
  });

  test('retain handling, and retain as published', async () => {
    const plane = new Plane();
    const client = await plane.connect('c');
    await client.send('t', 'kept', { retain: true });
    const counts: number[] = [];
    for (const retainHandling of [1, 1, 0, 2] as const) {
      await client.subscribe('t', { retainHandling, retainAsPublished: true });
      counts.push(client.received.length);
    }
    expect(counts).toEqual([1, 1, 2, 2]);
    await client.subscribe('$share/g/t', {});
    expect(client.received.length).toBe(2);
    await client.unsubscribe('$share/g/t');
    await client.send('t', 'live', { retain: true });
    expect(client.received.at(-1)).toMatchObject({ text: 'live', retain: true });
  });

  test('no local', async () => {
    const plane = new Plane();
    const [one, two] = [await plane.connect('1'), await plane.connect('2')];
    await one.subscribe('t', { noLocal: true });
    await one.send('t', 'mine');
    await two.send('t', 'other');
    expect(one.texts).toEqual(['other']);
  });

  test.each([0, 1] as const)('a shared subscription of QoS %s competes', async (qos) => {
    const plane = new Plane();
    const sender = await plane.connect('s');
    const workers = [await plane.connect('1'), await plane.connect('2'), await plane.connect('3')];
    for (const worker of workers) await worker.subscribe('$share/g/t/+', { qos });
    const alone = await plane.connect('alone');
    await alone.subscribe('$share/other/t/+', { qos });
    for (let i = 0; i < 30; i++) sender.publish('t/x', `${i}`, { qos });
    await plane.settle();
    expect(workers.flatMap((worker) => worker.texts).length).toBe(30);
    for (const worker of workers) expect(worker.texts.length).toBe(10);
    expect(alone.texts.length).toBe(30);
  });

  test('an expired message is not delivered', async () => {
    const plane = new Plane();
    const sender = await plane.connect('s');
    const away = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const receiver = await plane.connect('r', away);
    await receiver.subscribe('t', { qos: 1 });
    await receiver.end();
    await sender.send('t', 'short', { qos: 1, messageExpiryInterval: 5 });
    await sender.send('t', 'long', { qos: 1, messageExpiryInterval: 50 });
    await plane.pass(10);
    const back = await plane.connect('r', away);
    expect(back.received.map(({ text, properties }) => [text, properties.messageExpiryInterval])).toEqual([
      ['long', 40],
    ]);
  });

  test('a message larger than a client takes is passed by', async () => {
    const plane = new Plane();
    const sender = await plane.connect('s');
    const small = await plane.connect('small', { limits: { maximumPacketSize: 100 } });
    await small.subscribe('t', { qos: 1 });
    await sender.send('t', 'x'.repeat(200), { qos: 1 });
    await sender.send('t', 'ok', { qos: 1 });
    expect(small.texts).toEqual(['ok']);
    expect(plane.protocol.counters.undeliverable).toBe(1);
  });
});

test('an AMQP message reaches an MQTT receiver', async () => {
  const plane = new Plane();
  plane.broker.declare('q', { type: 'queue' });
  const client = await plane.connect('c');
  await client.subscribe('q', { qos: 2 });
  const message = new Message();
  message.format = MessageFormat.amqp;
  message.bytes = encodeMessage({
    properties: { contentType: 'text/plain' },
    applicationProperties: { level: 3 },
    body: { kind: 'value', value: 'hello' },
  });
  message.end = message.bytes.length;
  message.address = 'q';
  message.qos = 1;
  const producer = plane.broker.openProducer('q', { settled() {}, capacityChanged() {}, addressDeleted() {} });
  if (typeof producer === 'string') throw new Error(producer);
  producer.send(message, -1);
  await plane.settle();
  expect(client.received).toMatchObject([
    { text: 'hello', qos: 1, properties: { contentType: 'text/plain', userProperties: [['level', '3']] } },
  ]);
});

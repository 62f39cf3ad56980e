/** Bytes worked out by hand from the packet figures of the two standards. */
import { describe, expect, test } from 'vitest';
import { OutgoingPublication } from '../src/index.js';
import { connectPacket, End, hex } from './support.js';

function opened(version: 4 | 5): End {
  const server = new End('server', { topicAliasMaximum: 10 });
  server.connection.ingest(
    version === 4 ? hex('100d 0004 4d515454 04 02 000a 0001 63') : hex('100e 0004 4d515454 05 02 000a 00 0001 63'),
  );
  server.written();
  return server;
}

describe('CONNECT', () => {
  test('with everything, as in MQTT 5 figure 3-6', () => {
    const server = new End('server');
    server.connection.ingest(
      hex(`10 30 0004 4d515454 05 ce 000a 05 11 0000000a 0001 63
           05 18 00000005 0003 612f62 0002 6869 0004 75736572 0006 736563726574`),
    );
    expect(server.error).toBeUndefined();
    expect(server.connect).toMatchObject({
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 10,
      clientId: 'c',
      username: 'user',
      password: Buffer.from('secret'),
      properties: { sessionExpiryInterval: 10 },
      will: { topic: 'a/b', payload: Buffer.from('hi'), qos: 1, retain: false, properties: { willDelayInterval: 5 } },
    });
  });

  test('the client writes what the server reads', () => {
    const client = new End('client', { topicAliasMaximum: 0 });
    client.connection.connect(connectPacket({ protocolVersion: 4, keepAlive: 10, clientId: 'c' }));
    expect(client.written()).toBe('100d00044d5154540402000a000163');
  });

  const refusals: [what: string, bytes: string, answer: string, reasonCode: number][] = [
    ['MQTT 3.1', '1010 0006 4d5149736470 03 02 000a 0002 6162', '20020001', 0x84],
    ['level 6', '100d 0004 4d515454 06 02 000a 0001 63', '20020001', 0x84],
    ['an empty client id without clean session', '100c 0004 4d515454 04 00 000a 0000', '20020002', 0x85],
    ['another protocol name', '100d 0004 4d515455 04 02 000a 0001 63', '', 0x81],
    ['the reserved flag', '100d 0004 4d515454 04 03 000a 0001 63', '', 0x81],
    ['will QoS without a will', '100d 0004 4d515454 04 0a 000a 0001 63', '', 0x81],
    ['a password without a user', '1010 0004 4d515454 04 42 000a 0001 63 0001 61', '', 0x81],
    ['bytes left over', '100e 0004 4d515454 04 02 000a 0001 63 00', '', 0x81],
    ['a client id with U+0000', '100d 0004 4d515454 04 02 000a 0001 00', '', 0x81],
    ['another packet first', 'c000', '', 0x82],
    ['reserved fixed header flags', '110d 0004 4d515454 04 02 000a 0001 63', '', 0x81],
  ];
  test.each(refusals)('%s is refused', (_what, bytes, answer, reasonCode) => {
    const server = new End('server');
    server.connection.ingest(hex(bytes));
    expect(server.closed).toBe(1);
    expect(server.error?.reasonCode).toBe(reasonCode);
    expect(server.written()).toBe(answer);
  });
});

describe('PUBLISH', () => {
  test('MQTT 3.1.1 figure 3-11: topic a/b, packet identifier 10', () => {
    const server = opened(4);
    server.connection.ingest(hex('3209 0003 612f62 000a 6869'));
    expect(server.published).toMatchObject([{ topic: 'a/b', qos: 1, packetId: 10, payload: 'hi', retain: false }]);
    expect(server.written()).toBe('4002000a');
  });

  test('MQTT 5 with properties', () => {
    const server = opened(5);
    server.connection.ingest(hex('3514 0003 612f62 000a 0a 01 01 02 0000003c 03 0000 6869'));
    expect(server.error).toBeUndefined();
    expect(server.published).toMatchObject([{ topic: 'a/b', qos: 2, retain: true, payload: 'hi' }]);
    expect(server.written()).toBe('5002000a');
    server.connection.ingest(hex('6202000a'));
    expect(server.written()).toBe('7002000a');
    server.connection.ingest(hex('6202000a'));
    expect(server.written()).toBe('7003000a92');
  });

  const bad: [what: string, version: 4 | 5, bytes: string, reasonCode: number][] = [
    ['QoS 3', 4, '3609 0003 612f62 000a 6869', 0x81],
    ['DUP with QoS 0', 4, '3807 0003 612f62 6869', 0x81],
    ['packet identifier 0', 4, '3209 0003 612f62 0000 6869', 0x81],
    ['a wildcard', 4, '3007 0003 612f2b 6869', 0x90],
    ['an empty topic', 4, '3004 0000 6869', 0x90],
    ['U+0000', 4, '3007 0003 610062 6869', 0x81],
    ['a surrogate', 4, '3007 0003 eda080 6869', 0x81],
    ['an overlong form', 4, '3006 0002 c080 6869', 0x81],
    ['a topic longer than the packet', 4, '3007 0009 612f62 6869', 0x81],
    ['an empty topic without an alias', 5, '3005 0000 00 6869', 0x82],
    ['alias 0', 5, '300a 0003 612f62 03 230000 68', 0x82],
    ['an alias above the maximum', 5, '300a 0003 612f62 03 23000b 68', 0x94],
    ['an alias never set', 5, '3007 0000 03 230001 68', 0x82],
    ['a subscription identifier from a client', 5, '3009 0003 612f62 02 0b01 68', 0x82],
    ['a property twice', 5, '300b 0003 612f62 04 01000100 68', 0x82],
    ['an unknown property', 5, '3009 0003 612f62 02 7f01 68', 0x81],
    ['a property of CONNECT', 5, '300a 0003 612f62 03 210001 68', 0x82],
    ['payload format 2', 5, '3009 0003 612f62 02 0102 68', 0x82],
    ['properties behind the end', 5, '3009 0003 612f62 09 0100 68', 0x81],
    ['a response topic with a wildcard', 5, '300b 0003 612f62 04 080001 2b 68', 0x82],
    ['a length in five bytes', 4, '30ffffffff7f', 0x81],
  ];
  test.each(bad)('%s closes the connection', (_what, version, bytes, reasonCode) => {
    const server = opened(version);
    server.connection.ingest(hex(bytes));
    expect(server.published).toEqual([]);
    expect(server.closed).toBe(1);
    expect(server.error?.reasonCode).toBe(reasonCode);
    const told = server.written();
    if (version === 4) expect(told).toBe('');
    else expect(told.slice(0, 2) + told.slice(4, 6)).toBe(`e0${reasonCode.toString(16)}`);
  });

  test('is written as the figure says', () => {
    const server = opened(4);
    const message = new OutgoingPublication();
    message.topic = 'a/b';
    message.payload = Buffer.from('xhix');
    message.payloadStart = 1;
    message.payloadEnd = 3;
    message.qos = 1;
    expect(server.connection.publish(message)).toBe('sent');
    expect(server.written()).toBe('32090003612f6200016869');
    message.qos = 0;
    message.retain = true;
    server.connection.publish(message);
    expect(server.written()).toBe('31070003612f626869');
  });
});

describe('SUBSCRIBE', () => {
  test('MQTT 3.1.1 figure 3-23: a/b with QoS 1, c/d with QoS 2', () => {
    const server = opened(4);
    server.connection.ingest(hex('820e 000a 0003 612f62 01 0003 632f64 02'));
    expect(server.subscribes).toMatchObject([
      {
        packetId: 10,
        subscriptions: [
          { filter: 'a/b', qos: 1 },
          { filter: 'c/d', qos: 2 },
        ],
      },
    ]);
    expect(server.written()).toBe('9004000a0102');
  });

  test('options and identifier of MQTT 5', () => {
    const server = opened(5);
    server.connection.ingest(hex('820b 000a 02 0b05 0003 612f23 1d'));
    expect(server.subscribes[0]).toMatchObject({
      properties: { subscriptionIdentifiers: [5] },
      subscriptions: [{ filter: 'a/#', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 1 }],
    });
    expect(server.written()).toBe('9004000a0001');
  });

  test('a shared filter', () => {
    const server = opened(5);
    server.connection.ingest(hex('8214 000a 00 000e 2473686172652f672f612f2b2f62 00'));
    expect(server.subscribes[0]?.subscriptions[0]).toMatchObject({
      filter: '$share/g/a/+/b',
      shared: { group: 'g', filter: 'a/+/b' },
    });
  });

  const bad: [what: string, version: 4 | 5, bytes: string, reasonCode: number][] = [
    ['no filter', 4, '8202 000a', 0x81],
    ['QoS 3', 4, '8208 000a 0003 612f62 03', 0x81],
    ['reserved bits in 3.1.1', 4, '8208 000a 0003 612f62 04', 0x81],
    ['retain handling 3', 5, '8209 000a 00 0003 612f62 30', 0x82],
    ['reserved bits', 5, '8209 000a 00 0003 612f62 40', 0x81],
    ['a filter with # inside', 4, '8208 000a 0003 232f62 00', 0x8f],
    ['a filter with + inside a level', 4, '8208 000a 0003 61622b 00', 0x8f],
    ['flags not 2', 4, '8008 000a 0003 612f62 00', 0x81],
    ['packet identifier 0', 4, '8208 0000 0003 612f62 00', 0x81],
    ['no local on a shared subscription', 5, '8210 000a 00 000a 2473686172652f672f61 04', 0x82],
    ['a share without a filter', 5, '820e 000a 00 0008 2473686172652f67 00', 0x8f],
  ];
  test.each(bad)('%s closes the connection', (_what, version, bytes, reasonCode) => {
    const server = opened(version);
    server.connection.ingest(hex(bytes));
    expect(server.subscribes).toEqual([]);
    expect(server.error?.reasonCode).toBe(reasonCode);
  });
});

test('UNSUBSCRIBE and UNSUBACK', () => {
  const old = opened(4);
  old.connection.ingest(hex('a207 000a 0003 612f62'));
  expect(old.written()).toBe('b002000a');
  const now = opened(5);
  now.connection.ingest(hex('a208 000a 00 0003 612f62'));
  expect(now.written()).toBe('b004000a0000');
});

test('PINGREQ and DISCONNECT', () => {
  const server = opened(5);
  server.connection.ingest(hex('c000'));
  expect(server.written()).toBe('d000');
  server.connection.ingest(hex('e00104'));
  expect(server.events).toEqual(['disconnect 4']);
  expect(server.error).toBeUndefined();
  expect(server.closed).toBe(1);
});

test('session expiry may not be raised from 0 by DISCONNECT', () => {
  const server = opened(5);
  server.connection.ingest(hex('e007 00 05 11 0000000a'));
  expect(server.error?.reasonCode).toBe(0x82);
});

/** Whatever comes in, the engine answers with its protocol's error and nothing else, and never reads beyond its input. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeProperties,
  GrowingOutput,
  isEncodable,
  MqttError,
  type MqttProperties,
  OutgoingPublication,
} from '../src/index.js';
import { PropertyPlace } from '../src/property.js';
import { decodeProperties } from '../src/property-reader.js';
import { connectPacket, End, hex } from './support.js';

const CONNECT_4 = hex('100d 0004 4d515454 04 02 000a 0001 63');
const CONNECT_5 = hex('100e 0004 4d515454 05 02 000a 00 0001 63');

/** Valid packets of both directions, by what they are sent to. */
const VALID: [role: 'server' | 'client', version: 4 | 5, packet: Buffer][] = [
  [
    'server',
    5,
    hex(
      '1030 0004 4d515454 05 ce 000a 05 11 0000000a 0001 63 05 18 00000005 0003 612f62 0002 6869 0004 75736572 0006 736563726574',
    ),
  ],
  ['server', 4, hex('3209 0003 612f62 000a 6869')],
  ['server', 5, hex('3514 0003 612f62 000a 0a 01 01 02 0000003c 03 0000 6869')],
  ['server', 5, hex('3019 0003 612f62 11 26 0001 61 0001 62 09 0003 010203 08 0001 72 68 69')],
  ['server', 5, hex('820b 000a 02 0b05 0003 612f23 1d')],
  ['server', 4, hex('820e 000a 0003 612f62 01 0003 632f64 02')],
  ['server', 5, hex('a208 000a 00 0003 612f62')],
  ['server', 5, hex('6202000a')],
  ['server', 5, hex('4003000a10')],
  ['server', 5, hex('5004000a0000')],
  ['server', 5, hex('e00104')],
  ['server', 5, hex('c000')],
  ['client', 5, hex('2006 00 00 03 22 000a')],
  ['client', 5, hex('9004000a0001')],
  ['client', 5, hex('d000')],
  ['client', 5, hex('e00289 00')],
];

function run(role: 'server' | 'client', version: 4 | 5, bytes: Buffer, open: boolean): End {
  const end = new End(role);
  if (role === 'client') end.connection.connect(connectPacket({ protocolVersion: version }));
  if (open)
    end.connection.ingest(
      role === 'server' ? (version === 4 ? CONNECT_4 : CONNECT_5) : hex(version === 4 ? '20020000' : '2003000000'),
    );
  end.connection.ingest(bytes);
  return end;
}

function expectProtocolErrorAtMost(end: End): void {
  expect(end.closed).toBeLessThanOrEqual(1);
  if (end.error === undefined) return;
  expect(end.error).toBeInstanceOf(MqttError);
  // A bug inside would come out as the host's failure.
  expect(end.error.cause).toBeUndefined();
}

test('random bytes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('server' as const, 'client' as const),
      fc.constantFrom(4 as const, 5 as const),
      fc.uint8Array({ maxLength: 200 }),
      fc.boolean(),
      (role, version, bytes, open) => expectProtocolErrorAtMost(run(role, version, Buffer.from(bytes), open)),
    ),
    { numRuns: 3000 },
  );
});

test('random bodies behind a fitting header', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('server' as const, 'client' as const),
      fc.integer({ min: 0, max: 255 }),
      fc.uint8Array({ maxLength: 100 }),
      (role, first, body) => {
        const bytes = Buffer.concat([Buffer.from([first, body.length]), body]);
        expectProtocolErrorAtMost(run(role, 5, bytes, true));
        expectProtocolErrorAtMost(run(role, 4, bytes, true));
        expectProtocolErrorAtMost(run(role, 5, bytes, false));
      },
    ),
    { numRuns: 5000 },
  );
});

test.each(VALID)('every truncation and bit flip: %s %s', (role, version, packet) => {
  const opening = packet[0] === 0x10 || packet[0] === 0x20;
  for (let size = 0; size < packet.length; size++) {
    // Cut, and cut with a header that says so.
    const cut = Buffer.from(packet.subarray(0, size));
    const waiting = run(role, version, cut, !opening);
    expectProtocolErrorAtMost(waiting);
    expect(waiting.published.length + waiting.subscribes.length).toBe(0);
    if (size < 2) continue;
    cut[1] = size - 2;
    expectProtocolErrorAtMost(run(role, version, cut, !opening));
  }
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const flipped = Buffer.from(packet);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expectProtocolErrorAtMost(run(role, version, flipped, !opening));
  }
  // The packet itself is fine: read whole, with nothing left to wait for, and no error but what it says itself.
  const whole = run(role, version, packet, !opening);
  expect(whole.error?.message ?? 'the peer disconnects').toMatch(/^(the peer disconnects|an answer to no request)/);
  const longer = run(role, version, Buffer.concat([packet, Buffer.from([0xf0, 0x05])]), !opening);
  expect(longer.closed).toBe(whole.closed);
});

test('a packet is read the same wherever it is cut', () => {
  for (const [role, version, packet] of VALID) {
    if (packet[0] === 0x10 || packet[0] === 0x20) continue;
    const whole = run(role, version, Buffer.concat([packet, packet]), true);
    for (let at = 1; at < packet.length; at++) {
      const cut = run(role, version, packet.subarray(0, at), true);
      cut.connection.ingest(Buffer.concat([packet.subarray(at), packet]));
      expect([cut.published, cut.events, cut.closed, cut.written()]).toEqual([
        whole.published,
        whole.events,
        whole.closed,
        Buffer.from(whole.output.buffer.subarray(0, whole.output.position)).toString('hex'),
      ]);
    }
  }
});

const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((value) => isEncodable(value) && !value.includes('\0'));
const name = fc.stringMatching(/^[a-z/]{1,12}$/);
const publishProperties = fc.record(
  {
    payloadFormatIndicator: fc.constantFrom(0, 1),
    contentType: text,
    responseTopic: name,
    correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    userProperties: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);

test('publications round trip', () => {
  fc.assert(
    fc.property(
      fc.record({
        version: fc.constantFrom(4 as const, 5 as const),
        topic: fc.oneof(name, fc.constant('ü/€/😀')),
        payload: fc.uint8Array({ maxLength: 300 }),
        qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
        retain: fc.boolean(),
        properties: publishProperties,
        expiry: fc.constantFrom(-1, 0, 4_294_967_295),
      }),
      fc.integer({ min: 1, max: 50 }),
      (given, piece) => {
        const client = new End('client');
        client.connection.connect(connectPacket({ protocolVersion: given.version }));
        client.connection.ingest(given.version === 4 ? hex('20020000') : hex('2003000000'));
        const server = new End('server');
        let properties: MqttProperties = {};
        server.onPublish = (publication) => {
          properties = publication.properties();
          const { topic, qos, retain } = publication;
          server.published.push({
            topic,
            qos,
            retain,
            duplicate: false,
            tag: 0,
            packetId: 0,
            payload: publication.payload().toString('hex'),
          });
        };
        const publication = new OutgoingPublication();
        publication.topic = given.topic;
        publication.payload = Buffer.from(given.payload);
        publication.payloadEnd = given.payload.length;
        publication.qos = given.qos;
        publication.retain = given.retain;
        publication.properties = encodeProperties(given.properties as MqttProperties);
        publication.propertiesEnd = publication.properties.length;
        publication.messageExpiryInterval = given.expiry;
        expect(client.connection.publish(publication)).toBe('sent');
        const bytes = client.output.take();
        for (let at = 0; at < bytes.length; at += piece)
          server.connection.ingest(bytes, at, Math.min(bytes.length, at + piece));
        expect(server.published).toEqual([
          {
            topic: given.topic,
            qos: given.qos,
            retain: given.retain,
            duplicate: false,
            tag: 0,
            packetId: 0,
            payload: Buffer.from(given.payload).toString('hex'),
          },
        ]);
        const expected: MqttProperties = given.version === 4 ? {} : { ...(given.properties as MqttProperties) };
        if (given.version === 5 && given.expiry >= 0) expected.messageExpiryInterval = given.expiry;
        expect(properties).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test('every property round trips where it is allowed', () => {
  const all: [place: number, properties: MqttProperties][] = [
    [
      PropertyPlace.connect,
      {
        sessionExpiryInterval: 5,
        authenticationMethod: 'm',
        authenticationData: Buffer.from('d'),
        requestProblemInformation: 0,
        requestResponseInformation: 1,
        receiveMaximum: 7,
        topicAliasMaximum: 8,
        userProperties: [['a', 'b']],
        maximumPacketSize: 99,
      },
    ],
    [
      PropertyPlace.connack,
      {
        assignedClientIdentifier: 'x',
        serverKeepAlive: 3,
        responseInformation: 'r',
        serverReference: 's',
        reasonString: 'why',
        maximumQos: 1,
        retainAvailable: 0,
        wildcardSubscriptionAvailable: 1,
        subscriptionIdentifierAvailable: 1,
        sharedSubscriptionAvailable: 0,
      },
    ],
    [
      PropertyPlace.will,
      {
        willDelayInterval: 9,
        messageExpiryInterval: 1,
        contentType: 'c',
        responseTopic: 'r/t',
        correlationData: Buffer.from([0, 255]),
        payloadFormatIndicator: 1,
      },
    ],
    [PropertyPlace.publish, { topicAlias: 3, subscriptionIdentifiers: [1, 268_435_455] }],
  ];
  for (const [place, properties] of all) {
    const block = encodeProperties(properties);
    expect(decodeProperties(block, 0, block.length, place)).toEqual(properties);
  }
});

test('nothing grows while an end is silent', () => {
  const output = new GrowingOutput(16);
  output.reserve(40);
  output.position = 40;
  expect(output.take().length).toBe(40);
  expect(output.position).toBe(0);
});

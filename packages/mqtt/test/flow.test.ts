/** Both ends of the engine back to back. */
import { describe, expect, test } from 'vitest';
import {
  encodeProperties,
  MqttSession,
  OutgoingPublication,
  OutgoingState,
  ReasonCode,
  type Spool,
} from '../src/index.js';
import { connected, connectPacket, type End, End as EndOf, exchange } from './support.js';

function message(topic: string, payload: string, qos: 0 | 1 | 2, context?: string): OutgoingPublication {
  const publication = new OutgoingPublication();
  publication.topic = topic;
  publication.payload = Buffer.from(payload);
  publication.payloadEnd = publication.payload.length;
  publication.qos = qos;
  publication.context = context;
  return publication;
}

function send(end: End, topic: string, payload: string, qos: 0 | 1 | 2, context = payload): string {
  const publication = message(topic, payload, qos, context);
  end.kept.set(context, publication);
  return end.connection.publish(publication);
}

describe.each([4, 5] as const)('MQTT level %s', (protocolVersion) => {
  test('each QoS arrives once and is acknowledged', () => {
    const { client, server } = connected({ protocolVersion });
    for (const qos of [0, 1, 2] as const) send(client, 'a/b', `m${qos}`, qos);
    exchange(client, server);
    expect(server.published.map((seen) => `${seen.topic} ${seen.payload} ${seen.qos}`)).toEqual([
      'a/b m0 0',
      'a/b m1 1',
      'a/b m2 2',
    ]);
    expect(client.events).toEqual(['acknowledged m1 0', 'completed m1', 'acknowledged m2 0', 'completed m2']);
    expect(client.connection.session.inFlight).toBe(0);
    expect(server.connection.session.incoming.size).toBe(0);
  });

  test('bytes may come one at a time', () => {
    const { client, server } = connected({ protocolVersion });
    for (let i = 0; i < 40; i++) send(client, `topic/${i % 3}`, 'x'.repeat(i * 7), (i % 3) as 0 | 1 | 2);
    const bytes = client.output.take();
    for (let i = 0; i < bytes.length; i++) server.connection.ingest(bytes, i, i + 1);
    expect(server.published.length).toBe(40);
    expect(server.published.map((seen) => seen.payload.length)).toEqual(Array.from({ length: 40 }, (_, i) => i * 7));
  });

  test('acknowledgements leave in the order of arrival, whatever the order of decisions', () => {
    const { client, server } = connected({ protocolVersion });
    server.acknowledges = 'later';
    for (let i = 0; i < 40; i++) send(client, 't', `${i}`, 1);
    exchange(client, server);
    for (const seen of server.published.toReversed()) {
      expect(client.events).toEqual([]);
      server.connection.acknowledge(seen.tag);
    }
    exchange(client, server);
    expect(client.events.filter((event) => event.startsWith('ack'))).toEqual(
      Array.from({ length: 40 }, (_, i) => `acknowledged ${i} 0`),
    );
  });

  test('a resumed session sends what is open again, in order, with DUP and the old packet identifiers', () => {
    const first = connected({ protocolVersion, cleanStart: false });
    first.server.acknowledges = 'later';
    for (let i = 0; i < 5; i++) send(first.client, 't', `${i}`, i % 2 === 0 ? 1 : 2);
    exchange(first.client, first.server);
    first.client.connection.transportClosed();
    first.server.connection.transportClosed();
    const client = new EndOf('client');
    const server = new EndOf('server');
    for (const [context, kept] of first.client.kept) client.kept.set(context, kept);
    server.session = first.server.connection.session;
    server.sessionPresent = true;
    client.connection.connect(connectPacket({ protocolVersion, cleanStart: false }), first.client.connection.session);
    exchange(client, server);
    // The two of QoS 2 are known to the receiver's session: they are not passed on again.
    expect(server.published.map((seen) => [seen.payload, seen.duplicate, seen.packetId])).toEqual([
      ['0', true, 1],
      ['2', true, 3],
      ['4', true, 5],
    ]);
    expect(client.events.filter((event) => event.startsWith('resend'))).toEqual(
      ['0', '1', '2', '3', '4'].map((context) => `resend ${context}`),
    );
    // The decision on the first copy, made after its connection was lost, answers the repetition.
    for (const seen of first.server.published) if (seen.qos === 2) first.server.connection.acknowledge(seen.tag);
    exchange(client, server);
    expect(client.connection.session.inFlight).toBe(0);
    expect(client.events.filter((event) => event.startsWith('completed')).length).toBe(5);
  });

  test('without the session at the server, the client begins anew', () => {
    const session = new MqttSession();
    const first = connected({ protocolVersion, cleanStart: false }, { session });
    first.server.acknowledges = 'later';
    send(first.client, 't', 'x', 1);
    first.client.connection.transportClosed();
    const second = connected({ protocolVersion, cleanStart: false }, { session });
    expect(second.client.events).toEqual([]);
    expect(second.client.connection.session).not.toBe(session);
  });

  test('keep-alive: a silent client is closed after one and a half, one that pings is not', () => {
    const { client, server } = connected({ protocolVersion, keepAlive: 10 });
    let now = 1_000;
    for (const end = 101_000; now < end; now += 1_000) {
      client.connection.tick(now);
      server.connection.tick(now);
      exchange(client, server);
    }
    expect(server.closed + client.closed).toBe(0);
    send(client, 't', 'last', 0);
    exchange(client, server);
    server.connection.tick(now);
    const silentFrom = now;
    while (server.closed === 0) {
      const next = server.connection.tick(now);
      if (next === 0) break;
      now = next;
    }
    expect(server.error?.reasonCode).toBe(ReasonCode.keepAliveTimeout);
    expect(now - silentFrom).toBeGreaterThanOrEqual(15_000);
    expect(now - silentFrom).toBeLessThanOrEqual(16_250);
  });

  test('a client whose pings are not answered closes', () => {
    const { client } = connected({ protocolVersion, keepAlive: 10 });
    let now = 0;
    while (client.closed === 0 && now < 60_000) now = client.connection.tick(now);
    expect(client.error?.reasonCode).toBe(ReasonCode.keepAliveTimeout);
  });

  test('suspended reading keeps what came, in order, and excuses the peer', () => {
    const { client, server } = connected({ protocolVersion, keepAlive: 1 });
    server.connection.suspend();
    for (let i = 0; i < 10; i++) send(client, 't', `${i}`, 1);
    exchange(client, server);
    expect(server.published).toEqual([]);
    for (let now = 0; now < 10_000; now += 500) server.connection.tick(now);
    expect(server.closed).toBe(0);
    server.connection.resume();
    exchange(client, server);
    expect(server.published.map((seen) => seen.payload).join('')).toBe('0123456789');
  });
});

test('the connect time-out', () => {
  const server = new EndOf('server', { connectTimeoutMs: 500 });
  expect(server.connection.tick(1_000)).toBe(1_500);
  expect(server.connection.tick(1_499)).toBe(1_500);
  expect(server.connection.tick(1_500)).toBe(0);
  expect(server.closed).toBe(1);
});

test('what follows CONNECT waits for the answer', () => {
  const client = new EndOf('client');
  const server = new EndOf('server');
  server.accepts = 'later';
  client.connection.connect(connectPacket({ protocolVersion: 4 }));
  const first = client.output.take();
  const publish = Buffer.from([0x30, 3, 0, 1, 0x74]);
  server.connection.ingest(Buffer.concat([first, publish, publish.subarray(0, 2)]));
  server.connection.ingest(publish, 2);
  expect(server.published.length).toBe(0);
  server.accept();
  expect(server.published.length).toBe(2);
});

describe('MQTT 5', () => {
  test('refusals reach the sender with their reason', () => {
    const { client, server } = connected();
    server.acknowledges = 'later';
    send(client, 't', 'one', 1);
    send(client, 't', 'two', 2);
    send(client, 't', 'three', 2);
    exchange(client, server);
    server.connection.acknowledge(0, ReasonCode.quotaExceeded, 'full');
    server.connection.acknowledge(1, ReasonCode.notAuthorized);
    server.connection.acknowledge(2);
    exchange(client, server);
    expect(client.events.filter((event) => event.startsWith('ack'))).toEqual([
      'acknowledged one 151',
      'acknowledged two 135',
      'acknowledged three 0',
    ]);
    expect(server.connection.session.incoming.size).toBe(0);
  });

  test('receive maximum of the peer holds the sender; room is told', () => {
    const { client, server } = connected({}, { server: { receiveMaximum: 2 } });
    server.acknowledges = 'later';
    expect([1, 2, 3].map((i) => send(client, 't', `${i}`, 1))).toEqual(['sent', 'sent', 'no-quota']);
    exchange(client, server);
    server.connection.acknowledge(0);
    exchange(client, server);
    expect(client.connection.sendQuota).toBe(1);
    expect(send(client, 't', '3', 2)).toBe('sent');
    expect(send(client, 't', '4', 2)).toBe('no-quota');
    exchange(client, server);
    server.connection.acknowledge(1);
    server.connection.acknowledge(2);
    exchange(client, server);
    expect(client.connection.sendQuota).toBe(2);
  });

  test('a peer that exceeds the receive maximum is closed', () => {
    const { client, server } = connected({}, { server: { receiveMaximum: 2 } });
    server.acknowledges = 'later';
    const publish = (id: number) => server.connection.ingest(Buffer.from([0x32, 6, 0, 1, 0x74, 0, id, 0]));
    publish(1);
    publish(2);
    expect(server.closed).toBe(0);
    publish(3);
    expect(server.error?.reasonCode).toBe(ReasonCode.receiveMaximumExceeded);
    expect(client.closed).toBe(0);
  });

  test('a publication beyond the receive maximum was not taken: it is new when it comes again', () => {
    const { server } = connected({}, { server: { receiveMaximum: 1 } });
    server.acknowledges = 'later';
    const publish = (id: number) => server.connection.ingest(Buffer.from([0x34, 6, 0, 1, 0x74, 0, id, 0]));
    publish(1);
    publish(2);
    expect(server.error?.reasonCode).toBe(ReasonCode.receiveMaximumExceeded);
    expect(server.connection.session.incoming.begin(1)).toBe('undecided');
    expect(server.connection.session.incoming.begin(2)).toBe('new');
  });

  test('PUBREL that is sent again takes quota, which its PUBCOMP gives back', () => {
    const session = new MqttSession();
    const { awaitingPubcomp: state } = OutgoingState;
    session.outgoing.restore([0, 1, 3].map((sequence) => ({ sequence, state, context: sequence })));
    const client = new EndOf('client');
    const server = new EndOf('server', { receiveMaximum: 2 });
    server.sessionPresent = true;
    client.connection.connect(connectPacket({ cleanStart: false }), session);
    const connect = client.output.take();
    server.connection.ingest(connect);
    client.connection.ingest(server.output.take());
    // Two of three are on their way, so that nothing else may be.
    expect(client.connection.sendQuota).toBe(0);
    exchange(client, server);
    expect([session.inFlight, client.connection.sendQuota]).toEqual([0, 2]);
    expect(session.outgoing.add(state, undefined)).toBe(5);
  });

  test('a restored window leaves out what lies too far behind: its identifier was used again', () => {
    const { outgoing } = new MqttSession();
    const { awaitingPubrec: state } = OutgoingState;
    outgoing.restore([3, 65_537, 65_538].map((sequence) => ({ sequence, state, context: sequence })));
    expect([outgoing.size, outgoing.contextOf(3), outgoing.contextOf(4)]).toEqual([2, 65_537, 65_538]);
    outgoing.remove(3);
    expect(outgoing.add(state, 'new')).toBe(5);
  });

  test('resending honours a smaller receive maximum of the new connection', () => {
    const first = connected({ cleanStart: false });
    first.server.acknowledges = 'later';
    for (let i = 0; i < 5; i++) send(first.client, 't', `${i}`, 1);
    const client = new EndOf('client');
    const server = new EndOf('server', { receiveMaximum: 2 });
    server.acknowledges = 'later';
    server.sessionPresent = true;
    for (const [context, kept] of first.client.kept) client.kept.set(context, kept);
    client.connection.connect(connectPacket({ cleanStart: false }), first.client.connection.session);
    exchange(client, server);
    expect(server.published.length).toBe(2);
    expect(send(client, 't', 'new', 1)).toBe('no-quota');
    for (let tag = 0; tag < 5; tag++) {
      server.connection.acknowledge(tag);
      exchange(client, server);
    }
    expect(server.published.map((seen) => seen.payload)).toEqual(['0', '1', '2', '3', '4']);
    expect(send(client, 't', 'new', 1)).toBe('sent');
  });

  test('topic aliases both ways: the topic goes over once', () => {
    const { client, server } = connected({}, { server: { topicAliasMaximum: 2 }, client: { topicAliasMaximum: 1 } });
    for (const topic of ['a/long/topic', 'another/topic', 'third']) {
      for (let i = 0; i < 3; i++) send(client, topic, `${i}`, 0);
    }
    const bytes = client.output.take();
    const count = (text: string) => bytes.toString('latin1').split(text).length - 1;
    expect([count('a/long/topic'), count('another/topic'), count('third')]).toEqual([1, 1, 3]);
    server.connection.ingest(bytes);
    expect(server.published.map((seen) => seen.topic)).toEqual([
      ...Array(3).fill('a/long/topic'),
      ...Array(3).fill('another/topic'),
      ...Array(3).fill('third'),
    ]);
    send(client, 'a/long/topic', '2', 2);
    const exactlyOnce = client.output.take();
    expect(exactlyOnce.includes('a/long/topic')).toBe(true);
    send(server, 'x', '1', 0);
    send(server, 'x', '2', 0);
    exchange(client, server);
    expect(client.published.map((seen) => seen.topic)).toEqual(['x', 'x']);
  });

  test('properties pass through, but for those of one hop', () => {
    const { client, server } = connected();
    const publication = message('t', 'p', 0);
    publication.properties = Buffer.concat([
      encodeProperties({
        contentType: 'text/plain',
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
        responseTopic: 'r',
      }),
      Buffer.from([0x23, 0, 9]),
      Buffer.from([0x02, 0, 0, 0, 1]),
      Buffer.from([0x0b, 3]),
    ]);
    publication.propertiesEnd = publication.properties.length;
    publication.messageExpiryInterval = 77;
    publication.subscriptionIdentifier = 300;
    let properties: unknown;
    client.onPublish = (seen) => {
      properties = seen.properties();
    };
    server.connection.publish(publication);
    exchange(client, server);
    expect(client.error).toBeUndefined();
    expect(properties).toEqual({
      contentType: 'text/plain',
      responseTopic: 'r',
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
      messageExpiryInterval: 77,
      subscriptionIdentifiers: [300],
      topicAlias: 1,
    });
  });

  test('the peer’s maximum packet size is kept, and counts as delivered', () => {
    const { client, server } = connected({}, { client: { maximumPacketSize: 100 } });
    expect(send(server, 't', 'x'.repeat(200), 1)).toBe('too-large');
    expect(send(server, 't', 'x'.repeat(50), 1)).toBe('sent');
    expect(server.connection.session.inFlight).toBe(1);
    exchange(client, server);
    expect(client.published.length).toBe(1);
  });

  test('a packet above our maximum is refused by its length alone', () => {
    const { server } = connected({}, { server: { maximumPacketSize: 1000 } });
    server.connection.ingest(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
    expect(server.error?.reasonCode).toBe(ReasonCode.packetTooLarge);
  });

  test('an exception of the host ends this connection', () => {
    const { client, server } = connected();
    server.onPublish = () => {
      throw new Error('a bug');
    };
    send(client, 't', 'x', 0);
    exchange(client, server);
    expect(server.error?.reasonCode).toBe(ReasonCode.implementationSpecificError);
    expect(server.error?.cause).toEqual(new Error('a bug'));
    expect(client.error?.reasonCode).toBe(ReasonCode.implementationSpecificError);
  });
});

test('packet identifiers wrap around and skip none in use', () => {
  const { client, server } = connected({}, { client: { inFlightMaximum: 65_535 } });
  const publication = message('t', '', 1);
  for (let i = 0; i < 70_000; i++) {
    publication.context = i;
    expect(client.connection.publish(publication)).toBe('sent');
    if (i % 100 === 99) exchange(client, server);
  }
  exchange(client, server);
  expect(client.connection.session.inFlight).toBe(0);
  expect(publication.packetId).toBe(70_000 - 65_535);
});

test('a publication that is never acknowledged stops the sender only when all identifiers are used', () => {
  const { client, server } = connected({}, { client: { inFlightMaximum: 65_535 } });
  server.acknowledges = 'later';
  const publication = message('t', '', 1);
  let sent = 0;
  while (client.connection.publish(publication) === 'sent') {
    sent++;
    client.output.position = 0;
    // Everything but the first is acknowledged.
    if (sent > 1)
      client.connection.ingest(Buffer.from([0x40, 2, publication.packetId >> 8, publication.packetId & 0xff]));
  }
  expect(sent).toBe(65_535);
});

test('QoS 2 under cut connections is exactly once', () => {
  // A deterministic walk: the connection is cut after any number of bytes in either direction, again and again.
  for (let seed = 1; seed <= 60; seed++) {
    let state = seed * 2_654_435_761;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const total = 30;
    let clientSession = new MqttSession();
    const serverSession = new MqttSession();
    const kept = new Map<unknown, OutgoingPublication>();
    const arrived: string[] = [];
    const completed = new Set<string>();
    let next = 0;
    for (let round = 0; round < 500 && completed.size < total; round++) {
      const client = new EndOf('client');
      const server = new EndOf('server');
      server.session = serverSession;
      server.sessionPresent = round > 0;
      for (const [context, publication] of kept) client.kept.set(context, publication);
      client.onCompleted = (context) => completed.add(String(context));
      client.connection.connect(connectPacket({ cleanStart: false }), clientSession);
      let budget = 20 + random(400);
      while (budget > 0) {
        if (client.connection.phase === 'open' && next < total) {
          send(client, 't', `${next++}`, 2);
        }
        const there = client.output.take();
        const take = Math.min(budget, there.length);
        server.connection.ingest(there, 0, take);
        budget -= take;
        const back = server.output.take();
        const giveBack = Math.min(budget, back.length);
        client.connection.ingest(back, 0, giveBack);
        budget -= giveBack;
        if (take < there.length || giveBack < back.length) break;
        if (there.length + back.length === 0 && next >= total) break;
      }
      arrived.push(...server.published.map((seen) => seen.payload));
      for (const [context, publication] of client.kept) kept.set(context, publication);
      clientSession = client.connection.session;
      client.connection.transportClosed();
      server.connection.transportClosed();
    }
    expect(completed.size).toBe(total);
    expect(arrived).toEqual(Array.from({ length: total }, (_, i) => `${i}`));
  }
});

describe('a spool for large packets', () => {
  function spooling(room = Number.POSITIVE_INFINITY) {
    const parts: Buffer[] = [];
    let open = 0;
    let length = 0;
    const openSpool = (): Spool => {
      open++;
      parts.length = 0;
      return {
        append(source, start, end) {
          length += end - start;
          if (length > room) throw new Error('ENOSPC');
          parts.push(Buffer.from(source.subarray(start, end)));
        },
        take: () => Buffer.concat(parts),
        close: () => {
          open--;
        },
      };
    };
    const limits = { maximumPacketSize: 4_000_000 };
    const client = new EndOf('client');
    const server = new EndOf('server', limits, openSpool);
    client.connection.connect(connectPacket());
    exchange(client, server);
    return { client, server, opened: () => open };
  }

  const body = Array.from({ length: 300_000 }, (_, i) => `${i}`.padStart(10, '.')).join('');

  test.each([1_000, 65_536, 1_100_000])('holds them while they come in pieces of %i bytes', (piece) => {
    const { client, server, opened } = spooling();
    send(client, 't', 'before', 1);
    send(client, 't', body, 1, 'large');
    send(client, 't', 'behind', 1);
    const bytes = client.output.take();
    let most = 0;
    for (let at = 0; at < bytes.length; at += piece) {
      server.connection.ingest(Buffer.from(bytes.subarray(at, at + piece)), 0, Math.min(piece, bytes.length - at));
      most = Math.max(most, opened());
    }
    expect(server.published.map(({ payload }) => payload.length)).toEqual([6, body.length, 6]);
    expect(server.published[1]?.payload === body).toBe(true);
    expect([most, opened()]).toEqual([1, 0]);
  });

  test('is given up with the connection, and ends it when it has no room', () => {
    const first = spooling();
    send(first.client, 't', body, 1);
    first.server.connection.ingest(first.client.output.take(), 0, 2_000_000);
    expect(first.opened()).toBe(1);
    first.server.connection.transportClosed();
    expect(first.opened()).toBe(0);

    const second = spooling(1_500_000);
    send(second.client, 't', body, 1);
    second.server.connection.ingest(second.client.output.take(), 0, 2_000_000);
    expect(second.server.error?.reasonCode).toBe(ReasonCode.quotaExceeded);
    expect(second.opened()).toBe(0);
  });
});

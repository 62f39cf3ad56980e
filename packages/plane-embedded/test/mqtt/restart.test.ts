/** What survives the end of the process: the same journal under a new server. */

import { describe, expect, test } from 'vitest';
import { encodeSession, Kind, partKey } from '../../src/mqtt/kept-formats.js';
import { CrashingJournal } from '../support/crashing-journal.js';
import { TrustingAccess } from '../support/trusting-access.js';
import { allowing, type Client, type ClientOptions, Plane, restart } from './support/plane.js';

const stays: ClientOptions = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };
const kinds: ClientOptions[] = [
  { protocolVersion: 4, cleanStart: false },
  { protocolVersion: 5, ...stays },
];

function start(options: ConstructorParameters<typeof Plane>[0] = {}): { plane: Plane; journal: CrashingJournal } {
  const journal = new CrashingJournal();
  return { plane: new Plane({ journal, ...options }), journal };
}

function seen(client: Client): unknown[] {
  return client.received.map(({ text, qos, duplicate }) => [text, qos, duplicate]);
}

describe.each(kinds)('a session that stays, over a restart: MQTT level $protocolVersion', (options) => {
  test('is there, with its subscriptions and with what came before and after', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const client = await plane.connect('c', options);
    expect(await client.subscribe('t/+', { qos: 2 })).toBe(2);
    await client.cut();
    for (const qos of [0, 1, 2] as const) await sender.send('t/x', `before ${qos}`, { qos });
    const again = restart(journal);
    await (await again.connect('s')).send('t/y', 'after', { qos: 1 });
    const back = await again.connect('c', { ...options, keeps: client });
    expect(back.connack?.sessionPresent).toBe(true);
    // The order holds for each QoS [MQTT-4.6.0-6]: 2 waits for the disk.
    expect(seen(back)).toEqual([
      ['before 1', 1, false],
      ['after', 1, false],
      ['before 2', 2, false],
    ]);
    expect(await back.unsubscribe('t/+')).toBeLessThanOrEqual(0x11);
    const third = restart(again.journal as CrashingJournal);
    expect((await third.connect('c', options)).connack?.sessionPresent).toBe(true);
    expect(third.broker.subscriptions()).toEqual([]);
  });

  test('QoS 1 that was sent and not acknowledged comes again with DUP, what was not sent without', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const client = await plane.connect('c', options);
    client.acknowledges = false;
    await client.subscribe('t', { qos: 1 });
    for (const text of ['a', 'b']) await sender.send('t', text, { qos: 1 });
    await client.cut();
    await sender.send('t', 'c', { qos: 1 });
    const again = restart(journal);
    const back = await again.connect('c', { ...options, keeps: client });
    expect(seen(back)).toEqual([
      ['a', 1, true],
      ['b', 1, true],
      ['c', 1, false],
    ]);
    await (await again.connect('s')).send('t', 'd', { qos: 1 });
    expect(seen(back).at(-1)).toEqual(['d', 1, false]);
  });

  test('a client that was connected at the crash gets DUP for all that may have been sent', async () => {
    const { plane, journal } = start();
    const client = await plane.connect('c', options);
    client.acknowledges = false;
    await client.subscribe('t', { qos: 1 });
    await (await plane.connect('s')).send('t', 'a', { qos: 1 });
    expect(client.texts).toEqual(['a']);
    const again = restart(journal);
    const back = await again.connect('c', { ...options, keeps: client });
    await (await again.connect('s')).send('t', 'b', { qos: 1 });
    expect(seen(back)).toEqual([
      ['a', 1, true],
      ['b', 1, false],
    ]);
  });
});

describe('QoS 2 in', () => {
  test('what is sent again after the crash is taken once, whether PUBREC had come or not', async () => {
    for (const stuck of [true, false]) {
      const { plane, journal } = start();
      const receiver = await plane.connect('r', stays);
      await receiver.subscribe('t', { qos: 2 });
      await receiver.cut();
      const sender = await plane.connect('s', stays);
      sender.publish('t', 'once', { qos: 2 });
      sender.stuck = stuck;
      sender.flush();
      await new Promise((resolve) => setImmediate(resolve));
      const again = restart(journal);
      const back = await again.connect('s', { ...stays, keeps: sender });
      expect([back.connack?.sessionPresent, back.outcomes, back.engine.session.inFlight]).toEqual([
        true,
        ['once: 0'],
        0,
      ]);
      expect((await again.connect('r', { ...stays, keeps: receiver })).texts).toEqual(['once']);
      expect(again.broker.kept(Kind.incoming).size).toBe(0);
    }
  });

  test('the identifier is in the batch of its message, and in none without it', async () => {
    const { plane, journal } = start();
    const receiver = await plane.connect('r', stays);
    await receiver.subscribe('t', { qos: 2 });
    const sender = await plane.connect('s', stays);
    journal.holds = true;
    await sender.send('t', 'once', { qos: 2 });
    expect(sender.outcomes).toEqual([]);
    const lost = restart(journal);
    expect(lost.broker.kept(Kind.incoming).size).toBe(0);
    journal.write(1);
    const again = restart(journal);
    expect([...again.broker.kept(Kind.incoming).keys()]).toEqual([partKey('s', 1)]);
    expect(again.broker.subscriptions()[0]?.stored).toBe(1);
  });

  test('PUBREC of what is stored nowhere waits for the identifier alone', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s', stays);
    journal.holds = true;
    await sender.send('nobody', 'x', { qos: 2 });
    expect(sender.outcomes).toEqual([]);
    journal.write();
    await plane.settle();
    expect(sender.outcomes).toEqual(['x: 0']);
  });

  test('an anycast address: the identifier is kept when the receiver has taken the message', async () => {
    const { plane, journal } = start();
    plane.broker.declare('direct', { type: 'anycast' });
    const receiver = await plane.connect('r');
    receiver.acknowledges = false;
    await receiver.subscribe('direct', { qos: 1 });
    const sender = await plane.connect('s', stays);
    await sender.send('direct', 'x', { qos: 2 });
    expect([receiver.texts, restart(journal).broker.kept(Kind.incoming).size]).toEqual([['x'], 0]);
    journal.holds = true;
    receiver.engine.acknowledge(receiver.received[0]!.tag);
    await plane.settle();
    expect(sender.outcomes).toEqual([]);
    journal.write();
    expect(restart(journal).broker.kept(Kind.incoming).size).toBe(1);
    await plane.settle();
    expect(sender.outcomes).toEqual(['x: 0']);
  });

  test('PUBCOMP waits until the identifier is free on disk too: it may be used again then', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s', stays);
    const receiver = await plane.connect('r', stays);
    await receiver.subscribe('t', { qos: 1 });
    await receiver.cut();
    sender.publish('t', 'a', { qos: 2 });
    sender.flush();
    await new Promise((resolve) => setImmediate(resolve));
    journal.holds = true;
    await plane.settle();
    // PUBREL is there, and what follows from it is not on disk.
    expect(sender.engine.session.inFlight).toBe(1);
    journal.holds = false;
    journal.write();
    await plane.settle();
    expect(sender.engine.session.inFlight).toBe(0);
    const again = restart(journal);
    expect(again.broker.kept(Kind.incoming).size).toBe(0);
  });

  test('what an address without room holds back is not taken for taken', async () => {
    const { plane, journal } = start();
    plane.broker.declare('q', { type: 'queue', limits: { messages: 1 }, whenFull: 'block' });
    const sender = await plane.connect('s', stays);
    await sender.send('q', 'first', { qos: 2 });
    await sender.send('q', 'held', { qos: 2 });
    expect(sender.paused).toBe(true);
    await sender.cut();
    const again = restart(journal);
    again.broker.declare('q', { type: 'queue' });
    const back = await again.connect('s', { ...stays, keeps: sender });
    expect(back.outcomes).toEqual(['held: 0']);
    expect(again.broker.browse('q', { limit: 9 })?.length).toBe(2);
  });

  test('nor when its client comes back without a restart', async () => {
    const { plane } = start();
    plane.broker.declare('q', { type: 'queue', limits: { messages: 1 }, whenFull: 'block' });
    const sender = await plane.connect('s', stays);
    await sender.send('q', 'first', { qos: 2 });
    await sender.send('q', 'held', { qos: 2 });
    await sender.cut();
    plane.broker.purge('q');
    const same = await plane.connect('s', { ...stays, keeps: sender });
    expect(same.outcomes).toEqual(['held: 0']);
  });
});

describe('QoS 2 out', () => {
  test('a publication goes out when its identifier is on disk, and comes again under it with DUP', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const client = await plane.connect('c', stays);
    await client.subscribe('t', { qos: 2 });
    client.acknowledges = false;
    await sender.send('t', 'one', { qos: 1 });
    journal.holds = true;
    await sender.send('t', 'two', { qos: 2 });
    expect(client.texts).toEqual(['one']);
    journal.write();
    // It is written, and lost with the server.
    expect([...plane.broker.kept(Kind.outgoing).keys()]).toEqual([partKey('c', 2)]);
    const again = restart(journal);
    const back = await again.connect('c', { ...stays, keeps: client });
    expect(back.received.map(({ text, packetId, duplicate }) => [text, packetId, duplicate])).toEqual([
      ['two', 2, true],
      ['one', 3, true],
    ]);
    expect(again.broker.kept(Kind.outgoing).size).toBe(0);
  });

  test('after PUBREC the message never comes again: PUBREL goes on with it', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const client = await plane.connect('c', stays);
    await client.subscribe('t', { qos: 2 });
    await sender.send('t', 'x', { qos: 2 });
    expect(client.texts).toEqual(['x']);
    // A second one, of which PUBCOMP is lost with the server.
    client.acknowledges = false;
    await sender.send('t', 'y', { qos: 2 });
    client.engine.acknowledge(client.received[1]!.tag);
    client.flush();
    client.stuck = true;
    await plane.settle();
    const again = restart(journal);
    expect(again.broker.kept(Kind.outgoing).size).toBe(1);
    const back = await again.connect('c', { ...stays, keeps: client });
    expect([back.texts, back.engine.session.incoming.size]).toEqual([[], 0]);
    expect(again.broker.kept(Kind.outgoing).size).toBe(0);
  });

  test('PUBREL waits until the message is settled on disk', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const client = await plane.connect('c', stays);
    await client.subscribe('t', { qos: 2 });
    client.acknowledges = false;
    await sender.send('t', 'x', { qos: 2 });
    journal.holds = true;
    client.engine.acknowledge(client.received[0]!.tag);
    await plane.settle();
    expect(client.engine.session.incoming.size).toBe(1);
    journal.write();
    await plane.settle();
    expect(client.engine.session.incoming.size).toBe(0);
  });

  test('one message of a shared subscription stays with the session that had it', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const clients: Client[] = [];
    for (const id of ['a', 'b']) {
      const client = await plane.connect(id, stays);
      client.acknowledges = false;
      await client.subscribe('$share/g/t', { qos: 2 });
      clients.push(client);
    }
    for (const text of ['1', '2', '3', '4']) await sender.send('t', text, { qos: 2 });
    const had = clients.map((client) => client.texts);
    expect(had.flat().sort()).toEqual(['1', '2', '3', '4']);
    const again = restart(journal);
    // The first one that is back does not get what the other one had.
    for (const at of [1, 0]) {
      const back = await again.connect(['a', 'b'][at]!, stays);
      expect(back.texts).toEqual(had[at]);
    }
  });
});

describe('what is promised is on disk', () => {
  test('CONNACK, SUBACK and UNSUBACK wait for it', async () => {
    const { plane, journal } = start();
    journal.holds = true;
    const client = await plane.connect('c', stays);
    expect(client.connack).toBeUndefined();
    journal.write();
    await plane.settle();
    expect(client.connack?.sessionPresent).toBe(false);
    expect(await client.subscribe('t', { qos: 1 })).toBe(-1);
    journal.write();
    await plane.settle();
    expect(client.answers).toEqual([[1]]);
    await client.unsubscribe('t');
    expect(client.answers.length).toBe(1);
    journal.write();
    await plane.settle();
    expect(client.answers.length).toBe(2);
  });

  test('a client without a session that stays, and without a will, waits for nothing', async () => {
    const { plane, journal } = start();
    journal.holds = true;
    const client = await plane.connect('c');
    expect(await client.subscribe('t', { qos: 2 })).toBe(2);
    expect(journal.inFlight.flatMap((batch) => batch.records)).toEqual([]);
  });

  test('a client that goes while it waits leaves nothing behind but its session', async () => {
    const { plane, journal } = start();
    journal.holds = true;
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 1 as const, retain: false, properties: {} };
    const client = await plane.connect('c', { ...stays, will });
    await client.cut();
    journal.write();
    await plane.settle();
    journal.holds = false;
    const again = restart(journal);
    expect([again.protocol.sessions, again.broker.kept(Kind.will).size, again.protocol.counters.willsSent]).toEqual([
      1, 0, 0,
    ]);
  });

  test('a full journal: no new sessions or subscriptions, what is there goes on and is drained', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    const client = await plane.connect('c', stays);
    await client.subscribe('t', { qos: 2 });
    await client.cut();
    for (const qos of [1, 2] as const) await sender.send('t', `m${qos}`, { qos });
    journal.state = { kind: 'full' };
    expect((await plane.connect('new', stays)).connack?.reasonCode).toBe(0x97);
    const back = await plane.connect('c', { ...stays, keeps: client });
    expect([back.connack?.sessionPresent, back.texts]).toEqual([true, ['m1', 'm2']]);
    expect(await back.subscribe('u', { qos: 1 })).toBe(0x97);
    expect(back.engine.session.incoming.size).toBe(0);
    expect(plane.broker.subscriptions()[0]?.stored).toBe(0);
    journal.state = { kind: 'open' };
    await plane.pass(1);
    const again = restart(journal);
    expect((await again.connect('c', { ...stays, keeps: back })).texts).toEqual([]);
  });

  test('a journal that fails: SUBACK says so, and the subscription is not there', async () => {
    const { plane, journal } = start();
    const client = await plane.connect('c', stays);
    journal.holds = true;
    await client.subscribe('t', { qos: 1 });
    journal.state = { kind: 'failed' };
    journal.write();
    await plane.settle();
    expect(client.answers).toEqual([[0x83]]);
    expect(plane.broker.subscriptions()).toEqual([]);
  });

  test('with a journal in memory nothing is kept', async () => {
    const plane = new Plane();
    const client = await plane.connect('c', stays);
    await client.subscribe('t', { qos: 2 });
    expect(Object.values(Kind).map((kind) => plane.broker.kept(kind).size)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('the end of a session', () => {
  test('the time that the server was gone counts', async () => {
    const { plane, journal } = start();
    for (const [id, seconds] of [
      ['short', 100],
      ['long', 1000],
    ] as const) {
      const client = await plane.connect(id, { ...stays, properties: { sessionExpiryInterval: seconds } });
      await client.subscribe('t', { qos: 1 });
      await client.subscribe(`$share/${id}/u`, { qos: 1 });
      await client.cut();
    }
    const again = restart(journal, { now: plane.now + 200_000 });
    await again.settle();
    expect(
      again.broker
        .subscriptions()
        .map((view) => view.durableName)
        .sort(),
    ).toEqual(['mqtt-share/long/u', 'mqtt/long/t']);
    expect((await again.connect('short', stays)).connack?.sessionPresent).toBe(false);
    await again.pass(801);
    expect((await again.connect('long', stays)).connack?.sessionPresent).toBe(false);
    const third = restart(again.journal as CrashingJournal, { now: again.now });
    expect(third.broker.subscriptions()).toEqual([]);
    expect(third.broker.kept(Kind.subscription).size).toBe(0);
  });

  test('of a client that was connected it counts from when the server was last known to be there', async () => {
    const { plane, journal } = start();
    await plane.connect('c', { ...stays, properties: { sessionExpiryInterval: 100 } });
    await plane.pass(70);
    await plane.pass(70);
    const gone = plane.now;
    expect(restart(journal, { now: gone + 99_000 }).protocol.sessions).toBe(1);
    expect(restart(journal, { now: gone + 161_000 }).protocol.sessions).toBe(0);
  });

  test('nor does a client that had just come lose the time before', async () => {
    const { plane, journal } = start();
    await (await plane.connect('first', stays)).end();
    await plane.pass(500);
    await plane.connect('c', { ...stays, properties: { sessionExpiryInterval: 100 } });
    expect(
      restart(journal, { now: plane.now + 50_000 })
        .broker.kept(Kind.session)
        .has('c'),
    ).toBe(true);
  });

  test('clean start, and an expiry of 0, forget it on disk too', async () => {
    const { plane, journal } = start();
    const client = await plane.connect('c', stays);
    await client.subscribe('t', { qos: 1 });
    await client.cut();
    await (await plane.connect('c', { cleanStart: true })).cut();
    expect(restart(journal).broker.subscriptions()).toEqual([]);
    const other = await plane.connect('d', stays);
    await other.subscribe('t', { qos: 1 });
    await other.cut();
    // Connected with an expiry of 0 when the server goes: the session ends with that.
    await plane.connect('d', { cleanStart: false });
    const again = restart(journal);
    await again.settle();
    expect([again.protocol.sessions, again.broker.subscriptions()]).toEqual([0, []]);
    const left = Object.values(Kind).filter((kind) => again.broker.kept(kind).size > 0);
    expect(left).toEqual([Kind.clock]);
  });

  test('two clients whose names and filters run into each other keep their own', async () => {
    const { plane, journal } = start();
    const one = await plane.connect('a/b', stays);
    await one.subscribe('c', { qos: 1 });
    const two = await plane.connect('a', stays);
    await two.subscribe('b/c', { qos: 1 });
    const sender = await plane.connect('s');
    for (const client of [one, two]) await client.cut();
    await sender.send('c', 'for one', { qos: 1 });
    await sender.send('b/c', 'for two', { qos: 1 });
    const again = restart(journal);
    expect((await again.connect('a/b', stays)).texts).toEqual(['for one']);
    expect((await again.connect('a', stays)).texts).toEqual(['for two']);
  });

  test('another user does not get it', async () => {
    const access = new TrustingAccess();
    const { plane, journal } = start({ access });
    await (await plane.connect('c', { ...stays, username: 'ann' })).cut();
    const again = restart(journal, { access });
    expect((await again.connect('c', { ...stays, username: 'bob' })).connack?.reasonCode).toBe(0x87);
    expect((await again.connect('c', { ...stays, username: 'ann' })).connack?.sessionPresent).toBe(true);
  });
});

describe('a will', () => {
  const will = (properties = {}, retain = false) => ({
    topic: 'gone',
    payload: Buffer.from('c'),
    qos: 1 as const,
    retain,
    properties,
  });

  async function watched(): Promise<{ plane: Plane; journal: CrashingJournal; watcher: Client }> {
    const { plane, journal } = start();
    const watcher = await plane.connect('w', stays);
    await watcher.subscribe('gone', { qos: 1 });
    await watcher.cut();
    return { plane, journal, watcher };
  }

  test('of a client that was connected is sent after the restart, once', async () => {
    const { plane, journal, watcher } = await watched();
    await plane.connect('c', { will: will({ contentType: 'x' }, true) });
    const again = restart(journal);
    await again.settle();
    const third = restart(again.journal as CrashingJournal);
    const back = await third.connect('w', { ...stays, keeps: watcher });
    expect(back.received).toMatchObject([{ text: 'c', qos: 1, properties: { contentType: 'x' } }]);
    expect(third.broker.retainedMatching('gone').length).toBe(1);
  });

  test('is not sent for a client that had ended in order', async () => {
    const { plane, journal } = await watched();
    await (await plane.connect('c', { will: will() })).end();
    const again = restart(journal);
    expect([again.protocol.counters.willsSent, again.broker.kept(Kind.will).size]).toEqual([0, 0]);
  });

  test('waits for its delay over the restart, and no longer than its session', async () => {
    for (const [expiry, goneFor, sent] of [
      [1000, 5, 0],
      [1000, 30, 1],
      [8, 9, 1],
      [0, 0, 1],
    ] as const) {
      const { plane, journal } = await watched();
      const options = { cleanStart: false, properties: { sessionExpiryInterval: expiry } };
      const client = await plane.connect('c', { ...options, will: will({ willDelayInterval: 20 }) });
      if (expiry > 0) await client.cut();
      const again = restart(journal, { now: plane.now + goneFor * 1000 });
      expect([expiry, goneFor, again.protocol.counters.willsSent]).toEqual([expiry, goneFor, sent]);
    }
  });

  test('is given up when its client is back before the delay is over', async () => {
    const { plane, journal } = await watched();
    await plane.connect('c', { ...stays, will: will({ willDelayInterval: 20 }) });
    const again = restart(journal);
    await (await again.connect('c', stays)).end();
    await again.pass(30);
    expect(again.protocol.counters.willsSent).toBe(0);
    expect(again.broker.kept(Kind.will).size).toBe(0);
  });

  test('has the right asked of its own user', async () => {
    const { plane, journal } = await watched();
    await plane.connect('c', { will: will() });
    const again = restart(journal, { authorizer: allowing('recv gone') });
    expect([again.protocol.counters.willsSent, again.protocol.counters.droppedIn]).toEqual([0, 1]);
  });

  test('of a delay lives from when it is sent', async () => {
    const { plane } = await watched();
    const client = await plane.connect('c', {
      ...stays,
      will: will({ willDelayInterval: 20, messageExpiryInterval: 10 }),
    });
    await client.cut();
    const watcher = await plane.connect('w', stays);
    await plane.pass(21);
    expect(watcher.received.map(({ properties }) => properties.messageExpiryInterval)).toEqual([10]);
  });

  test('that is too large is refused', async () => {
    const { plane } = start({ settings: { willBytes: 100 } });
    const large = { ...will(), payload: Buffer.alloc(101) };
    expect((await plane.connect('c', { will: large })).connack?.reasonCode).toBe(0x97);
  });
});

describe('a retained message', () => {
  test('is in the batch of its message, and there again', async () => {
    const { plane, journal } = start();
    const sender = await plane.connect('s');
    journal.holds = true;
    await sender.send('t', 'last', { qos: 1, retain: true });
    expect([sender.outcomes, journal.inFlight.length]).toEqual([[], 1]);
    journal.write();
    await plane.settle();
    expect(sender.outcomes).toEqual(['last: 0']);
    const again = restart(journal);
    const client = await again.connect('c');
    await client.subscribe('t', { qos: 1 });
    expect(client.received).toMatchObject([{ text: 'last', retain: true, qos: 1 }]);
  });

  test('that there is no room for is refused as a whole', async () => {
    const { plane, journal } = start();
    const receiver = await plane.connect('r');
    await receiver.subscribe('t', { qos: 1 });
    const sender = await plane.connect('s');
    const old = await plane.connect('old', { protocolVersion: 4 });
    // More than the 64 MiB of all retained messages, in pieces.
    const large = Buffer.alloc(9 * 1024 ** 2, 'x').toString();
    for (let i = 0; i < 7; i++) await sender.send(`large/${i}`, large, { qos: 1, retain: true });
    sender.outcomes.length = 0;
    await sender.send('t', large, { qos: 1, retain: true });
    expect([sender.outcomes.map((outcome) => outcome.slice(-3)), receiver.received.length]).toEqual([['151'], 0]);
    expect(plane.broker.retainedMatching('t')).toEqual([]);
    await sender.send('t', 'small', { qos: 1, retain: true });
    expect(receiver.texts).toEqual(['small']);
    await old.send('u', large, { qos: 1, retain: true });
    expect(old.closed).toBe(true);
    journal.state = { kind: 'full' };
    sender.outcomes.length = 0;
    await sender.send('t', 'no', { qos: 1, retain: true });
    expect(sender.outcomes).toEqual(['no: 151']);
    expect(receiver.texts).toEqual(['small']);
  });
});

test('what a newer program wrote is refused by name', () => {
  const { plane, journal } = start();
  const value = encodeSession({ connected: false, expirySeconds: 9, expiresAt: 0, owner: 'o', sent: new Map() });
  value[0] = 2;
  plane.broker.keep(Kind.session, 'c', value);
  plane.broker.commitPending();
  expect(() => restart(journal)).toThrow(
    'mqtt/session "c" is kept in format version 2; this program knows 1 and older ones',
  );
});

test('the subscriptions of a session are bounded in bytes', async () => {
  const { plane } = start({ settings: { sessionBytes: 200 } });
  const client = await plane.connect('c', stays);
  const filter = 'x'.repeat(100);
  expect(await client.subscribe(filter, { qos: 1 })).toBe(1);
  expect(await client.subscribe(`${filter}y`, { qos: 1 })).toBe(0x97);
  await client.unsubscribe(filter);
  expect(await client.subscribe(`${filter}y`, { qos: 1 })).toBe(1);
});

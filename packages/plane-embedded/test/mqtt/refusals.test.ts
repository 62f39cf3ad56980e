/** What is not allowed, full, gone or broken: told in the protocol's words, and never PUBACK for what was not taken. */

import { describe, expect, test } from 'vitest';
import { FakeAccess } from '../support/fake-access.js';
import { TrustingAccess } from '../support/trusting-access.js';
import { allowing, JournalError, Plane, SlowJournal } from './support/plane.js';

describe('rights', () => {
  test('subscriptions', async () => {
    const plane = new Plane({ authorizer: allowing('recv a/#') });
    const now = await plane.connect('5');
    expect([await now.subscribe('a/#', { qos: 1 }), await now.subscribe('b')]).toEqual([1, 0x87]);
    expect(await now.subscribe('$share/g/b')).toBe(0x87);
    const old = await plane.connect('4', { protocolVersion: 4 });
    expect([await old.subscribe('a/#', { qos: 1 }), await old.subscribe('b')]).toEqual([1, 0x80]);
  });

  test('publications', async () => {
    const plane = new Plane({ authorizer: allowing('send a') });
    const now = await plane.connect('5');
    now.publish('a', 'yes', { qos: 1 });
    now.publish('b', 'no', { qos: 1 });
    now.publish('b', 'never', { qos: 2 });
    await plane.settle();
    expect([now.outcomes, now.closed]).toEqual([['yes: 0', 'no: 135', 'never: 135'], false]);
    await now.send('b', 'silent', { qos: 0 });
    expect([now.closed, now.disconnect?.reasonCode]).toEqual([true, 0x87]);
    const old = await plane.connect('4', { protocolVersion: 4 });
    old.publish('a', 'yes', { qos: 1 });
    old.publish('b', 'no', { qos: 1 });
    await plane.settle();
    expect([old.outcomes, old.closed]).toEqual([['yes: 0'], true]);
  });

  test('the will of a client without the right to send is dropped', async () => {
    const plane = new Plane({ authorizer: allowing('recv gone') });
    const watcher = await plane.connect('w');
    await watcher.subscribe('gone');
    const will = { topic: 'gone', payload: Buffer.from('c'), qos: 0 as const, retain: false, properties: {} };
    await (await plane.connect('c', { will })).cut();
    expect(watcher.texts).toEqual([]);
  });

  test('a session does not keep what its user has no right to any more', async () => {
    const rights = new Set(['recv a', 'recv b']);
    const plane = new Plane({ authorizer: { authorize: (_who, verb, address) => rights.has(`${verb} ${address}`) } });
    const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const first = await plane.connect('c', options);
    for (const filter of ['a', 'b']) await first.subscribe(filter, { qos: 1 });
    await first.cut();
    rights.delete('recv b');
    const second = await plane.connect('c', options);
    expect(second.protocol.observe('x')?.links.map((link) => link.name)).toEqual(['a']);
    expect(plane.broker.subscriptions().map((view) => view.source)).toEqual(['a']);
  });

  test('nobody takes over the session of another user', async () => {
    const plane = new Plane({ access: new TrustingAccess() });
    const mine = await plane.connect('c', { username: 'u' });
    const other = await plane.connect('c', { username: 'v' });
    expect([mine.closed, other.connack?.reasonCode]).toEqual([false, 0x87]);
  });

  test('users', async () => {
    const plane = new Plane({ access: new FakeAccess({ users: { u: 'p' } }) });
    const user = await plane.connect('1', { username: 'u', password: Buffer.from('p') });
    expect(user.connack?.reasonCode).toBe(0);
    expect(user.protocol.observe('id')?.user).toBe('u');
    expect((await plane.connect('2', { username: 'u' })).connack?.reasonCode).toBe(0x86);
    expect((await plane.connect('3', { protocolVersion: 4 })).connack?.reasonCode).toBe(0x87);
    const extended = await plane.connect('4', { properties: { authenticationMethod: 'X' } });
    expect(extended.connack?.reasonCode).toBe(0x8c);
  });
});

describe('a full queue', () => {
  test('that blocks: the publisher is held back, goes on when there is room, and nothing is lost', async () => {
    const plane = new Plane();
    plane.broker.declare('q', { type: 'queue', limits: { messages: 3 } });
    const sender = await plane.connect('s', { keepAlive: 30 });
    for (let i = 0; i < 10; i++) sender.publish('q', `${i}`, { qos: 1 });
    await plane.settle();
    expect([sender.paused, sender.outcomes.length]).toEqual([true, 3]);
    await plane.pass(20);
    expect(sender.closed).toBe(false);
    const receiver = await plane.connect('r');
    await receiver.subscribe('q', { qos: 1 });
    await plane.settle();
    expect([sender.paused, sender.outcomes.length]).toEqual([false, 10]);
    expect(receiver.texts).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test.each([4, 5] as const)('for longer than a keep-alive ends the connection: level %s', async (protocolVersion) => {
    const plane = new Plane();
    plane.broker.declare('q', { type: 'queue', limits: { messages: 1 } });
    const sender = await plane.connect('s', { protocolVersion, keepAlive: 30 });
    for (let i = 0; i < 3; i++) sender.publish('q', `${i}`, { qos: 1 });
    await plane.settle();
    await plane.pass(29);
    expect(sender.closed).toBe(false);
    await plane.pass(2);
    expect([sender.closed, sender.outcomes]).toEqual([true, ['0: 0']]);
    expect(sender.disconnect?.reasonCode).toBe(protocolVersion === 5 ? 0x97 : undefined);
    expect(plane.broker.address('q')?.stored).toBe(1);
  });

  test('that rejects says so', async () => {
    const plane = new Plane();
    plane.broker.declare('q', { type: 'queue', whenFull: 'reject', limits: { messages: 1 } });
    const sender = await plane.connect('s');
    for (const qos of [1, 1, 2, 0] as const) sender.publish('q', `qos ${qos}`, { qos });
    await plane.settle();
    expect([sender.outcomes, sender.closed]).toEqual([['qos 1: 0', 'qos 1: 151', 'qos 2: 151'], false]);
    expect(plane.protocol.counters.droppedIn).toBe(1);
    const old = await plane.connect('o', { protocolVersion: 4 });
    await old.send('q', 'x', { qos: 1 });
    expect([old.outcomes, old.closed]).toEqual([[], true]);
  });

  test('that is deleted while a publisher is held back', async () => {
    const plane = new Plane();
    plane.broker.declare('q', { type: 'queue', limits: { messages: 1 } });
    const sender = await plane.connect('s');
    for (let i = 0; i < 3; i++) sender.publish('q', `${i}`, { qos: 1 });
    await plane.settle();
    plane.broker.remove('q', { force: true });
    await plane.settle();
    // What was held was sent to the queue; what follows finds a topic without a document.
    expect([sender.paused, sender.outcomes]).toEqual([false, ['0: 0', '1: 144', '2: 0']]);
  });
});

describe('the journal', () => {
  test('PUBACK and PUBREC wait for it, in order', async () => {
    const journal = new SlowJournal();
    const plane = new Plane({ journal });
    plane.broker.declare('q', { type: 'queue' });
    journal.report();
    const sender = await plane.connect('s');
    sender.publish('q', 'a', { qos: 1 });
    sender.publish('topic', 'b', { qos: 1 });
    sender.publish('q', 'c', { qos: 2 });
    await plane.settle();
    expect(sender.outcomes).toEqual([]);
    journal.report();
    await plane.settle();
    expect(sender.outcomes).toEqual(['a: 0', 'b: 0', 'c: 0']);
  });

  test('that fails is told', async () => {
    const journal = new SlowJournal();
    const plane = new Plane({ journal });
    plane.broker.declare('q', { type: 'queue' });
    journal.report();
    const [now, old] = [await plane.connect('5'), await plane.connect('4', { protocolVersion: 4 })];
    now.publish('q', 'a', { qos: 1 });
    old.publish('q', 'b', { qos: 1 });
    await plane.settle();
    journal.report(new JournalError('no space'));
    await plane.settle();
    expect([now.outcomes, now.closed]).toEqual([['a: 131'], false]);
    expect([old.outcomes, old.closed]).toEqual([[], true]);
  });

  test('that reports after the connection is gone: the QoS 2 message is taken once all the same', async () => {
    const journal = new SlowJournal();
    const plane = new Plane({ journal });
    plane.broker.declare('q', { type: 'queue' });
    const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const first = await plane.connect('c', options);
    journal.report();
    first.publish('q', 'once', { qos: 2 });
    await plane.settle();
    await first.cut();
    const second = await plane.connect('c', { ...options, keeps: first });
    await plane.settle();
    expect(second.outcomes).toEqual([]);
    journal.report();
    await plane.settle();
    expect(second.outcomes).toEqual(['once: 0']);
    expect(plane.broker.address('q')?.stored).toBe(1);
    expect(second.engine.session.inFlight).toBe(0);
    // The way of the first connection stayed open until the journal had reported, and no longer.
    expect(plane.broker.address('q')?.senders).toBe(0);
  });
});

test('a deleted address ends the connections that receive from it', async () => {
  const plane = new Plane();
  plane.broker.declare('q', { type: 'queue' });
  const client = await plane.connect('c');
  await client.subscribe('q', { qos: 1 });
  plane.broker.remove('q', { force: true });
  await plane.settle();
  expect([client.closed, client.disconnect?.reasonCode]).toEqual([true, 0x98]);
});

test('a slow receiver of QoS 0 harms itself alone', async () => {
  const plane = new Plane({ settings: { outputBytes: 10_000 } });
  plane.broker.declare('t', { type: 'topic', limits: { messages: 10 } });
  const [sender, slow, fast] = [await plane.connect('s'), await plane.connect('slow'), await plane.connect('fast')];
  for (const client of [slow, fast]) await client.subscribe('t');
  slow.stuck = true;
  for (let i = 0; i < 100; i++) await sender.send('t', `${i} ${'x'.repeat(1000)}`);
  expect(fast.texts.length).toBe(100);
  expect(plane.broker.address('t')?.counters.dropped).toBeGreaterThan(50);
  slow.stuck = false;
  await plane.settle();
  const numbers = slow.texts.map((text) => Number.parseInt(text, 10));
  expect(numbers.length).toBeLessThan(40);
  expect(numbers.at(-1)).toBe(99);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

test('no more is in flight than the receiver allows', async () => {
  const plane = new Plane();
  const [sender, receiver] = [await plane.connect('s'), await plane.connect('r', { limits: { receiveMaximum: 3 } })];
  receiver.acknowledges = false;
  await receiver.subscribe('t', { qos: 1 });
  for (let i = 0; i < 10; i++) sender.publish('t', `${i}`, { qos: 1 });
  await plane.settle();
  expect(receiver.texts).toEqual(['0', '1', '2']);
  receiver.acknowledges = true;
  for (const { tag } of [...receiver.received]) receiver.engine.acknowledge(tag);
  await plane.settle();
  expect(receiver.texts).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

test('bytes that are no MQTT end their connection, and no other', async () => {
  const plane = new Plane();
  const [good, bad] = [await plane.connect('good'), await plane.connect('bad')];
  await good.subscribe('t');
  bad.protocol.ingest(Buffer.from([0x36, 2, 0, 0]));
  await plane.settle();
  expect([bad.closed, bad.disconnect?.reasonCode, good.closed]).toEqual([true, 0x81, false]);
  await good.send('t', 'fine');
  expect(good.texts).toEqual(['fine']);
});

test('a client that does not read its answers is not read, and after a keep-alive ended', async () => {
  const plane = new Plane({ settings: { outputBytes: 500 } });
  const client = await plane.connect('c', { keepAlive: 30 });
  client.stuck = true;
  for (let i = 0; i < 2_000; i++) client.publish('t', `${i}`, { qos: 1 });
  await plane.settle();
  expect(client.paused).toBe(true);
  client.stuck = false;
  await plane.settle();
  expect([client.paused, client.outcomes.length]).toEqual([false, 1_000]);
  client.stuck = true;
  for (let i = 0; i < 1_000; i++) client.publish('t', `${i}`, { qos: 0 });
  for (let i = 0; i < 1_000; i++) client.publish('t', `${i}`, { qos: 1 });
  await plane.settle();
  expect(client.paused).toBe(true);
  await plane.pass(31);
  expect(client.closed).toBe(true);
});

test('retained messages go before what comes later, within the receive maximum', async () => {
  const plane = new Plane();
  const sender = await plane.connect('s');
  for (const name of ['1', '2', '3']) await sender.send(`t/${name}`, `kept ${name}`, { retain: true, qos: 1 });
  const receiver = await plane.connect('r', { limits: { receiveMaximum: 2 } });
  receiver.acknowledges = false;
  await receiver.subscribe('t/+', { qos: 1 });
  await sender.send('t/1', 'live', { qos: 1 });
  expect(receiver.texts).toEqual(['kept 1', 'kept 2']);
  receiver.acknowledges = true;
  for (const { tag } of [...receiver.received]) receiver.engine.acknowledge(tag);
  await plane.settle();
  expect(receiver.texts).toEqual(['kept 1', 'kept 2', 'kept 3', 'live']);
  expect(receiver.protocol.observe('x')?.links[0]).toMatchObject({ unsettled: 0, deliveries: 4 });
});

test('subscriptions of a session are bounded', async () => {
  const plane = new Plane({ settings: { subscriptionsPerSession: 2 } });
  const client = await plane.connect('c');
  expect([await client.subscribe('a'), await client.subscribe('b'), await client.subscribe('c')]).toEqual([0, 0, 0x97]);
  expect(await client.subscribe('a', { qos: 1 })).toBe(1);
});

test('topics of a connection beyond the bound are opened anew', async () => {
  const plane = new Plane({ settings: { topicsPerConnection: 3 } });
  const client = await plane.connect('c');
  await client.subscribe('#');
  for (let i = 0; i < 20; i++) client.publish(`t/${i % 7}`, `${i}`, { qos: 1 });
  await plane.settle();
  expect([client.texts.length, client.outcomes.length]).toEqual([20, 20]);
  expect(client.protocol.observe('x')?.links.filter((link) => link.role === 'sender').length).toBeLessThanOrEqual(3);
  await client.end();
  expect(plane.broker.addresses()).toEqual([]);
});

test('an administrator ends a connection with a reason', async () => {
  const plane = new Plane();
  const client = await plane.connect('c', { keepAlive: 5 });
  expect(client.protocol.observe('mqtt-1')).toMatchObject({
    id: 'mqtt-1',
    protocol: 'mqtt',
    container: 'c',
    properties: { version: '5', 'keep-alive': '5s' },
  });
  client.protocol.close('maintenance');
  await plane.settle();
  expect(client.disconnect).toMatchObject({ reasonCode: 0x98, properties: { reasonString: 'maintenance' } });
  expect(client.closed).toBe(true);
});

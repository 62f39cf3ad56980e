/** Sessions that outlive connections, and what is said of clients that are gone. */
import { describe, expect, test } from 'vitest';
import { type ClientOptions, Plane } from './support/plane.js';

const kept: ClientOptions[] = [
  { protocolVersion: 4, cleanStart: false },
  { protocolVersion: 5, cleanStart: false, properties: { sessionExpiryInterval: 100 } },
];

describe.each(kept)('a session that stays: MQTT level $protocolVersion', (options) => {
  test('messages of QoS 1 and 2 are kept while the client is away', async () => {
    const plane = new Plane();
    const sender = await plane.connect('s');
    const first = await plane.connect('c', options);
    expect(first.connack?.sessionPresent).toBe(false);
    await first.subscribe('t/+', { qos: 2 });
    await first.cut();
    for (const qos of [0, 1, 2] as const) await sender.send('t/x', `away ${qos}`, { qos });
    const second = await plane.connect('c', { ...options, keeps: first });
    expect(second.connack?.sessionPresent).toBe(true);
    expect(second.received.map(({ text, qos }) => [text, qos])).toEqual([
      ['away 1', 1],
      ['away 2', 2],
    ]);
    await sender.send('t/x', 'here', { qos: 0 });
    expect(second.texts.at(-1)).toBe('here');
  });

  test('what was not acknowledged comes again, with DUP and its packet identifier, before what is new', async () => {
    const plane = new Plane();
    const sender = await plane.connect('s');
    const first = await plane.connect('c', options);
    first.acknowledges = false;
    await first.subscribe('t', { qos: 1 });
    for (const text of ['a', 'b']) await sender.send('t', text, { qos: 1 });
    await first.cut();
    await sender.send('t', 'c', { qos: 1 });
    const second = await plane.connect('c', { ...options, keeps: first });
    expect(second.received.map(({ text, duplicate, packetId }) => [text, duplicate, packetId])).toEqual([
      ['a', true, 1],
      ['b', true, 2],
      ['c', false, 3],
    ]);
    await second.cut();
    const third = await plane.connect('c', { ...options, keeps: second });
    expect(third.texts).toEqual([]);
  });

  test('a publication of QoS 2 that is sent again is taken once', async () => {
    const plane = new Plane();
    const receiver = await plane.connect('r');
    await receiver.subscribe('t', { qos: 2 });
    const first = await plane.connect('c', options);
    first.publish('t', 'once', { qos: 2 });
    // PUBREC does not reach the client.
    first.stuck = true;
    await plane.settle();
    await first.cut();
    const second = await plane.connect('c', { ...options, keeps: first });
    await plane.settle();
    expect(receiver.texts).toEqual(['once']);
    expect([second.outcomes, second.engine.session.inFlight]).toEqual([['once: 0'], 0]);
  });

  test('clean start forgets it', async () => {
    const plane = new Plane();
    const first = await plane.connect('c', options);
    await first.subscribe('t', { qos: 1 });
    await first.cut();
    expect(plane.broker.subscriptions().map((view) => view.durableName)).toEqual(['mqtt/c/t']);
    const second = await plane.connect('c', { ...options, cleanStart: true });
    expect(second.connack?.sessionPresent).toBe(false);
    expect(plane.broker.subscriptions()).toEqual([]);
    await second.send('t', 'x', { qos: 1 });
    expect(second.texts).toEqual([]);
  });

  test('a second connection takes it over', async () => {
    const plane = new Plane();
    const sender = await plane.connect('s');
    const first = await plane.connect('c', options);
    await first.subscribe('t', { qos: 1 });
    const second = await plane.connect('c', options);
    expect([first.closed, second.connack?.sessionPresent, second.closed]).toEqual([true, true, false]);
    if (options.protocolVersion === 5) expect(first.disconnect?.reasonCode).toBe(0x8e);
    await sender.send('t', 'x', { qos: 1 });
    expect([first.texts, second.texts]).toEqual([[], ['x']]);
    // The end of the first connection's socket changes nothing.
    await first.cut();
    await sender.send('t', 'y', { qos: 1 });
    expect(second.texts).toEqual(['x', 'y']);
  });
});

test('a session expires, and DISCONNECT may shorten its life', async () => {
  const plane = new Plane();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const long = await plane.connect('long', options);
  const short = await plane.connect('short', options);
  for (const client of [long, short]) await client.subscribe('t', { qos: 1 });
  await long.end();
  await short.end(0, { sessionExpiryInterval: 10 });
  expect(plane.protocol.sessions).toBe(2);
  await plane.pass(11);
  expect(plane.broker.subscriptions().map((view) => view.durableName)).toEqual(['mqtt/long/t']);
  await plane.pass(90);
  expect([plane.protocol.sessions, plane.broker.subscriptions().length]).toEqual([0, 0]);
});

test('sessions are bounded: the one away longest gives way, and none that is connected', async () => {
  const plane = new Plane({ settings: { sessions: 2 } });
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  await (await plane.connect('a', options)).end();
  await (await plane.connect('b', options)).end();
  await plane.connect('c', options);
  expect((await plane.connect('b', options)).connack?.sessionPresent).toBe(true);
  expect((await plane.connect('a', options)).connack?.reasonCode).toBe(0x97);
});

test('a longer expiry than is allowed is shortened, and the client told', async () => {
  const plane = new Plane({ settings: { sessionExpiryMaximum: 50 } });
  const client = await plane.connect('', { properties: { sessionExpiryInterval: 100 } });
  expect(client.connack?.properties).toMatchObject({
    sessionExpiryInterval: 50,
    assignedClientIdentifier: 'assigned-1',
  });
});

test('a shared subscription of sessions that stay keeps messages, and is forgotten with its last member', async () => {
  const plane = new Plane();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const sender = await plane.connect('s');
  const one = await plane.connect('1', options);
  const two = await plane.connect('2', options);
  for (const client of [one, two]) await client.subscribe('$share/g/t', { qos: 1 });
  await one.cut();
  await two.cut();
  await sender.send('t', 'kept', { qos: 1 });
  const back = await plane.connect('2', options);
  expect(back.texts).toEqual(['kept']);
  await back.unsubscribe('$share/g/t');
  expect(plane.broker.subscriptions().length).toBe(1);
  await plane.pass(101);
  expect(plane.broker.subscriptions().length).toBe(0);
});

describe('a will', () => {
  const will = (properties = {}, retain = false) => ({
    topic: 'gone',
    payload: Buffer.from('c'),
    qos: 1 as const,
    retain,
    properties,
  });

  test('goes out on an unclean end, and on DISCONNECT with will, and not on DISCONNECT', async () => {
    const plane = new Plane();
    const watcher = await plane.connect('w');
    await watcher.subscribe('gone', { qos: 1 });
    await (await plane.connect('c', { will: will() })).end();
    expect(watcher.texts.length).toBe(0);
    await (await plane.connect('c', { will: will() })).end(4);
    expect(watcher.texts.length).toBe(1);
    await (await plane.connect('c', { will: will({ contentType: 'x', willDelayInterval: 0 }) })).cut();
    expect(watcher.received.at(-1)).toMatchObject({ text: 'c', qos: 1, properties: { contentType: 'x' } });
    const bad = await plane.connect('c', { will: will({}, true), keepAlive: 10 });
    await plane.pass(16);
    await plane.pass(16);
    expect(bad.closed).toBe(true);
    expect(watcher.texts.length).toBe(3);
    const late = await plane.connect('late');
    await late.subscribe('gone');
    expect(late.received.map(({ retain }) => retain)).toEqual([true]);
  });

  test('waits for its delay, unless the client is back', async () => {
    const plane = new Plane();
    const watcher = await plane.connect('w');
    await watcher.subscribe('gone');
    const options = {
      cleanStart: false,
      properties: { sessionExpiryInterval: 100 },
      will: will({ willDelayInterval: 10 }),
    };
    await (await plane.connect('c', options)).cut();
    await plane.pass(9);
    const back = await plane.connect('c', options);
    await plane.pass(9);
    expect(watcher.texts).toEqual([]);
    await back.cut();
    await plane.pass(11);
    expect(watcher.texts).toEqual(['c']);
  });

  test('does not wait longer than its session', async () => {
    const plane = new Plane();
    const watcher = await plane.connect('w');
    await watcher.subscribe('gone');
    const options = { properties: { sessionExpiryInterval: 5 }, will: will({ willDelayInterval: 10 }) };
    await (await plane.connect('c', options)).cut();
    await plane.pass(6);
    expect(watcher.texts).toEqual(['c']);
  });

  test('goes out when the session is taken over', async () => {
    const plane = new Plane();
    const watcher = await plane.connect('w');
    await watcher.subscribe('gone');
    await plane.connect('c', { will: will() });
    await plane.connect('c', {});
    expect(watcher.texts).toEqual(['c']);
  });
});

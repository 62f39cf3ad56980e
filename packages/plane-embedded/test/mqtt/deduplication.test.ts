/** Addresses that look for duplicates, from MQTT clients: the user property `message-id` is the id. */
import { expect, test } from 'vitest';
import { Plane, SlowJournal } from './support/plane.js';

const deduplication = { ids: 100, windowMs: 60_000 };
const id = (text: string) => ({ qos: 1 as const, userProperties: [['message-id', text]] as [string, string][] });

function start(journal?: SlowJournal): Plane {
  const plane = new Plane(journal === undefined ? {} : { journal });
  plane.broker.declare('q', { type: 'queue', deduplication });
  plane.broker.declare('t', { type: 'topic', deduplication });
  return plane;
}

const seen = (plane: Plane, address = 'q') => {
  const { stored, counters } = plane.broker.address(address)!;
  return [stored, counters.duplicates];
};

test('a publication with an id that is known is acknowledged, and not stored', async () => {
  const plane = start();
  const sender = await plane.connect('s');
  for (const [n, one] of ['a', 'b', 'a'].entries()) await sender.send('q', `${n}`, id(one));
  await sender.send('q', '3', { ...id('a'), qos: 0 });
  await sender.send('q', '4', { ...id('b'), qos: 2 });
  expect([seen(plane), sender.outcomes]).toEqual([
    [2, 3],
    ['0: 0', '1: 0', '2: 0', '4: 0'],
  ]);
});

test('without that property, or in MQTT 3.1.1, each is a message of its own; correlation data is no id', async () => {
  const plane = start();
  const [sender, old] = [await plane.connect('s'), await plane.connect('o', { protocolVersion: 4 })];
  for (let i = 0; i < 2; i++) {
    await sender.send('q', `${i}`, { qos: 1 });
    await sender.send('q', `c${i}`, { qos: 1, correlationData: Buffer.from('a') });
    await sender.send('q', `u${i}`, { qos: 1, userProperties: [['message-ids', 'a']] });
    await old.send('q', `o${i} message-id`, { qos: 1 });
  }
  expect(seen(plane)).toEqual([8, 0]);
});

test('the first of several such properties counts, and a topic drops before its subscribers', async () => {
  const plane = start();
  const [sender, receiver] = [await plane.connect('s'), await plane.connect('r')];
  await receiver.subscribe('t');
  const both = (a: string, b: string) => ({
    ...id(a),
    userProperties: [...id(a).userProperties, ...id(b).userProperties],
  });
  await sender.send('t', '1', both('a', 'b'));
  await sender.send('t', '2', both('a', 'c'));
  await sender.send('t', '3', both('b', 'a'));
  expect(receiver.texts).toEqual(['1', '3']);
});

test('a duplicate does not become the retained message again', async () => {
  const plane = start();
  const sender = await plane.connect('s');
  await sender.send('t', 'first', { ...id('a'), retain: true });
  await sender.send('t', 'second', { ...id('b'), retain: true });
  await sender.send('t', 'first again', { ...id('a'), retain: true });
  const late = await plane.connect('l');
  await late.subscribe('t');
  expect(late.texts).toEqual(['second']);
  await sender.send('t', 'without id', { qos: 1, retain: true });
  const last = await plane.connect('m');
  await last.subscribe('t');
  expect(last.texts).toEqual(['without id']);
});

test('a duplicate is acknowledged when the first one is on disk, and refused when that fails', async () => {
  const journal = new SlowJournal();
  const plane = start(journal);
  const [one, two] = [await plane.connect('1'), await plane.connect('2')];
  await one.send('q', 'first', id('a'));
  await two.send('q', 'second', id('a'));
  expect([one.outcomes, two.outcomes]).toEqual([[], []]);
  journal.report();
  await plane.settle();
  expect([one.outcomes, two.outcomes]).toEqual([['first: 0'], ['second: 0']]);
});

test('one that was held back keeps its id', async () => {
  const plane = start();
  plane.broker.declare('q', { type: 'queue', limits: { messages: 1 }, deduplication });
  const sender = await plane.connect('s');
  await sender.send('q', '1', id('a'));
  await sender.send('q', '2', id('b'));
  expect(sender.paused).toBe(true);
  plane.broker.purge('q');
  await plane.settle();
  plane.broker.purge('q');
  await sender.send('q', '3', id('b'));
  expect(seen(plane)).toEqual([0, 1]);
});

test('a will with an id that is known says nothing new', async () => {
  const plane = start();
  const { userProperties } = id('a');
  const will = {
    topic: 'q',
    payload: Buffer.from('w'),
    qos: 1 as const,
    retain: false,
    properties: { userProperties },
  };
  for (let i = 0; i < 2; i++) await (await plane.connect('c', { will })).cut();
  expect(seen(plane)).toEqual([1, 1]);
});

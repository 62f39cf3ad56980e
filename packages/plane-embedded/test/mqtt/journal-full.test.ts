/** What MQTT clients see when nothing more fits on disk, or the disk has failed; and that it ends by itself. */
import { describe, expect, test } from 'vitest';
import { StateJournal } from '../support/state-journal.js';
import { Plane } from './support/plane.js';

function start() {
  const journal = new StateJournal();
  const plane = new Plane({ journal });
  plane.broker.declare('block', { type: 'queue' });
  plane.broker.declare('reject', { type: 'queue', whenFull: 'reject' });
  plane.broker.declare('drop', { type: 'queue', whenFull: 'dropOldest' });
  /** With what the broker notices by its clock. */
  const turns = async (kind: StateJournal['state']['kind']) => {
    journal.state = { kind };
    await plane.pass(1);
  };
  return { journal, plane, turns };
}

describe('while the journal is full', () => {
  test.each([4, 5])(
    'MQTT %i: a publisher to an address that blocks is not read until there is room',
    async (version) => {
      const { plane, turns } = start();
      const sender = await plane.connect('s', { protocolVersion: version as 4 | 5, keepAlive: 60 });
      await turns('full');
      for (const text of ['1', '2', '3']) sender.publish('block', text, { qos: 1 });
      await plane.settle();
      expect([sender.paused, sender.outcomes]).toEqual([true, []]);
      await turns('open');
      expect([sender.paused, sender.outcomes]).toEqual([false, ['1: 0', '2: 0', '3: 0']]);
      expect(plane.broker.address('block')).toMatchObject({ stored: 3, counters: { rejected: 0 } });
    },
  );

  test('a publication that met it between two looks is held too, and nothing twice', async () => {
    const { plane, journal, turns } = start();
    const sender = await plane.connect('s');
    await sender.send('block', '1', { qos: 1 });
    journal.state = { kind: 'full' };
    await sender.send('block', '2', { qos: 2 });
    await sender.send('block', '3', { qos: 1 });
    expect([sender.paused, sender.outcomes]).toEqual([true, ['1: 0']]);
    await turns('full');
    expect(sender.paused).toBe(true);
    await turns('open');
    expect([sender.paused, sender.outcomes]).toEqual([false, ['1: 0', '2: 0', '3: 0']]);
    expect(plane.broker.address('block')?.stored).toBe(3);
  });

  test('it is told after one keep-alive', async () => {
    const { plane, turns } = start();
    const sender = await plane.connect('s', { keepAlive: 10 });
    await turns('full');
    await sender.send('block', '1', { qos: 1 });
    await plane.pass(9);
    expect(sender.closed).toBe(false);
    await plane.pass(2);
    expect([sender.closed, sender.disconnect?.reasonCode]).toEqual([true, 0x97]);
  });

  test.each(['reject', 'drop', 'undeclared/topic'])('%s refuses QoS 1 and 2, and takes QoS 0', async (topic) => {
    const { plane, turns } = start();
    plane.broker.subscribe(
      'undeclared/topic',
      { capacity: () => 0, deliver() {}, closed() {} },
      {
        settles: 'explicit',
        durableName: 'd',
        undeclared: 'topic',
      },
    );
    const sender = await plane.connect('s');
    await turns('full');
    for (const qos of [1, 2, 0] as const) sender.publish(topic, `qos ${qos}`, { qos });
    await plane.settle();
    expect([sender.outcomes, sender.closed, sender.paused]).toEqual([['qos 1: 151', 'qos 2: 151'], false, false]);
    expect(plane.broker.address(topic)).toMatchObject({ stored: 1, counters: { in: 1, rejected: 2 } });
    const old = await plane.connect('o', { protocolVersion: 4 });
    await old.send(topic, 'x', { qos: 1 });
    expect([old.outcomes, old.closed]).toEqual([[], true]);
    await turns('open');
    await sender.send(topic, 'again', { qos: 1 });
    expect(sender.outcomes.at(-1)).toBe('again: 0');
  });

  test('QoS 0 to an address that blocks goes on, and so do deliveries', async () => {
    const { plane, turns } = start();
    const [sender, receiver] = [await plane.connect('s'), await plane.connect('r')];
    await sender.send('block', 'stored', { qos: 1 });
    await turns('full');
    await sender.send('block', 'qos 0');
    expect(sender.paused).toBe(false);
    await receiver.subscribe('block', { qos: 1 });
    expect(receiver.texts).toEqual(['stored', 'qos 0']);
    expect(plane.broker.address('block')?.stored).toBe(0);
  });

  test('publications to topics that nothing keeps go on, unless they are to be retained', async () => {
    const { plane, turns } = start();
    const [sender, receiver] = [await plane.connect('s'), await plane.connect('r')];
    await receiver.subscribe('t', { qos: 1 });
    await turns('full');
    sender.publish('t', 'passes', { qos: 1 });
    sender.publish('t', 'retained', { qos: 1, retain: true });
    await plane.settle();
    expect([receiver.texts, sender.outcomes]).toEqual([['passes'], ['passes: 0', 'retained: 151']]);
  });

  test('a will waits for room, and is then sent', async () => {
    const { plane, turns } = start();
    const will = { topic: 'reject', payload: Buffer.from('gone'), qos: 1 as const, retain: false, properties: {} };
    const client = await plane.connect('c', { will });
    await turns('full');
    await client.cut();
    await turns('full');
    expect([plane.broker.address('reject')?.stored, plane.protocol.counters.willsSent]).toEqual([0, 0]);
    await turns('open');
    await plane.pass(1);
    expect([plane.broker.address('reject')?.stored, plane.protocol.counters]).toMatchObject([
      1,
      { willsSent: 1, droppedIn: 0 },
    ]);
  });
});

test('when the journal has failed QoS 1 is refused with the advice to restart, also where the address blocks', async () => {
  const { plane, turns } = start();
  const sender = await plane.connect('s');
  await sender.send('block', '1', { qos: 1 });
  await turns('failed');
  await sender.send('block', '2', { qos: 1 });
  await sender.send('block', '3');
  expect([sender.outcomes, sender.paused, sender.closed]).toEqual([['1: 0', '2: 131'], false, false]);
  const receiver = await plane.connect('r');
  await receiver.subscribe('block');
  expect(receiver.texts).toEqual(['1', '3']);
  const old = await plane.connect('o', { protocolVersion: 4 });
  await old.send('reject', 'x', { qos: 1 });
  expect(old.closed).toBe(true);
});

import { describe, expect, test } from 'vitest';
import { isValidFilter } from '../src/topic-filter.js';
import { Host, message, textOf } from './support/host.js';

/** [MQTT-4.7], its examples, and where EnMasse went wrong. */
const table: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ['a', 'a', true],
  ['a', 'b', false],
  ['a', 'a/b', false],
  ['a/#', 'a', true],
  ['a/#', 'a/b', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'ab', false],
  ['#', 'a', true],
  ['#', 'a/b/c', true],
  ['#', '/a', true],
  ['#', '$SYS/a', false],
  ['$SYS/#', '$SYS/a', true],
  ['$SYS/#', '$SYS', true],
  ['+/a', '$SYS/a', false],
  ['$SYS/+', '$SYS/a', true],
  ['a/+', 'a/$b', true],
  ['a/#', 'a/$b', true],
  ['+', 'a', true],
  ['+', '/a', false],
  ['+', 'a/b', false],
  ['/+', '/a', true],
  ['+/+', '/a', true],
  ['+/temperature', 'device/temperature', true],
  ['+/temperature', 'a/device/temperature', false],
  ['devices/+/temperature', 'devices/1/temperature', true],
  ['devices/+/temperature', 'devices//temperature', true],
  ['devices/+/temperature', 'devices/1/humidity', false],
  ['a/+', 'a', false],
  ['a/+', 'a/', true],
  ['a/+/#', 'a/b', true],
  ['a/+/#', 'a', false],
  ['a/b', 'a/b/', false],
  ['A/b', 'a/b', false],
];

describe('topic filters', () => {
  test.each(table)('%s and %s: %s', (filter, topic, matches) => {
    const host = new Host();
    const sender = host.producer(topic, { undeclared: 'topic' });
    const consumer = host.subscribe(filter, { undeclared: 'topic', settles: 'on-delivery' });
    sender.send('x');
    expect(consumer.texts).toEqual(matches ? ['x'] : []);
    consumer.subscription.close();
    sender.send('y');
    expect(consumer.texts).toEqual(matches ? ['x'] : []);
  });

  test.each(table)('retained: %s and %s: %s', (filter, topic, matches) => {
    const { broker } = new Host();
    broker.retain(message(topic, 'x'));
    expect(broker.retainedMatching(filter).map(textOf)).toEqual(matches ? ['x'] : []);
  });

  test.each(['', 'a#', '#a', 'a/#/b', '#/a', 'a+', '+a', 'a/b+/c', 'a\0', '/'.repeat(128)])('%j is none', (filter) => {
    expect(isValidFilter(filter)).toBe(false);
  });

  test.each(['/', '//', ' ', 'a b/ü', '#', '+', '/#', '+/#'])('%j is one', (filter) => {
    expect(isValidFilter(filter)).toBe(true);
  });

  test('a filter matches topics and multicast, declared or not, and never a queue or anycast', () => {
    const host = new Host();
    host.broker.declare('a/queue', { type: 'queue' });
    host.broker.declare('a/anycast', { type: 'anycast' });
    host.broker.declare('a/topic', { type: 'topic' });
    host.broker.declare('a/multicast', { type: 'multicast' });
    const consumer = host.subscribe('a/#', { settles: 'on-delivery' });
    for (const name of ['a/queue', 'a/anycast', 'a/topic', 'a/multicast']) host.producer(name).send(name);
    host.producer('a/other', { undeclared: 'topic' }).send('a/other');
    expect(consumer.texts).toEqual(['a/topic', 'a/multicast', 'a/other']);
    expect(host.broker.address('a/queue')?.stored).toBe(1);
  });

  test('two subscribers of overlapping filters each get the message once', () => {
    const host = new Host();
    const consumers = ['a/b', 'a/+', '#', 'a/b'].map((one) => host.subscribe(one, { undeclared: 'topic' }));
    host.producer('a/b', { undeclared: 'topic' }).send('x');
    for (const one of consumers) expect(one.texts).toEqual(['x']);
  });

  test('a durable subscription may have wildcards', () => {
    const host = new Host();
    host.subscribe('a/+', { durableName: 'd' }).subscription.close();
    const sender = host.producer('a/b', { undeclared: 'topic' });
    sender.send('x');
    const again = host.subscribe('a/+', { durableName: 'd' });
    expect(again.texts).toEqual(['x']);
    expect(host.broker.address('a/b')?.counters).toMatchObject({ in: 1, out: 1 });
  });
});

/** What users of Apache Qpid Proton do, with its Python binding. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodies, differences, nothingDiffers } from './harness/ledger.js';
import { type ProtonMessage, proton, protonReceive, protonSend } from './harness/proton.js';
import { documents, queue, Server, topic } from './harness/server.js';

const queues = [
  'order',
  'properties',
  'browse',
  'drain',
  'large',
  'settle',
  'modify',
  'undeliverable',
  'limit',
  'presettled',
];
let server: Server;
beforeAll(async () => {
  server = await Server.start({
    documents: documents(
      ...queues.map((name) => queue(name)),
      queue('rejects'),
      queue('rejected'),
      queue('settles', { deadLetter: 'rejects' }),
      queue('limited', { deadLetter: 'rejected', redelivery: { maxDeliveries: 3 } }),
      topic('events'),
    ),
  });
});
afterAll(() => server?.stop());

const texts = (messages: readonly ProtonMessage[]) => messages.map((message) => message.body);

describe('a Proton user', () => {
  test('sends 200 messages, each accepted, and receives them in order', async () => {
    const sent = bodies('m', 200);
    const outcomes = await protonSend(server, 'order', sent);
    expect(new Set(outcomes)).toEqual(new Set(['accepted']));
    expect(outcomes).toHaveLength(200);
    expect(differences(sent, texts(await protonReceive(server, 'order', 200)) as string[])).toEqual(nothingDiffers);
  });

  test('sends pre-settled and receives all', async () => {
    const sent = bodies('m', 50);
    await protonSend(server, 'presettled', sent, '--presettled');
    expect(differences(sent, texts(await protonReceive(server, 'presettled', 50)) as string[])).toEqual(nothingDiffers);
  });

  test('finds body type, subject, durability and properties as they were sent', async () => {
    await protonSend(server, 'properties', ['23'], '--subject', 'reading', '--durable', '--property', 'unit=celsius');
    const [message] = await protonReceive(server, 'properties', 1);
    expect(message).toMatchObject({ body: '23', bodyType: 'str', subject: 'reading', durable: true });
    expect(message?.properties).toEqual({ unit: 'celsius' });
  });

  test('browses a queue without taking anything', async () => {
    const sent = bodies('m', 5);
    await protonSend(server, 'browse', sent);
    expect(texts(await proton(server, 'browse', 'browse', ['--count', '5']))).toEqual(sent);
    expect(texts(await proton(server, 'browse', 'browse', ['--count', '5']))).toEqual(sent);
    expect(texts(await protonReceive(server, 'browse', 5))).toEqual(sent);
  });

  test('drains: takes what there is and gets the rest of its credit back', async () => {
    await protonSend(server, 'drain', bodies('m', 3));
    const answers = await proton(server, 'drain', 'drain');
    expect(answers.slice(0, 3).map((message) => message.body)).toEqual(bodies('m', 3));
    expect(answers.at(-1)).toEqual({ drained: true, received: 3, credit: 0 });
  });

  test('sends a message that needs many frames', async () => {
    const [outcome] = await protonSend(server, 'large', [], '--size', '3000000', '--count', '1');
    expect(outcome).toBe('accepted');
    const [message] = await protonReceive(server, 'large', 1);
    expect(message?.bodyLength).toBe(3_000_000);
  });

  test('rejects a message: it goes to the dead letters', async () => {
    await protonSend(server, 'settles', ['bad', 'good']);
    await protonReceive(server, 'settles', 1, '--outcome', 'reject');
    expect(texts(await protonReceive(server, 'settles', 1))).toEqual(['good']);
    expect(texts(await protonReceive(server, 'rejects', 1))).toEqual(['bad']);
  });

  test('releases a message: it comes again, first in line, not counted as tried', async () => {
    await protonSend(server, 'settle', ['a', 'b']);
    expect(texts(await protonReceive(server, 'settle', 1, '--outcome', 'release'))).toEqual(['a']);
    const again = await protonReceive(server, 'settle', 2);
    expect(texts(again)).toEqual(['a', 'b']);
    expect(again.map((message) => message.deliveryCount)).toEqual([0, 0]);
  });

  test('modifies a message as failed: it comes again, counted as tried', async () => {
    await protonSend(server, 'modify', ['a']);
    await protonReceive(server, 'modify', 1, '--outcome', 'modify-failed');
    const [again] = await protonReceive(server, 'modify', 1);
    expect(again).toMatchObject({ body: 'a', deliveryCount: 1, firstAcquirer: false });
  });

  test('fails a message three times: it goes to the dead letters, the next one follows', async () => {
    await protonSend(server, 'limited', ['poison', 'next']);
    for (let tried = 0; tried < 3; tried += 1) {
      expect(texts(await protonReceive(server, 'limited', 1, '--outcome', 'modify-failed'))).toEqual(['poison']);
    }
    expect(texts(await protonReceive(server, 'limited', 1))).toEqual(['next']);
    expect(texts(await protonReceive(server, 'rejected', 1))).toEqual(['poison']);
  });

  test('subscribes durably to a topic: what came while away follows, in order', async () => {
    const subscription = ['--container', 'office', '--name', 'screen', '--durable-subscription'];
    await protonSend(server, 'events', ['before']);
    const nothing = await protonReceive(server, 'events', 1, ...subscription, '--timeout', '1', '--leave-open');
    expect(nothing).toEqual([]);
    await protonSend(server, 'events', bodies('missed', 10));
    const missed = await protonReceive(server, 'events', 10, ...subscription, '--leave-open');
    expect(texts(missed)).toEqual(bodies('missed', 10));
    // Closing the link ends the subscription.
    await protonReceive(server, 'events', 1, ...subscription, '--timeout', '0.5');
    await protonSend(server, 'events', ['gone']);
    expect(await protonReceive(server, 'events', 1, ...subscription, '--timeout', '1')).toEqual([]);
  });

  test('asks for a transaction: is told that there are none, and goes on with the connection', async () => {
    const [answer, afterwards] = await proton(server, 'transaction', 'order');
    expect(answer.condition).toBe('amqp:not-implemented');
    expect(answer.description).toMatch(/transaction/i);
    expect(afterwards).toEqual({ afterwards: 'accepted' });
    await protonReceive(server, 'order', 1);
  });

  test.each(['send', 'receive'])(
    'is told amqp:not-found when it wants to %s on an address that does not exist',
    async (command) => {
      const answers = await proton(server, command, 'tempreature', [], { input: 'x\n' });
      expect(answers).toHaveLength(1);
      expect(answers[0].detached).toBe('amqp:not-found');
      expect(answers[0].description).toContain('tempreature');
    },
  );
});

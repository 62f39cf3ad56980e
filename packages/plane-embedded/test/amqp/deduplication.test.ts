/** Addresses that look for duplicates, from AMQP clients: message-id is the id. */
import { type MessageId, Uuid } from '@millrace/amqp';
import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedMessageAccess } from '../../src/message-access.js';
import { EmbeddedMessagingPlane } from '../../src/messaging-plane.js';
import { duplicateIdOf } from '../../src/translate/duplicate-id.js';
import { AmqpServer, text, texts } from './amqp-server.js';

const deduplication = { ids: 100, windowMs: 60_000 };
const ACCEPTED = { kind: 'accepted' };
const uuid = '00112233-4455-6677-8899-aabbccddeeff';

let server: AmqpServer;

async function start() {
  const settings = { type: 'queue', deduplication } as const;
  server = await AmqpServer.start({ addresses: { q: settings, t: { ...settings, type: 'topic' } } });
  return server.client();
}

const withId = (messageId: MessageId, body: string, more = {}) =>
  text(body, { ...more, properties: { messageId, to: 'q' } });

afterEach(async () => {
  await server?.stop();
  expect(server?.faults ?? []).toEqual([]);
});

describe('a message whose id is known', () => {
  it('is accepted and not stored, over links and the relay, durable or not, settled or not', async () => {
    const client = await start();
    const sender = await client.openSender('q');
    for (const header of [{}, { durable: true }]) {
      const name = header.durable === true ? 'durable' : 'plain';
      expect(await sender.send(withId(name, name, { header }))).toEqual(ACCEPTED);
      expect(await sender.send(withId(name, 'again', { header }))).toEqual(ACCEPTED);
    }
    const relay = await client.openSender(undefined);
    expect(await relay.send(withId('durable', 'relayed'))).toEqual(ACCEPTED);
    const settled = await client.openSender('q', { settlement: 'settled' });
    await settled.send(withId('plain', 'settled'));
    await sender.send(text('last'));
    expect(await texts(await client.openReceiver('q'), 3)).toEqual(['plain', 'durable', 'last']);
    const plane = new EmbeddedMessagingPlane(server.broker, [], '', new EmbeddedMessageAccess(server.broker));
    expect(plane.observeAddress('q')).toMatchObject({ messagesIn: 3, duplicates: 4 });
  });

  it('is one of the same type: the string 1 and the ulong 1 differ, and a uuid and its text', async () => {
    const client = await start();
    const sender = await client.openSender('q');
    const ids: MessageId[] = [
      '1',
      1,
      Buffer.from('1'),
      Uuid.parse(uuid),
      uuid,
      0,
      300,
      2n ** 63n,
      'é',
      Buffer.from('é'),
    ];
    for (const again of [false, true]) {
      for (const one of ids) await sender.send(withId(one, `${again}`));
      expect(server.broker.address('q')).toMatchObject({ stored: ids.length });
    }
    expect(server.broker.address('q')?.counters.duplicates).toBe(ids.length);
  });

  it('does not become the retained message again, and one without id after it does', async () => {
    const client = await start();
    const sender = await client.openSender('t');
    const messageAnnotations = { 'x-opt-retain-message': true };
    const retained = () =>
      server.broker.retainedMatching('t').map(({ bytes, end }) => bytes.toString('utf8', end - 1, end));
    for (const [id, body] of ['a1', 'b2', 'a3']) await sender.send(withId(id!, body!, { messageAnnotations }));
    expect(retained()).toEqual(['2']);
    await sender.send(text('4', { messageAnnotations }));
    expect(retained()).toEqual(['4']);
  });

  it('is found by REST and jobs too', async () => {
    await start();
    const access = new EmbeddedMessageAccess(server.broker);
    const plane = new EmbeddedMessagingPlane(server.broker, [], '', access);
    const message = { body: Buffer.from('x'), binary: false, messageId: 'a' };
    for (let i = 0; i < 2; i++) await plane.send('q', message);
    const reader = access.open({ job: 'j', source: 't', target: 'q', columns: ['body'], onReady: () => {} });
    const output = { address: 'q', body: 'x', properties: undefined };
    const outputs = [
      { ...output, messageId: 'a' },
      { ...output, messageId: 'b', durable: true },
      { ...output, messageId: 'b', durable: true },
      output,
      output,
    ];
    const failure = await new Promise((done) => reader.commit({ consumed: undefined, outputs, state: [] }, done));
    expect(failure).toBeUndefined();
    reader.close();
    // The output of a job is durable unless it says otherwise: what REST sent is not, and cannot stand for it.
    expect(server.broker.address('q')).toMatchObject({ stored: 5, counters: { duplicates: 2 } });
  });
});

describe('ids as the broker knows them', () => {
  it.each([
    ['abc', 'sabc'],
    ['', 's'],
    [1, 'n1'],
    [2n ** 64n - 1n, 'n18446744073709551615'],
    [Buffer.from([0, 255]), 'b\0\xff'],
    ['é', 's\xc3\xa9'],
    [undefined, undefined],
    [null, undefined],
    [true, undefined],
    [new Date(0), undefined],
  ])('%o', (value, expected) => {
    expect(duplicateIdOf(value)).toBe(expected);
  });

  it('are hashed when they are long, and a hash is no short id', () => {
    const long = duplicateIdOf('i'.repeat(129))!;
    expect([duplicateIdOf('i'.repeat(128))!.length, long.length, long[0]]).toEqual([129, 33, 'S']);
    expect(duplicateIdOf('i'.repeat(130))).not.toBe(long);
    expect(duplicateIdOf(Buffer.from('i'.repeat(129)))).toBe(`B${long.slice(1)}`);
  });
});

/** What AMQP clients see when nothing more fits on disk, or the disk has failed; and that it ends by itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Condition, type Outcome } from '@millrace/amqp';
import { Recovery, TAKING_BACK } from '@millrace/broker';
import { DiskJournal } from '@millrace/journal';
import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedMessageAccess } from '../../src/message-access.js';
import { EmbeddedMessagingPlane } from '../../src/messaging-plane.js';
import { StateJournal } from '../support/state-journal.js';
import { AmqpServer, text, texts, until } from './amqp-server.js';

const durable = { header: { durable: true } };
const ACCEPTED = { kind: 'accepted' };
const ADDRESSES = {
  block: { type: 'queue' },
  always: { type: 'queue', durability: 'always' },
  reject: { type: 'queue', whenFull: 'reject' },
  drop: { type: 'queue', whenFull: 'dropOldest' },
  topic: { type: 'topic' },
  direct: { type: 'anycast' },
} as const;

let server: AmqpServer;
let journal: StateJournal;

async function start(): Promise<void> {
  journal = new StateJournal();
  server = await AmqpServer.start({ addresses: ADDRESSES, journal });
}

/** The journal's state, and what the broker notices of it by its clock. */
function turns(kind: StateJournal['state']['kind']): void {
  journal.state = { kind };
  server.broker.tick(Date.now());
}

function observe(name: string) {
  const plane = new EmbeddedMessagingPlane(server.broker, [], '', new EmbeddedMessageAccess(server.broker));
  const { ready, reason, rejected } = plane.observeAddress(name)!;
  return { ready, reason, rejected };
}

const conditionOf = (outcome: Outcome) => (outcome.kind === 'rejected' ? outcome.error?.condition : outcome.kind);

afterEach(async () => {
  await server.stop();
  expect(server.faults).toEqual([]);
});

describe('while the journal is full', () => {
  it('a sender of durable messages to an address that blocks has no credit, and goes on when there is room', async () => {
    await start();
    const client = await server.client();
    for (const address of ['block', 'always', 'topic']) {
      if (address === 'topic') server.broker.subscribe('topic', NOBODY, { settles: 'explicit', durableName: 'd' });
      const sender = await client.openSender(address);
      expect(await sender.send(text('before', durable))).toEqual(ACCEPTED);
      turns('full');
      await until(() => sender.credit === 0);
      let outcome: Outcome | undefined;
      void sender.send(text('meanwhile', durable)).then((settled) => {
        outcome = settled;
      });
      await client.openSender('direct');
      expect([outcome, observe(address)]).toEqual([undefined, { ready: true, reason: 'JournalFull', rejected: 0 }]);
      turns('open');
      await until(() => outcome !== undefined);
      expect([outcome, observe(address).reason]).toEqual([ACCEPTED, 'Ready']);
    }
  });

  it('what was under way is refused, and then held back', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('block');
    journal.state = { kind: 'full' };
    const outcome = await sender.send(text('x', durable));
    expect(conditionOf(outcome)).toBe(Condition.resourceLimitExceeded);
    await until(() => sender.credit === 0);
    expect(observe('block').rejected).toBe(1);
  });

  it('a link that was opened meanwhile keeps its credit until a durable message comes by it', async () => {
    await start();
    const client = await server.client();
    turns('full');
    const sender = await client.openSender('block');
    expect(await sender.send(text('plain'))).toEqual(ACCEPTED);
    expect(sender.credit).toBeGreaterThan(0);
    expect(conditionOf(await sender.send(text('x', durable)))).toBe(Condition.resourceLimitExceeded);
    await until(() => sender.credit === 0);
    const waiting = sender.send(text('waits', durable));
    turns('open');
    expect(await waiting).toEqual(ACCEPTED);
  });

  it.each(['reject', 'drop'] as const)(
    'an address that says %s refuses durable messages, and drops nothing',
    async (address) => {
      await start();
      const client = await server.client();
      const sender = await client.openSender(address);
      expect(await sender.send(text('1', durable))).toEqual(ACCEPTED);
      turns('full');
      for (let i = 0; i < 2; i++) {
        expect(conditionOf(await sender.send(text('x', durable)))).toBe(Condition.resourceLimitExceeded);
      }
      expect(observe(address)).toEqual({ ready: true, reason: 'JournalFull', rejected: 2 });
      turns('open');
      expect(await sender.send(text('2', durable))).toEqual(ACCEPTED);
      expect(await texts(await client.openReceiver(address), 2)).toEqual(['1', '2']);
    },
  );

  it('an anonymous relay is refused', async () => {
    await start();
    const relay = await (await server.client()).openSender(undefined);
    turns('full');
    const outcome = await relay.send(text('x', { ...durable, properties: { to: 'block' } }));
    expect(conditionOf(outcome)).toBe(Condition.resourceLimitExceeded);
  });

  it('what is not durable goes on, also beside durable messages on one address, and so do deliveries', async () => {
    await start();
    const client = await server.client();
    const [mixed, plain] = [await client.openSender('block'), await client.openSender('block')];
    await mixed.send(text('durable', durable));
    turns('full');
    await until(() => mixed.credit === 0);
    expect(await plain.send(text('plain'))).toEqual(ACCEPTED);
    expect(await (await client.openSender('block')).send(text('new link'))).toEqual(ACCEPTED);
    const receiver = await client.openReceiver('block');
    expect(await texts(receiver, 3)).toEqual(['durable', 'plain', 'new link']);
    await until(() => server.broker.address('block')!.stored === 0);
  });

  it('services and temporary queues go on', async () => {
    journal = new StateJournal();
    const services = new Map([['$echo', { handle: async () => ({ body: 'answer' }) }]]);
    server = await AmqpServer.start({ addresses: ADDRESSES, journal, services });
    const client = await server.client();
    turns('full');
    const receiver = await client.openReceiver(undefined, { source: { dynamic: true } });
    const sender = await client.openSender('$echo');
    const properties = { replyTo: receiver.address, correlationId: 1 };
    expect(await sender.send(text('question', { ...durable, properties }))).toEqual(ACCEPTED);
    expect(await texts(receiver, 1)).toEqual(['answer']);
  });

  it('direct addresses do not mind', async () => {
    await start();
    const client = await server.client();
    const receiver = await client.openReceiver('direct');
    const sender = await client.openSender('direct');
    turns('full');
    const sent = sender.send(text('x', durable));
    expect(await texts(receiver, 1)).toEqual(['x']);
    expect(await sent).toEqual(ACCEPTED);
    expect(observe('direct')).toEqual({ ready: true, reason: 'Ready', rejected: 0 });
  });
});

describe('when the journal has failed', () => {
  it('durable messages are refused with the advice to restart, and all else goes on', async () => {
    await start();
    const client = await server.client();
    const sender = await client.openSender('block');
    await sender.send(text('1', durable));
    turns('failed');
    const outcome = await sender.send(text('x', durable));
    expect(conditionOf(outcome)).toBe(Condition.internalError);
    expect(outcome.kind === 'rejected' && outcome.error?.description).toContain('restart');
    expect(await sender.send(text('2'))).toEqual(ACCEPTED);
    expect(await texts(await client.openReceiver('block'), 2)).toEqual(['1', '2']);
    expect(observe('block')).toEqual({ ready: false, reason: 'JournalFailed', rejected: 1 });
  });
});

describe('an address at its own limit', () => {
  it('says so in its status', async () => {
    server = await AmqpServer.start({ addresses: { q: { type: 'queue', limits: { messages: 1 } } } });
    expect(observe('q').reason).toBe('Ready');
    await (await (await server.client()).openSender('q')).send(text('x'));
    expect(observe('q')).toEqual({ ready: true, reason: 'AddressFull', rejected: 0 });
  });
});

describe('a journal on disk with a limit', () => {
  it('fills up, holds the sender back, and all arrives in order when somebody receives', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-full-'));
    const recovery = new Recovery();
    const disk = await DiskJournal.open({
      directory,
      owner: recovery,
      reserveTypes: TAKING_BACK,
      limitBytes: 4 * 1024 ** 2,
    });
    server = await AmqpServer.start({ addresses: { q: { type: 'queue' } }, journal: disk, recovery });
    const ticking = setInterval(() => server.broker.tick(Date.now()), 20);
    try {
      const client = await server.client();
      const sender = await client.openSender('q');
      const accepted: string[] = [];
      const body = 'x'.repeat(10_000);
      // Each is sent until it is taken: those under way when the disk fills up are refused.
      const publish = async (n: number) => {
        while ((await sender.send(text(`${n} ${body}`, durable))).kind !== 'accepted');
        accepted.push(`${n}`);
      };
      const all = (async () => {
        for (let n = 0; n < 1_000; n++) await publish(n);
      })();
      await until(() => disk.state.kind === 'full');
      await until(() => observe('q').reason === 'JournalFull');
      expect(accepted.length).toBeLessThan(1_000);
      const received: unknown[] = [];
      const receiver = await client.openReceiver('q');
      while (received.length < 1_000) {
        const [one] = await texts(receiver, 1);
        received.push(String(one).split(' ')[0]);
      }
      await all;
      expect(received).toEqual(Array.from({ length: 1_000 }, (_, n) => `${n}`));
      expect(disk.figures().bytesOnDisk).toBeLessThanOrEqual(4 * 1024 ** 2);
    } finally {
      clearInterval(ticking);
      await server.stop();
      await disk.close();
      await rm(directory, { recursive: true });
    }
  }, 20_000);
});

const NOBODY = { capacity: () => 0, deliver() {}, closed() {} };

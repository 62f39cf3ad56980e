import { describe, expect, it } from 'vitest';
import type { Spool } from '../src/index.js';
import {
  ACCEPTED,
  AmqpError,
  Condition,
  OutgoingDelivery,
  type ReceiverLink,
  type SenderLink,
  saslAnonymous,
  saslPlain,
} from '../src/index.js';
import { Pair } from './pair.js';

function message(text: string, context?: unknown): OutgoingDelivery {
  const delivery = new OutgoingDelivery();
  delivery.buffer = Buffer.from(text);
  delivery.end = delivery.buffer.length;
  delivery.context = context;
  return delivery;
}

function openedSender(pair: Pair, credit: number): { sender: SenderLink; receiver: ReceiverLink } {
  const { near, far } = pair.link('sender');
  const receiver = far as ReceiverLink;
  receiver.setCredit(credit);
  pair.run();
  return { sender: near as SenderLink, receiver };
}

class RecordingSpool implements Spool {
  state: 'open' | 'closed' = 'open';
  private bytes = Buffer.alloc(0);
  private readonly room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  append(source: Buffer, start: number, end: number): void {
    if (this.bytes.length + end - start > this.room) throw new Error('ENOSPC');
    this.bytes = Buffer.concat([this.bytes, source.subarray(start, end)]);
  }

  take(): Buffer {
    return this.bytes;
  }

  close(): void {
    this.state = 'closed';
  }
}

describe('both roles of the engine, back to back', () => {
  it('opens, begins and attaches', () => {
    const pair = new Pair();
    pair.link('sender');
    expect(pair.client.handler.events).toEqual(['open listener', 'begin', 'attach link-0']);
    expect(pair.listener.handler.events).toEqual(['open client', 'begin', 'attach link-0']);
  });

  it.each([
    [[saslAnonymous()], 'sasl ANONYMOUS'],
    [[saslPlain('u', 'p'), saslAnonymous()], 'sasl PLAIN'],
  ])('authenticates first (%#)', (saslClient, event) => {
    const pair = new Pair({ saslClient }, { saslMechanisms: ['ANONYMOUS', 'PLAIN'], sasl: 'required' });
    expect(pair.listener.handler.events).toEqual([event, 'open client']);
    expect(pair.client.handler.events).toEqual(['open listener']);
  });

  it('refuses a client that leaves out the SASL that is required', () => {
    const pair = new Pair({}, { saslMechanisms: ['PLAIN'], sasl: 'required' });
    expect(pair.client.handler.events).toEqual(['close amqp:connection:framing-error', 'disconnect']);
  });

  it.each([1, 3, 7, 64, 1_000])('delivers whatever the size of the pieces: %i', (pieceSize) => {
    const pair = new Pair();
    const { sender, receiver } = openedSender(pair, 100);
    pair.pieceSize = pieceSize;
    for (let i = 0; i < 50; i++) expect(sender.send(message(`message ${i}`, i))).toBe(i);
    pair.run();
    expect(pair.listener.handler.messages.map(String)).toEqual(Array.from({ length: 50 }, (_, i) => `message ${i}`));
    for (const id of pair.listener.handler.deliveryIds) receiver.settle(id, ACCEPTED);
    pair.run();
    expect(pair.client.handler.outcomes.map(({ context }) => context)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([sender.unsettled, receiver.unsettled]).toEqual([0, 0]);
  });

  it('says a run of outcomes in one frame', () => {
    const pair = new Pair();
    const { sender, receiver } = openedSender(pair, 1_000);
    for (let i = 0; i < 1_000; i++) sender.send(message('x'));
    pair.run();
    for (let id = 0; id < 1_000; id++) receiver.settle(id, ACCEPTED);
    pair.listener.connection.flush();
    expect(pair.listener.output.take()).toHaveLength(30);
  });

  it('keeps different outcomes and gaps apart', () => {
    const pair = new Pair();
    const { sender, receiver } = openedSender(pair, 10);
    for (let i = 0; i < 6; i++) sender.send(message('x', i));
    pair.run();
    for (const id of [0, 1, 3]) receiver.settle(id, ACCEPTED);
    receiver.settle(4, { kind: 'rejected', error: { condition: 'amqp:not-allowed', description: 'no' } });
    receiver.settle(2, { kind: 'modified', deliveryFailed: true });
    pair.run();
    const byContext = new Map(pair.client.handler.outcomes.map(({ context, state }) => [context, state]));
    expect(byContext.get(3)).toEqual({ kind: 'accepted' });
    expect(byContext.get(4)).toEqual({ kind: 'rejected', error: { condition: 'amqp:not-allowed', description: 'no' } });
    expect(byContext.get(2)).toEqual({ kind: 'modified', deliveryFailed: true });
    expect(sender.unsettled).toBe(1);
    expect(receiver.settle(0, ACCEPTED)).toBe(false);
  });

  it('answers a receiver of mode second by settling', () => {
    const pair = new Pair();
    const { near, far } = pair.link('receiver', { receiverSettleMode: 1 });
    const receiver = near as ReceiverLink;
    receiver.setCredit(5);
    pair.run();
    (far as SenderLink).send(message('x', 'context'));
    pair.run();
    receiver.settle(0, ACCEPTED);
    pair.run();
    expect(pair.listener.handler.outcomes).toEqual([{ context: 'context', state: ACCEPTED, settled: false }]);
    expect(pair.client.handler.events).toContain('sender settled 0');
    expect([receiver.unsettled, far.unsettled]).toEqual([0, 0]);
  });

  it('sends nothing without credit, and ends the link of a sender that does', () => {
    const pair = new Pair();
    const { sender } = openedSender(pair, 2);
    sender.send(message('a'));
    sender.send(message('b'));
    expect(sender.send(message('c'))).toBe(-1);
    sender.credit = 1;
    sender.send(message('c'));
    pair.run();
    expect(pair.listener.handler.messages).toHaveLength(2);
    expect(pair.client.handler.events).toContain('detach link-0 closed amqp:link:transfer-limit-exceeded');
    expect(pair.listener.handler.events).toContain('detach link-0 closed amqp:link:transfer-limit-exceeded');
  });

  it('lets what was on its way arrive when credit is taken back', () => {
    const pair = new Pair();
    const { sender, receiver } = openedSender(pair, 10);
    sender.send(message('on its way'));
    receiver.setCredit(0);
    pair.run();
    expect(pair.listener.handler.messages).toHaveLength(1);
    expect(sender.credit).toBe(0);
  });

  it('drains: credit that is not used goes', () => {
    const pair = new Pair();
    const { near, far } = pair.link('receiver');
    const receiver = near as ReceiverLink;
    const sender = far as SenderLink;
    receiver.setCredit(10);
    pair.run();
    sender.send(message('only one'));
    receiver.requestDrain();
    pair.run();
    expect(pair.listener.handler.events).toContain('flow link-0 9 drain');
    sender.drained();
    pair.run();
    expect([receiver.credit, sender.credit]).toEqual([0, 0]);
    expect(receiver.deliveryCount).toBe(sender.deliveryCount);
    receiver.setCredit(3);
    pair.run();
    expect([sender.credit, sender.drain]).toEqual([3, false]);
    for (let i = 0; i < 3; i++) sender.send(message('again'));
    pair.run();
    expect(pair.client.handler.messages).toHaveLength(4);
  });

  it.each([512, 600, 4_096])('sends messages in several frames of at most %i bytes', (frameSizeMax) => {
    const pair = new Pair({}, { frameSizeMax });
    const { sender } = openedSender(pair, 10);
    const text = 'abcdefghij'.repeat(2_000);
    sender.send(message(text));
    sender.send(message('short'));
    pair.run();
    expect(pair.listener.handler.messages.map(String)).toEqual([text, 'short']);
  });

  it('waits in the midst of a message when the window closes', () => {
    const pair = new Pair({}, { frameSizeMax: 512, incomingWindow: 4 });
    const { sender } = openedSender(pair, 10);
    const text = 'abcdefghij'.repeat(500);
    sender.send(message(text, 1));
    expect(sender.sendable()).toBe(0);
    pair.run();
    expect(pair.listener.handler.messages.map(String)).toEqual([text]);
    expect(sender.sendable()).toBeGreaterThan(0);
  });

  it('ends the session of a peer that sends beyond the window', () => {
    const pair = new Pair({}, { incomingWindow: 4 });
    const { sender } = openedSender(pair, 100);
    sender.session.window.remoteIncomingWindow = 100;
    for (let i = 0; i < 5; i++) sender.send(message('x'));
    pair.run();
    expect(pair.client.handler.events).toContain('end amqp:session:window-violation');
    expect(pair.listener.handler.messages).toHaveLength(4);
  });

  it('refuses messages that are too large, in one frame or in many', () => {
    for (const size of [2_000, 100_000]) {
      const pair = new Pair({}, { messageSizeMax: 1_000 });
      const { sender } = openedSender(pair, 10);
      expect(() => sender.send(message('x'.repeat(size)))).toThrow(/at most 1000 bytes/);
      sender.remoteMessageSizeMax = 0;
      sender.send(message('x'.repeat(size)));
      pair.run();
      expect(pair.client.handler.events).toContain('detach link-0 closed amqp:link:message-size-exceeded');
      expect(pair.listener.handler.messages).toHaveLength(0);
    }
  });

  it('bounds what is held for messages that never end', () => {
    const pair = new Pair(
      {},
      { frameSizeMax: 512, incomingWindow: 3, messageSizeMax: 100_000, partialBytesMax: 1_500 },
    );
    const { sender } = openedSender(pair, 10);
    sender.send(message('x'.repeat(50_000)));
    pair.run();
    expect(pair.client.handler.events).toContain('detach link-0 closed amqp:resource-limit-exceeded');
    expect(pair.listener.connection.partialBytes).toBe(0);
  });

  it('puts what is large into a spool while it comes, and takes it back whole', () => {
    const spools: RecordingSpool[] = [];
    const openSpool = () => {
      spools.push(new RecordingSpool());
      return spools.at(-1)!;
    };
    const pair = new Pair({}, { partialBytesMax: 1_200_000, openSpool });
    const { sender } = openedSender(pair, 10);
    const body = Array.from({ length: 300_000 }, (_, i) => `${i}`.padStart(10, '.')).join('');
    sender.send(message('x'.repeat(900_000)));
    sender.send(message(body));
    sender.send(message('y'.repeat(200_000)));
    pair.run();
    const { messages } = pair.listener.handler;
    // The body's own bytes stand behind its section's five.
    const sent = ['x'.repeat(900_000), body, 'y'.repeat(200_000)];
    expect(messages.map((bytes, i) => bytes.subarray(-sent[i]!.length).toString() === sent[i])).toEqual([
      true,
      true,
      true,
    ]);
    expect(spools.map(({ state }) => state)).toEqual(['closed']);
    expect(pair.listener.connection.partialBytes).toBe(0);
  });

  it('gives up the spool of a message that ends with its link, and refuses one that finds no room', () => {
    const spool = new RecordingSpool();
    const pair = new Pair({}, { openSpool: () => spool });
    const { sender } = openedSender(pair, 10);
    sender.send(message('x'.repeat(3_000_000)));
    pair.client.connection.flush();
    const bytes = pair.client.output.take();
    pair.listener.connection.ingest(bytes, 0, 2_000_000);
    expect(spool.state).toBe('open');
    pair.listener.connection.transportClosed();
    expect(spool.state).toBe('closed');

    const full = new Pair({}, { openSpool: () => new RecordingSpool(2_000_000) });
    openedSender(full, 10).sender.send(message('x'.repeat(3_000_000)));
    full.run();
    expect(full.client.handler.events).toContain('detach link-0 closed amqp:resource-limit-exceeded');
  });

  it('gives back what it held once a message is whole', () => {
    const pair = new Pair({}, { frameSizeMax: 512, partialBytesMax: 20_000, messageSizeMax: 10_000 });
    const { sender } = openedSender(pair, 10);
    for (let i = 0; i < 5; i++) sender.send(message('x'.repeat(9_000)));
    pair.run();
    expect(pair.listener.handler.messages).toHaveLength(5);
    expect(pair.listener.connection.partialBytes).toBe(0);
  });

  it('refuses an attach with an error, and the name is free again', () => {
    const pair = new Pair();
    pair.listener.handler.attachPolicy = (link) =>
      link.refuse(new AmqpError(Condition.notFound, 'no such address', 'link'));
    const { near, session } = pair.link('sender');
    expect(near.remote?.target).toBeUndefined();
    expect(pair.client.handler.events.at(-1)).toBe('detach link-0 closed amqp:not-found');
    pair.listener.handler.attachPolicy = (link) => link.accept({ target: link.remote?.target });
    session.attach('sender', 'link-0', { target: { address: 'q' } });
    pair.run();
    expect(pair.listener.handler.links.at(-1)?.state).toBe('attached');
  });

  it('keeps credit that came before the attach was answered', () => {
    const pair = new Pair();
    pair.listener.handler.attachPolicy = () => {};
    const { near, far } = pair.link('receiver');
    expect(near.state).toBe('attaching');
    near.state = 'attached';
    (near as ReceiverLink).setCredit(7);
    pair.run();
    expect(pair.listener.handler.events.filter((event) => event.startsWith('flow'))).toEqual([]);
    far.accept({ source: { address: 'q' } });
    expect((far as SenderLink).sendable()).toBe(7);
  });

  it('detaches from either end, once', () => {
    const pair = new Pair();
    const { near, far } = pair.link('receiver');
    near.detach({ closed: false });
    pair.run();
    expect(pair.listener.handler.events.at(-1)).toBe('detach link-0');
    expect([near.state, far.state]).toEqual(['detached', 'detached']);
    const second = pair.link('sender');
    second.far.detach({ error: new AmqpError(Condition.resourceDeleted, 'gone', 'link') });
    pair.run();
    expect(pair.client.handler.events.filter((event) => event.startsWith('detach'))).toEqual([
      'detach link-0',
      'detach link-1 closed amqp:resource-deleted',
    ]);
  });

  it('ends and closes in order', () => {
    const pair = new Pair();
    const { session } = pair.link('sender');
    session.end();
    pair.run();
    expect(pair.listener.handler.events.slice(-2)).toEqual(['detach link-0', 'end']);
    pair.client.connection.close();
    pair.run();
    expect(pair.listener.handler.events.slice(-2)).toEqual(['close', 'disconnect']);
    expect(pair.client.handler.events.slice(-2)).toEqual(['close', 'disconnect']);
  });

  it('tells links and sessions when the transport breaks', () => {
    const pair = new Pair();
    pair.link('sender');
    pair.listener.connection.transportClosed();
    expect(pair.listener.handler.events.slice(-3)).toEqual([
      'detach link-0 amqp:connection:forced',
      'end amqp:connection:forced',
      'close amqp:connection:forced',
    ]);
  });

  it('wraps delivery-ids around', () => {
    const pair = new Pair();
    const { sender, receiver } = openedSender(pair, 10);
    sender.session.nextDeliveryId = 0xfffffffe;
    for (let i = 0; i < 4; i++) sender.send(message('x', i));
    pair.run();
    expect(pair.listener.handler.deliveryIds).toEqual([0xfffffffe, 0xffffffff, 0, 1]);
    for (const id of pair.listener.handler.deliveryIds) receiver.settle(id, ACCEPTED);
    pair.listener.connection.flush();
    expect(pair.listener.output.position).toBe(30);
    pair.run();
    expect(pair.client.handler.outcomes.map(({ context }) => context)).toEqual([0, 1, 2, 3]);
  });

  it('bounds channels and handles', () => {
    const pair = new Pair({ channelMax: 100, handleMax: 1_000 }, { channelMax: 1, handleMax: 2 });
    const { session } = pair.link('sender');
    for (let i = 0; i < 2; i++) session.attach('sender', `more-${i}`, { target: { address: 'q' } });
    expect(() => session.attach('sender', 'too-many', {})).toThrow(/no handle is free/);
    pair.client.connection.beginSession();
    expect(() => pair.client.connection.beginSession()).toThrow(/no channel is free/);
  });
});

describe('idle time-outs', () => {
  it('sends empty frames for the peer, and gives up on one that is silent', () => {
    const pair = new Pair({ idleTimeoutMs: 8_000 }, { idleTimeoutMs: 2_000 });
    let clientNext = pair.client.connection.tick(1_000);
    pair.listener.connection.tick(1_000);
    for (let now = 1_000; now < 60_000; now += 100) {
      if (clientNext > 0 && now >= clientNext) clientNext = pair.client.connection.tick(now);
      pair.listener.connection.tick(now);
      pair.run();
    }
    expect(pair.listener.handler.events).not.toContain('disconnect');
    for (let now = 60_000; now <= 62_100; now += 100) pair.listener.connection.tick(now);
    pair.run();
    expect(pair.listener.handler.events.slice(-2)).toEqual(['close amqp:resource-limit-exceeded', 'disconnect']);
    expect(pair.client.handler.events).toContain('close amqp:resource-limit-exceeded');
  });

  it('does not wait for ever for the answer to a close', () => {
    const pair = new Pair();
    pair.client.connection.close();
    const deadline = pair.client.connection.tick(1_000);
    expect(deadline).toBe(6_000);
    pair.client.connection.tick(deadline);
    expect(pair.client.handler.events.at(-1)).toBe('disconnect');
  });
});

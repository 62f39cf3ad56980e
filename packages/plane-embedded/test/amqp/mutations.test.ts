/** Whatever a client sends, the listener's half and the broker behind it do not throw, and other clients are not touched. */
import type { Socket } from 'node:net';
import {
  Connection,
  ConnectionHandler,
  dataBody,
  encodeMessage,
  GrowingOutput,
  type IncomingDelivery,
  type Link,
  OutgoingDelivery,
  type ReceiverLink,
  type SenderLink,
} from '@millrace/amqp';
import { Broker } from '@millrace/broker';
import { MemoryJournal } from '@millrace/journal';
import { OPEN_AUTHORIZER } from '@millrace/security';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AMQP_DEFAULTS, AmqpCounters } from '../../src/amqp/amqp-context.js';
import { AmqpListenerConnection } from '../../src/amqp/amqp-listener-connection.js';
import { SocketOutput } from '../../src/socket-output.js';
import { Turn, type TurnTask } from '../../src/turn.js';

/** A turn that is run by hand. */
class ManualTurn extends Turn {
  private tasks: TurnTask[] = [];

  override scheduleCommit(task: TurnTask): void {
    if (!task.scheduled) this.tasks.unshift(task);
    task.scheduled = true;
  }
  override scheduleFlush(task: TurnTask): void {
    if (!task.scheduled) this.tasks.push(task);
    task.scheduled = true;
  }
  runAll(): void {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) {
      task.scheduled = false;
      task.endOfTurn();
    }
  }
}

class Peer {
  readonly written: Buffer[] = [];
  readonly protocol: AmqpListenerConnection;

  constructor(world: World) {
    const socket = {
      write: (part: Buffer, done: () => void) => {
        this.written.push(Buffer.from(part));
        done();
      },
      cork() {},
      uncork() {},
    };
    this.protocol = new AmqpListenerConnection(world.context, {
      output: new SocketOutput(socket as unknown as Socket, world.turn),
      turn: world.turn,
      remoteAddress: 'test',
      encrypted: false,
      end() {},
      pause() {},
      resume() {},
      now: () => 1_000,
    });
  }

  takeWritten(): Buffer {
    return Buffer.concat(this.written.splice(0));
  }
}

class World {
  readonly turn = new ManualTurn();
  readonly broker: Broker;
  readonly context;

  constructor() {
    const commit: TurnTask = { scheduled: false, endOfTurn: () => this.broker.commitPending() };
    this.broker = new Broker({
      journal: new MemoryJournal(),
      now: () => 1_000,
      scheduleCommit: () => this.turn.scheduleCommit(commit),
    });
    this.broker.declare('q', { type: 'queue' });
    this.broker.declare('t', { type: 'topic' });
    this.context = {
      broker: this.broker,
      authorizer: OPEN_AUTHORIZER,
      services: new Map(),
      settings: AMQP_DEFAULTS,
      counters: new AmqpCounters(),
    };
  }

  feed(peer: Peer, bytes: Buffer): void {
    peer.protocol.ingest(Buffer.from(bytes));
    this.turn.runAll();
  }
}

/** What a client says while it sends, receives, settles, drains, subscribes and leaves: one piece for each answer. */
function conversation(): Buffer[] {
  class Client extends ConnectionHandler {
    override onTransfer(link: ReceiverLink, delivery: IncomingDelivery): void {
      if (!delivery.settled)
        link.settle(delivery.deliveryId, { kind: 'modified', deliveryFailed: delivery.deliveryId % 2 === 0 });
    }
  }
  const world = new World();
  const peer = new Peer(world);
  const output = new GrowingOutput();
  const engine = new Connection({ role: 'client', containerId: 'c', output, handler: new Client() });
  const pieces: Buffer[] = [];
  const exchange = (): void => {
    for (let rounds = 0; rounds < 5; rounds++) {
      engine.flush();
      const bytes = output.take();
      if (bytes.length > 0) {
        pieces.push(bytes);
        world.feed(peer, bytes);
      }
      const answer = peer.takeWritten();
      engine.ingest(answer, 0, answer.length);
    }
  };
  engine.start();
  const session = engine.beginSession();
  const links: Link[] = [
    session.attach('sender', 's', { target: { address: 'q' } }),
    session.attach('sender', 'relay', { target: {} }),
    session.attach('receiver', 'r', { source: { address: 'q' } }),
    session.attach('receiver', 'd', { source: { address: 't', durable: 2, expiryPolicy: 'never' } }),
    session.attach('receiver', 'dynamic', { source: { dynamic: true } }),
  ];
  exchange();
  const delivery = new OutgoingDelivery();
  delivery.buffer = encodeMessage({
    header: { durable: true, priority: 3, ttl: 1_000 },
    messageAnnotations: { 'x-opt-retain-message': true },
    properties: { messageId: 'm', to: 't', absoluteExpiryTime: new Date(9_000) },
    applicationProperties: { a: 1 },
    body: dataBody(Buffer.from('body')),
  });
  delivery.end = delivery.buffer.length;
  for (const link of links.slice(0, 2)) for (let i = 0; i < 3; i++) (link as SenderLink).send(delivery);
  exchange();
  for (const link of links.slice(2)) (link as ReceiverLink).setCredit(10);
  exchange();
  (links[2] as ReceiverLink).requestDrain();
  exchange();
  for (const link of links) link.detach({ closed: link.name !== 'd' });
  exchange();
  session.end();
  exchange();
  engine.close();
  exchange();
  return pieces;
}

const PIECES = conversation();

function play(mutate: (piece: Buffer, index: number) => Buffer): World {
  const world = new World();
  const peer = new Peer(world);
  for (const [index, piece] of PIECES.entries()) world.feed(peer, mutate(Buffer.from(piece), index));
  peer.protocol.tick(60_000);
  peer.protocol.closed();
  world.turn.runAll();
  return world;
}

describe('a client whose bytes go wrong', () => {
  it('is taken when they do not', () => {
    expect(PIECES.length).toBeGreaterThan(6);
    const world = play((piece) => piece);
    expect(world.context.counters).toMatchObject({ linksRefused: 0, undeliverable: 0 });
    expect(world.broker.address('q')!.counters.in).toBe(3);
    expect(world.broker.address('t')!.counters.in).toBe(3);
  });

  it('never makes the listener throw, nor leaves anything behind', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        (which, changes) => {
          const world = play((piece, index) => {
            if (index !== which % PIECES.length) return piece;
            for (const [where, change] of changes) piece[where % piece.length]! ^= change;
            return piece;
          });
          const { broker } = world;
          expect([broker.address('q')!.senders, broker.address('q')!.receivers]).toEqual([0, 0]);
          expect(broker.addresses().filter(({ temporary }) => temporary)).toEqual([]);
        },
      ),
      { numRuns: 800 },
    );
  });

  it('never makes the listener throw when pieces are missing, doubled or cut', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('missing', 'doubled', 'cut'), fc.nat(), (which, how, where) => {
        play((piece, index) => {
          if (index !== which % PIECES.length) return piece;
          if (how === 'missing') return Buffer.alloc(0);
          return how === 'doubled' ? Buffer.concat([piece, piece]) : piece.subarray(0, where % piece.length);
        });
      }),
      { numRuns: 300 },
    );
  });
});

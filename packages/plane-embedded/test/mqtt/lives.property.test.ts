/**
 * Two servers see the same clients do the same. One crashes now and then and is started anew on its journal; of the other
 * one only the cables are pulled. Nobody may be able to tell them apart: sessions, subscriptions, what is stored, wills,
 * retained messages, and what each client gets.
 */
import type { QoS } from '@millrace/mqtt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeClock, Kind } from '../../src/mqtt/kept-formats.js';
import { CLOCK_MS } from '../../src/mqtt/session-registry.js';
import { CrashingJournal } from '../support/crashing-journal.js';
import { Client, Plane, restart } from './support/plane.js';

const CLIENTS = ['a', 'b'] as const;
const FILTERS = ['t/1', 't/+', '$share/g/t/+', 'q', 'wills/#'] as const;
const TOPICS = ['t/1', 't/2', 'q'] as const;
type Name = (typeof CLIENTS)[number];

type Step =
  | { kind: 'connect'; who: Name; clean: boolean; expiry: number; will: { delay: number; retain: boolean } | undefined }
  | { kind: 'cut' | 'end' | 'deaf'; who: Name }
  | { kind: 'subscribe'; who: Name; filter: string; qos: QoS; noLocal: boolean }
  | { kind: 'unsubscribe'; who: Name; filter: string }
  | { kind: 'publish'; who: Name; topic: string; qos: QoS; retain: boolean }
  | { kind: 'pass'; seconds: number }
  | { kind: 'crash'; seconds: number };

const who = fc.constantFrom(...CLIENTS);
const qos = fc.constantFrom<QoS>(0, 1, 2);
const filter = fc.constantFrom(...FILTERS);
const seconds = fc.constantFrom(1, 20, 50, 120);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('connect' as const),
        who,
        clean: fc.nat({ max: 5 }).map((value) => value === 0),
        expiry: fc.constantFrom(0, 40, 1000, 1000, 1000),
        will: fc.option(fc.record({ delay: fc.constantFrom(0, 10, 60), retain: fc.boolean() }), { nil: undefined }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'end' as const), who }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('deaf' as const), who }) },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('subscribe' as const), who, filter, qos, noLocal: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), who, filter }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('publish' as const),
        who,
        topic: fc.constantFrom(...TOPICS),
        // Of QoS 0 what waits in a queue or a shared subscription ends with the process.
        qos: fc.constantFrom<QoS>(1, 2),
        retain: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), seconds }) },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);

class World {
  plane: Plane;
  private readonly crashes: boolean;
  private readonly lives = new Map<Name, Client[]>();
  private wills = 0;
  private number = 0;

  constructor(crashes: boolean) {
    this.crashes = crashes;
    this.plane = new Plane({ journal: new CrashingJournal() });
    this.declare();
  }

  private declare(): void {
    this.plane.broker.declare('q', { type: 'queue' });
  }

  private now(name: Name): Client | undefined {
    const client = this.lives.get(name)?.at(-1);
    return client === undefined || client.closed ? undefined : client;
  }

  async run(step: Step): Promise<void> {
    const client = 'who' in step ? this.now(step.who) : undefined;
    switch (step.kind) {
      case 'connect':
        this.connect(step);
        break;
      case 'cut':
        client?.drop();
        break;
      case 'end':
        await client?.end();
        break;
      case 'deaf':
        // It takes nothing from now on, so that messages are on their way when something happens.
        if (client !== undefined) client.acknowledges = false;
        break;
      case 'subscribe': {
        // Whose turn it is among those that compete may be another one after a restart: here one takes all.
        if (step.who !== 'a' && (step.filter === 'q' || step.filter.startsWith('$share'))) break;
        const noLocal = step.noLocal && !step.filter.startsWith('$share');
        // A retained message on its way to a new subscription does not survive: it is only sent to those who take it.
        const retainHandling = client?.acknowledges === true ? 0 : 2;
        await client?.subscribe(step.filter, { qos: step.qos, noLocal, retainHandling });
        break;
      }
      case 'unsubscribe':
        await client?.unsubscribe(step.filter);
        break;
      case 'publish':
        if (client?.engine.phase === 'open') client.publish(step.topic, `${++this.number}`, step);
        break;
      case 'pass':
        await this.plane.pass(step.seconds);
        break;
      case 'crash':
        await this.crash(step.seconds);
    }
    await this.plane.settle();
  }

  private connect({ who: name, clean, expiry, will }: Extract<Step, { kind: 'connect' }>): void {
    if (this.now(name) !== undefined) return;
    const client = new Client(this.plane, name, {
      cleanStart: clean,
      properties: { sessionExpiryInterval: expiry },
      will: will && {
        topic: `wills/${name}`,
        payload: Buffer.from(`will of ${name}`),
        qos: 1,
        retain: will.retain,
        properties: { willDelayInterval: will.delay },
      },
    });
    this.lives.set(name, [...(this.lives.get(name) ?? []), client]);
  }

  /** Then the server is away for a while. */
  private async crash(goneFor: number): Promise<void> {
    await this.plane.settle();
    const clients = CLIENTS.map((name) => this.now(name));
    if (this.crashes) {
      // So that it is known when that was: the server is taken to have been there for a minute after it last said so.
      this.plane.broker.keep(Kind.clock, 'alive', encodeClock(this.plane.now - CLOCK_MS));
      await this.plane.settle();
      for (const client of clients) client?.lose();
      this.wills += this.plane.protocol.counters.willsSent;
      const journal = (this.plane.journal as CrashingJournal).crash();
      this.plane = restart(journal, { now: this.plane.now + goneFor * 1000 }, (broker) => {
        broker.declare('q', { type: 'queue' });
      });
    } else {
      for (const client of clients) client?.drop();
      await this.plane.pass(goneFor);
    }
  }

  /** All that can be seen from outside. */
  seen(): unknown {
    const { broker, protocol } = this.plane;
    const clients = CLIENTS.map((name) =>
      (this.lives.get(name) ?? []).map(({ connack, received }) => ({
        present: connack?.sessionPresent,
        // The order holds for each subscription and QoS, and what is sent anew has the QoS that its subscription now has.
        received: received.map(({ topic, text, retain }) => `${topic} ${text} ${retain}`).sort(),
      })),
    );
    const subscriptions = broker
      .subscriptions()
      .map(({ durableName, stored }) => `${durableName}: ${stored}`)
      .sort();
    const retained = broker.retainedMatching('#').map(({ address, bytes, split, end }) => {
      return `${address}: ${bytes.toString('utf8', split, end)}`;
    });
    const wills = this.wills + protocol.counters.willsSent;
    return { clients, subscriptions, wills, retained: retained.sort(), sessions: protocol.sessions };
  }
}

test('a server that crashes is one whose cables are pulled', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const worlds = [new World(true), new World(false)] as const;
      for (const step of taken) {
        for (const world of worlds) await world.run(step);
        expect(worlds[0].seen(), JSON.stringify(step)).toEqual(worlds[1].seen());
      }
    }),
    { numRuns: Number(process.env.MILLRACE_RUNS ?? 100) },
  );
}, 600_000);

/**
 * Clients with sessions that stay publish and receive with QoS 1 and 2, lose their connections, acknowledge late; the
 * server crashes between any two steps, with any number of its batches on disk. When all is over, what was published is
 * with every receiver: of QoS 2 exactly once, of QoS 1 at least once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CrashingJournal } from '../support/crashing-journal.js';
import { Client, type ClientOptions, Plane, restart } from './support/plane.js';

const PUBLISHERS = ['p0', 'p1'] as const;
/** By client: filter and QoS. Two share one subscription. */
const RECEIVERS = {
  once: ['t', 2],
  least: ['t', 1],
  share0: ['$share/g/t', 2],
  share1: ['$share/g/t', 2],
} as const;
const NAMES = [...PUBLISHERS, ...(Object.keys(RECEIVERS) as (keyof typeof RECEIVERS)[])];
type Name = (typeof NAMES)[number];

type Step =
  | { kind: 'publish'; from: (typeof PUBLISHERS)[number]; qos: 1 | 2 }
  | { kind: 'connect' | 'cut' | 'flush' | 'acknowledge'; who: Name }
  | { kind: 'turn' }
  | { kind: 'write'; count: number }
  | { kind: 'crash'; written: number; flushed: readonly Name[] };

const who = fc.constantFrom(...NAMES);
const count = fc.nat({ max: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('publish' as const),
        from: fc.constantFrom(...PUBLISHERS),
        qos: fc.constantFrom(1 as const, 2 as const),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('connect' as const), who }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), who }) },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('flush' as const), who }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), who }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), count }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('crash' as const),
        written: count,
        flushed: fc.subarray(NAMES),
      }),
    },
  ),
  { minLength: 20, maxLength: 120, size: 'max' },
);

class World {
  plane: Plane;
  journal = new CrashingJournal();
  readonly published: { readonly text: string; readonly qos: 1 | 2 }[] = [];
  /** By client, over all its connections. */
  readonly lives = new Map<Name, Client[]>();

  constructor() {
    this.plane = new Plane({ journal: this.journal });
  }

  async begin(): Promise<void> {
    for (const name of NAMES) this.connect(name);
    await this.plane.settle();
    for (const [name, [filter, qos]] of Object.entries(RECEIVERS)) {
      expect(await this.now(name as Name)?.subscribe(filter, { qos })).toBe(qos);
    }
    for (const client of this.plane.clients) client.acknowledges = false;
    this.journal.holds = true;
  }

  now(name: Name): Client | undefined {
    const client = this.lives.get(name)?.at(-1);
    return client === undefined || client.closed ? undefined : client;
  }

  connect(name: Name): void {
    const before = this.lives.get(name)?.at(-1);
    if (before?.closed === false) return;
    const options: ClientOptions = {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1000 },
      limits: { receiveMaximum: 3, topicAliasMaximum: 0 },
      ...(before === undefined ? {} : { keeps: before }),
    };
    const client = new Client(this.plane, name, options);
    client.acknowledges = false;
    this.lives.set(name, [...(this.lives.get(name) ?? []), client]);
  }

  /** Of all connections: what the client has taken in it need not be told again, though its connection is gone. */
  acknowledge(name: Name): void {
    for (const client of this.lives.get(name) ?? []) {
      for (const { tag, qos } of client.received.slice(client.acknowledged)) {
        client.acknowledged++;
        if (qos > 0) client.engine.acknowledge(tag);
      }
    }
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'publish': {
        const text = `${this.published.length}`;
        const { qos } = step;
        const client = this.now(step.from);
        if (client?.engine.phase === 'open' && client.publish('t', text, { qos }) === 'sent') {
          this.published.push({ text, qos });
        }
        return;
      }
      case 'connect':
        this.connect(step.who);
        return;
      case 'cut':
        this.now(step.who)?.drop();
        return;
      case 'flush':
        this.now(step.who)?.flush();
        return;
      case 'acknowledge':
        this.acknowledge(step.who);
        return;
      case 'turn':
        await new Promise((resolve) => setImmediate(resolve));
        return;
      case 'write':
        this.journal.write(step.count);
        return;
      case 'crash':
        // What was written to a socket may arrive, though the server is gone.
        for (const name of step.flushed) this.now(name)?.flush();
        for (const name of NAMES) this.now(name)?.lose();
        this.plane = restart(this.journal.crash(step.written));
        this.journal = this.plane.journal as CrashingJournal;
        this.journal.holds = true;
    }
  }

  /** Everybody is connected and takes what comes, until nothing moves. */
  async finish(): Promise<void> {
    this.journal.holds = false;
    this.journal.write();
    for (let round = 0; round < 3; round++) {
      for (const name of NAMES) this.connect(name);
      await this.plane.settle();
    }
    for (let before = -1, seen = 0; seen !== before; ) {
      before = seen;
      for (const name of NAMES) this.acknowledge(name);
      await this.plane.settle();
      seen = NAMES.reduce((sum, name) => sum + this.texts(name).length, 0);
    }
  }

  texts(name: Name): string[] {
    return (this.lives.get(name) ?? []).flatMap((client) => client.texts);
  }

  check(): void {
    const all = this.published.map(({ text }) => text);
    const once = this.published.filter(({ qos }) => qos === 2).map(({ text }) => text);
    for (const name of PUBLISHERS) {
      expect(this.now(name)?.engine.session.inFlight, `${name} waits for an answer`).toBe(0);
    }
    const shared = [...this.texts('share0'), ...this.texts('share1')];
    for (const texts of [this.texts('once'), this.texts('least'), shared]) {
      expect(all.filter((text) => !texts.includes(text))).toEqual([]);
    }
    for (const texts of [this.texts('once'), shared]) {
      expect(once.filter((text) => texts.filter((one) => one === text).length > 1)).toEqual([]);
    }
    for (const view of this.plane.broker.subscriptions())
      expect([view.durableName, view.stored]).toEqual([view.durableName, 0]);
    for (const kind of ['mqtt/incoming', 'mqtt/outgoing']) {
      expect([...this.plane.broker.kept(kind).keys()], kind).toEqual([]);
    }
  }
}

test('nothing that was acknowledged is lost, and QoS 2 comes once, whenever the server crashes', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const world = new World();
      await world.begin();
      for (const step of taken) await world.run(step);
      await world.finish();
      world.check();
    }),
    { numRuns: Number(process.env.MILLRACE_RUNS ?? 60) },
  );
}, 600_000);

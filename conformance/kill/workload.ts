/** One kind of load with what it checks. All of them run at once, through every kill. */
import type { DurableServer } from '../harness/durable-server.js';
import type { ReceivingClient, SendingClient } from './clients.js';
import { type Comparison, compare, type Destination } from './compare.js';
import type { ReceiverLedger } from './ledger.js';

/** One thing that was held against the ledger, with what was wrong. */
export interface Check {
  readonly name: string;
  readonly faults: readonly string[];
}

export interface Workload {
  readonly kind: string;
  /** Declares what it needs and starts its clients. */
  start(server: DurableServer): Promise<void>;
  /** Messages accepted and received so far, for the table of rounds. */
  counts(): { readonly accepted: number; readonly received: number };
  /** Called when the server was killed. */
  killed?(at: number): void;
  /** What can be said at once after a restart; empty when there is nothing to look at. */
  afterRestart?(server: DurableServer): Promise<Check[]>;
  /** What still waits after the restart: undefined when each client does its work again. */
  waitsFor(): string | undefined;
  /** Sends no more, and waits for what is under way. */
  stopSending(): Promise<void>;
  /** After the last restart: receivers that come only now. */
  openLast?(): void;
  /** Undefined when all that was accepted has come. */
  owed(): string | undefined;
  /** Ends the clients and says how everything compares. */
  finish(server: DurableServer, killedAt: readonly number[]): Promise<{ checks: Check[]; comparisons: Comparison[] }>;
}

/** A receiver that is not always there. */
export interface Visitor {
  /** `every-other-round`: there for one round and away for the next; both end with a kill. `last`: once, at the end. */
  readonly comes: 'every-other-round' | 'last';
  readonly ledger: ReceiverLedger;
  open(ledger: ReceiverLedger): ReceivingClient;
}

/** Messages through queues and topics: what most kinds consist of. */
export class MessageLoad implements Workload {
  readonly kind: string;
  readonly destinations: Destination[] = [];
  readonly senders: SendingClient[] = [];
  readonly receivers: ReceivingClient[] = [];
  private readonly visitors: { readonly visitor: Visitor; client: ReceivingClient | undefined }[] = [];
  private readonly acceptedAtRestart = new Map<SendingClient, number>();
  private readonly declare: (load: MessageLoad, server: DurableServer) => Promise<void>;

  constructor(kind: string, declare: (load: MessageLoad, server: DurableServer) => Promise<void>) {
    this.kind = kind;
    this.declare = declare;
  }

  async start(server: DurableServer): Promise<void> {
    await this.declare(this, server);
  }

  /** Registers clients of one destination. */
  add(destination: {
    readonly name: string;
    readonly senders: readonly SendingClient[];
    readonly receivers: readonly ReceivingClient[];
    readonly visitor?: Visitor;
    readonly guarantee?: Destination['guarantee'];
  }): void {
    const { name, senders, receivers, visitor, guarantee = 'at-least-once' } = destination;
    for (const sender of senders) if (!this.senders.includes(sender)) this.senders.push(sender);
    this.receivers.push(...receivers);
    const producers = senders.map(({ ledger }) => ledger);
    const ledgers = receivers.map(({ ledger }) => ledger);
    if (visitor !== undefined) {
      this.visitors.push({ visitor, client: undefined });
      ledgers.push(visitor.ledger);
    }
    this.destinations.push({ name, producers, receivers: ledgers, guarantee });
  }

  counts(): { accepted: number; received: number } {
    return {
      accepted: this.senders.reduce((sum, { ledger }) => sum + ledger.accepted, 0),
      received: this.destinations
        .flatMap(({ receivers }) => receivers)
        .reduce((sum, { receptions }) => sum + receptions.length, 0),
    };
  }

  async afterRestart(): Promise<Check[]> {
    for (const entry of this.visitors) {
      if (entry.visitor.comes === 'last') continue;
      if (entry.client === undefined) entry.client = entry.visitor.open(entry.visitor.ledger);
      else {
        await entry.client.finish();
        entry.visitor.ledger.leftAt.push(Date.now());
        entry.client = undefined;
      }
    }
    return [];
  }

  openLast(): void {
    for (const entry of this.visitors) entry.client ??= entry.visitor.open(entry.visitor.ledger);
  }

  killed(): void {
    for (const sender of this.senders) this.acceptedAtRestart.set(sender, sender.ledger.accepted);
  }

  waitsFor(): string | undefined {
    for (const { process } of [...this.senders, ...this.receivers]) {
      if (process.hasEnded) throw new Error(`"${process.command}" ended by itself: ${process.errors.trim()}`);
    }
    const idle = this.senders.find((sender) => sender.ledger.accepted <= (this.acceptedAtRestart.get(sender) ?? 0));
    if (idle !== undefined) return `${idle.ledger.name} has nothing accepted: ${idle.process.errors.trim()}`;
    const away = this.receivers.find(({ ledger }) => !ledger.connected);
    return away === undefined ? undefined : `${away.ledger.name} is not connected: ${away.process.errors.trim()}`;
  }

  async stopSending(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.finish()));
  }

  owed(): string | undefined {
    for (const { name, producers, receivers } of this.destinations) {
      const got = new Set(
        receivers.flatMap(({ receptions }) => receptions.map(({ producer, sequence }) => `${producer}|${sequence}`)),
      );
      for (const producer of producers) {
        for (const [sequence, sent] of producer.sent) {
          const key = `${producer.name}|${sequence}`;
          if (sent.acceptedAt !== undefined && !got.has(key)) return `${name}: ${key}`;
        }
      }
    }
    return undefined;
  }

  async finish(_server: DurableServer, killedAt: readonly number[]) {
    const visitors = this.visitors.flatMap(({ client }) => (client === undefined ? [] : [client]));
    await Promise.all([...this.receivers, ...visitors].map((receiver) => receiver.finish()));
    const comparisons = this.destinations.map((destination) => compare(destination, killedAt));
    return { checks: comparisons.map(({ name, faults }) => ({ name, faults })), comparisons };
  }
}

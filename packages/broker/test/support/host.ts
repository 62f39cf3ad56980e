/** What stands around a broker in tests: a clock to set, turns to end by hand, consumers and senders that keep a record. */
import { type Journal, JournalError, MemoryJournal } from '@millrace/journal';
import {
  Broker,
  type BrokerOptions,
  type Consumer,
  type Delivery,
  Message,
  type Outcome,
  type Producer,
  type ProducerOptions,
  type RefusalReason,
  type Sender,
  type Subscription,
  type SubscriptionOptions,
} from '../../src/index.js';

export class Host {
  readonly broker: Broker;
  nowMs = 1_000_000;
  scheduled = false;

  constructor(options: Partial<BrokerOptions> = {}) {
    this.broker = new Broker({
      journal: new MemoryJournal(),
      now: () => this.nowMs,
      scheduleCommit: () => {
        if (this.scheduled) throw new Error('asked twice for one end of turn');
        this.scheduled = true;
      },
      ...options,
    });
  }

  /** Ends turns until none is asked for, at most ten. */
  turn(): void {
    for (let i = 0; i < 10 && this.scheduled; i++) {
      this.scheduled = false;
      this.broker.commitPending();
    }
  }

  producer(address: string, options?: ProducerOptions): TestSender {
    const sender = new TestSender();
    const producer = this.broker.openProducer(address, sender, options);
    if (typeof producer === 'string') throw new Error(`no producer: ${producer}`);
    sender.producer = producer;
    return sender;
  }

  subscribe(source: string, options: Partial<SubscriptionOptions> & { capacity?: number } = {}): TestConsumer {
    const { capacity, ...rest } = options;
    const consumer = new TestConsumer(capacity ?? 1000);
    const subscription = this.broker.subscribe(source, consumer, { settles: 'explicit', ...rest });
    if (typeof subscription === 'string') throw new Error(`no subscription: ${subscription}`);
    consumer.subscription = subscription;
    return consumer;
  }
}

export interface MessageFacts {
  readonly durable?: boolean;
  readonly ttlMs?: number;
  readonly size?: number;
}

/** A borrowed message with a text as its content. */
export function message(address: string, text: string, facts: MessageFacts = {}): Message {
  const made = new Message();
  made.bytes = Buffer.from(text.padEnd(facts.size ?? text.length, ' '));
  made.end = made.bytes.length;
  made.address = address;
  made.durable = facts.durable ?? false;
  made.ttlMs = facts.ttlMs ?? 0;
  return made;
}

export function textOf(read: Message): string {
  return read.bytes.toString('utf8', read.split, read.end).trimEnd();
}

export interface Settled {
  readonly tag: number;
  readonly outcome: Outcome;
  readonly reason: RefusalReason | undefined;
}

export class TestSender implements Sender {
  producer!: Producer;
  readonly outcomes: Settled[] = [];
  capacityChanges = 0;
  deleted = false;
  private tag = 0;

  send(text: string, facts?: MessageFacts): string {
    return this.producer.send(message(this.producer.address, text, facts), this.tag++);
  }

  sendOnce(text: string, id: string, facts?: MessageFacts): string {
    return this.producer.sendOnce(message(this.producer.address, text, facts), this.tag++, id);
  }

  sendPresettled(text: string, facts?: MessageFacts): string {
    return this.producer.send(message(this.producer.address, text, facts), -1);
  }

  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    this.outcomes.push({ tag, outcome, reason });
  }

  capacityChanged(): void {
    this.capacityChanges++;
  }

  addressDeleted(): void {
    this.deleted = true;
  }
}

export class TestConsumer implements Consumer {
  subscription!: Subscription;
  readonly deliveries: Delivery[] = [];
  readonly texts: string[] = [];
  readonly messages: Message[] = [];
  end: string | undefined = undefined;
  credit: number;

  constructor(credit: number) {
    this.credit = credit;
  }

  capacity(): number {
    return this.credit;
  }

  deliver(delivered: Message, delivery: Delivery | undefined): void {
    this.credit--;
    this.texts.push(textOf(delivered));
    if (delivered.owned) this.messages.push(delivered);
    if (delivery !== undefined) this.deliveries.push(delivery);
  }

  closed(reason: 'deleted' | 'taken-over'): void {
    this.end = reason;
  }

  give(credit: number): void {
    this.credit += credit;
    this.subscription.wake();
  }

  settle(at: number, outcome: Outcome): void {
    this.deliveries[at]!.settle(outcome);
  }

  settleAll(outcome: Outcome): void {
    for (const delivery of this.deliveries) delivery.settle(outcome);
  }
}

/** Fails commits as told, and reports when told: at once, or by `report()`. */
export class FailingJournal implements Journal {
  readonly durable = false;
  appended = 0;
  commits = 0;
  readonly waiting: (() => void)[] = [];
  private readonly fails: (commit: number) => boolean;
  private readonly later: boolean;

  constructor(options: { readonly fails: (commit: number) => boolean; readonly later?: boolean }) {
    this.fails = options.fails;
    this.later = options.later ?? false;
  }

  append(): number {
    return ++this.appended;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    const error = this.fails(++this.commits) ? new JournalError('no space left') : undefined;
    if (this.later) this.waiting.push(() => done(error));
    else done(error);
  }

  report(): void {
    for (const done of this.waiting.splice(0)) done();
  }
}

export const everyThird = (commit: number): boolean => commit % 3 === 0;

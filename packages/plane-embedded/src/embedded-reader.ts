/**
 * One job's reader on the embedded broker: a consumer that gathers what is delivered into columns, and settles it by
 * transactions. Nothing is copied but the columns that the job reads.
 */
import {
  type Broker,
  type Consumer,
  type DeadLetter,
  type Delivery,
  type Message,
  Outcome,
  type Subscription,
  type Transaction,
} from '@millrace/broker';
import type {
  Commit,
  ConnectionObservation,
  LinkObservation,
  MessageAccess,
  MessageBatch,
  MessageReader,
  OutputMessage,
} from '@millrace/controller';
import { AddressNames } from './address-names.js';
import { BatchBuilder } from './batch-builder.js';
import { commitRefusal, openRefusal } from './commit-refusal.js';
import { withReason } from './translate/dead-letter-reason.js';
import { duplicateIdOf } from './translate/duplicate-id.js';
import { messageFromOutput } from './translate/message-from-output.js';
import { RowReader } from './translate/row-from-message.js';

/** What one reader holds unread at most; the rest waits at the address, where its bounds hold. */
const BATCH_MESSAGES = 8_192;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Read and not committed at most: a job whose commits do not get through stops reading. */
const OPEN_BATCHES = 8;
/** Empty batches kept for use again. */
const SPARE_BATCHES = 2;

const NO_OUTPUTS: Transaction['outputs'] = [];
const NO_DEAD_LETTERS: readonly DeadLetter[] = [];
const NOTHING_KEPT: NonNullable<Transaction['kept']> = [];

export type OpenOptions = Parameters<MessageAccess['open']>[0];

/** The durable subscription by which a job reads topics (DESIGN §2). */
export function durableNameOf(job: string): string {
  return `job/${job}`;
}

/** Under which the records of a job's state are kept. */
export function stateKindOf(job: string): string {
  return `$state/${job}`;
}

export interface ReaderEvents {
  readonly closed: () => void;
  /** 1: a commit begins, -1: it is done, or will never be. */
  readonly committing: (change: 1 | -1) => void;
}

export class EmbeddedReader implements MessageReader {
  undecodable = 0;
  closed = false;
  private readonly openedAt: string;
  /** Messages taken, and outputs stored, since opened. */
  private taken = 0;
  private sent = 0;
  /** Outputs whose commit is under way. */
  private sending = 0;
  private readonly broker: Broker;
  private readonly options: OpenOptions;
  private readonly stateKind: string;
  private readonly subscription: Subscription;
  private readonly rows: RowReader;
  private readonly names = new AddressNames();
  private filling: BatchBuilder;
  /** Read, not committed, oldest first. */
  private readonly open: BatchBuilder[] = [];
  private readonly spare: BatchBuilder[] = [];
  private token = 0;
  private announced = false;
  private readonly events: ReaderEvents;

  constructor(broker: Broker, options: OpenOptions, events: ReaderEvents) {
    this.broker = broker;
    this.openedAt = new Date(broker.nowMs).toISOString();
    this.options = options;
    this.events = events;
    this.stateKind = stateKindOf(options.job);
    this.rows = new RowReader(options.columns);
    this.filling = new BatchBuilder(options.columns, this.names.list);
    const consumer: Consumer = {
      capacity: () => this.capacity(),
      deliver: (message, delivery) => this.deliver(message, delivery),
      closed: () => this.sourceGone(),
    };
    const subscription = broker.subscribe(options.source, consumer, {
      settles: 'explicit',
      durableName: durableNameOf(options.job),
      undeclared: 'topic',
      // A job that falls behind holds its publishers back: what it computes is to be right, not early.
      whenFull: 'block',
    });
    if (typeof subscription === 'string') throw openRefusal(subscription, options.source);
    this.subscription = subscription;
    subscription.wake();
  }

  private capacity(): number {
    if (this.closed || this.filling.contentBytes >= BATCH_BYTES) return 0;
    return BATCH_MESSAGES - this.filling.count;
  }

  private deliver(message: Message, delivery: Delivery | undefined): void {
    if (delivery === undefined) return;
    const batch = this.filling;
    const row = batch.addRow(message.time, delivery);
    batch.contentBytes += message.end - message.start;
    if (batch.addresses !== undefined) batch.addresses[row] = this.names.idOf(message.address);
    this.taken += 1;
    try {
      this.rows.read(message, delivery, batch, row);
    } catch {
      // Bytes that are not what their protocol says: to the dead letters, and the job goes on (DESIGN §4).
      batch.removeLastRow();
      this.undecodable += 1;
      delivery.settle(Outcome.rejected);
      return;
    }
    if (!this.announced) {
      this.announced = true;
      this.options.onReady();
    }
  }

  readBatch(_maxMessages: number): MessageBatch | undefined {
    if (this.filling.count === 0 || this.open.length >= OPEN_BATCHES) {
      this.announced = this.filling.count > 0;
      return undefined;
    }
    const batch = this.filling;
    if (this.names.renewIfFull()) this.spare.length = 0;
    this.filling = this.spare.pop() ?? new BatchBuilder(this.options.columns, this.names.list);
    this.token += 1;
    batch.token = this.token;
    this.open.push(batch);
    if (!this.closed) this.subscription.wake();
    return batch;
  }

  commit(commit: Commit, done: (error: Error | undefined) => void): void {
    const consumed = commit.consumed ?? 0;
    let batches = 0;
    // Of a source that is gone nothing is open: what was read of it cannot come again, and its outputs go alone.
    while (batches < this.open.length && this.open[batches]!.token <= consumed) batches += 1;
    const kind = this.stateKind;
    const transaction: Transaction = {
      consumed: this.deliveriesOf(batches),
      outputs: commit.outputs.length === 0 ? NO_OUTPUTS : commit.outputs.map(outputOf),
      kept: commit.state.length === 0 ? NOTHING_KEPT : commit.state.map(({ key, bytes }) => ({ kind, key, bytes })),
      deadLetters: this.deadLettersOf(commit.undecodable),
    };
    this.sending += commit.outputs.length;
    this.events.committing(1);
    this.broker.commit(transaction, (reason) => {
      this.sending -= commit.outputs.length;
      this.events.committing(-1);
      if (reason !== undefined) {
        done(commitRefusal(this.broker, reason, commit.outputs));
        return;
      }
      this.sent += commit.outputs.length;
      if (!this.closed) for (let left = batches; left > 0; left -= 1) this.useAgain(this.open.shift()!);
      done(undefined);
    });
  }

  backlog(): number {
    return this.filling.count + (this.closed ? 0 : this.subscription.backlog());
  }

  oldestUnreadTime(): number | undefined {
    if (this.filling.count === 0 && !this.closed) this.subscription.wake();
    if (this.filling.count > 0) return this.filling.times[0];
    // What waits there and was not given out is being read from the journal.
    return this.closed ? undefined : this.subscription.oldestTime();
  }

  clockMs(): number {
    return this.broker.nowMs;
  }

  advanceClock(timeMs: number): void {
    this.broker.advanceClock(timeMs);
  }

  /** Has the job look at what it waits for. */
  ready(): void {
    this.options.onReady();
  }

  observe(): ConnectionObservation {
    const { job, source, target } = this.options;
    const link = { name: job, role: 'receiver', address: source } as const;
    const links: LinkObservation[] = [
      { ...link, credit: this.capacity(), unsettled: this.unsettled, deliveries: this.taken },
    ];
    if (target !== undefined) {
      const counts = { credit: 0, unsettled: this.sending, deliveries: this.sent };
      links.push({ name: job, role: 'sender', address: target, ...counts });
    }
    return {
      id: `job-${job}`,
      protocol: 'job',
      container: durableNameOf(job),
      host: '',
      user: '',
      encrypted: false,
      openedAt: this.openedAt,
      properties: {},
      links,
    };
  }

  /** Taken and not committed. */
  private get unsettled(): number {
    return this.open.reduce((sum, batch) => sum + batch.count, this.filling.count);
  }

  close(): void {
    this.events.closed();
    if (this.closed) return;
    this.closed = true;
    // Last first: what is given back takes its old place ahead of the rest.
    for (const batch of [...this.open, this.filling].reverse()) {
      for (let row = batch.deliveries.length - 1; row >= 0; row -= 1) batch.deliveries[row]!.settle(Outcome.released);
    }
    this.letGo();
    this.subscription.close();
  }

  /** The address was deleted, or the durable subscription forgotten: what was delivered is void. */
  private sourceGone(): void {
    this.closed = true;
    this.letGo();
    this.events.closed();
    this.options.onReady();
  }

  /** Batches are dropped as they are: a commit under way still has their deliveries, and the broker ends those. */
  private letGo(): void {
    this.open.length = 0;
    this.spare.length = 0;
    this.filling = new BatchBuilder(this.options.columns, this.names.list);
  }

  private useAgain(batch: BatchBuilder): void {
    if (this.spare.length >= SPARE_BATCHES || batch.addressNames !== this.names.list) return;
    batch.clear();
    this.spare.push(batch);
  }

  /** What was read of a source that is gone is gone with it. */
  private deadLettersOf(undecodable: Commit['undecodable']): readonly DeadLetter[] {
    if (undecodable === undefined || undecodable.length === 0) return NO_DEAD_LETTERS;
    return undecodable.flatMap(({ token, row, reason }) => {
      const delivery = this.open.find((batch) => batch.token === token)?.deliveries[row];
      return delivery === undefined ? [] : [{ delivery, message: withReason(delivery.message, reason) }];
    });
  }

  private deliveriesOf(batches: number): readonly Delivery[] {
    if (batches === 1) return this.open[0]!.deliveries;
    return this.open.slice(0, batches).flatMap((batch) => batch.deliveries);
  }
}

function outputOf(output: OutputMessage): Transaction['outputs'][number] {
  const { address, messageId } = output;
  const message = messageFromOutput(output);
  return messageId === undefined ? { address, message } : { address, message, id: duplicateIdOf(messageId) };
}

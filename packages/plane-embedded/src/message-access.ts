/**
 * How jobs read and write on the embedded broker: a reader is one more consumer, which gathers what is delivered into
 * columns, and a commit is one broker transaction. Nothing is copied but the columns that the job reads.
 */
import {
  type Broker,
  type Consumer,
  type Delivery,
  type Message,
  Outcome,
  type RefusalReason,
  type Subscription,
} from '@millrace/broker';
import {
  type Commit,
  type MessageAccess,
  type MessageBatch,
  type MessageReader,
  PlaneRefusal,
} from '@millrace/controller';
import { BatchBuilder } from './batch-builder.js';
import { messageFromOutput } from './translate/message-from-output.js';
import { RowReader } from './translate/row-from-message.js';

/** What one reader holds unread at most; the rest waits at the address, where its bounds hold. */
const BATCH_MESSAGES = 8_192;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Read and not committed at most: a job whose commits do not get through stops reading. */
const OPEN_BATCHES = 8;

export interface OpenOptions {
  readonly job: string;
  readonly source: string;
  readonly columns: readonly string[];
  readonly onReady: () => void;
}

export class EmbeddedMessageAccess implements MessageAccess {
  private readonly broker: Broker;
  /** Readers that are open, for observation: name of the job → reader. */
  readonly readers = new Map<string, EmbeddedReader>();

  constructor(broker: Broker) {
    this.broker = broker;
  }

  open(options: OpenOptions): MessageReader {
    const reader = new EmbeddedReader(this.broker, options, () => this.readers.delete(options.job));
    this.readers.set(options.job, reader);
    return reader;
  }

  forget(job: string): void {
    this.broker.forgetSubscription(durableNameOf(job));
    this.broker.forgetState(job);
  }
}

/** The durable subscription by which a job reads topics (DESIGN §2). */
function durableNameOf(job: string): string {
  return `job/${job}`;
}

export class EmbeddedReader implements MessageReader {
  readonly job: string;
  readonly source: string;
  /** Messages taken since opened. */
  taken = 0;
  undecodable = 0;
  closed = false;
  private readonly broker: Broker;
  private readonly options: OpenOptions;
  private readonly subscription: Subscription;
  private readonly rows: RowReader;
  private readonly addressNames: string[] = [];
  private readonly addressIds = new Map<string, number>();
  private lastAddress = '';
  private lastAddressId = -1;
  private filling: BatchBuilder;
  /** Read, not committed, oldest first. */
  private readonly open: BatchBuilder[] = [];
  private readonly spare: BatchBuilder[] = [];
  private token = 0;
  private announced = false;
  private readonly onClose: () => void;

  constructor(broker: Broker, options: OpenOptions, onClose: () => void) {
    this.broker = broker;
    this.job = options.job;
    this.source = options.source;
    this.options = options;
    this.onClose = onClose;
    this.rows = new RowReader(options.columns);
    this.filling = new BatchBuilder(options.columns, this.addressNames);
    const consumer: Consumer = {
      capacity: () => this.capacity(),
      deliver: (message, delivery) => this.deliver(message, delivery),
      // The address was deleted, or somebody else took the durable subscription over.
      closed: () => {
        this.closed = true;
        this.options.onReady();
      },
    };
    const subscription = broker.subscribe(options.source, consumer, {
      settles: 'explicit',
      durableName: durableNameOf(options.job),
      undeclared: 'topic',
      // A job that falls behind holds its publishers back: what it computes is to be right, not early.
      whenFull: 'block',
    });
    if (typeof subscription === 'string') throw refusal(subscription, options.source);
    this.subscription = subscription;
    subscription.wake();
  }

  private capacity(): number {
    if (this.closed || this.filling.bodyBytes >= BATCH_BYTES) return 0;
    return BATCH_MESSAGES - this.filling.count;
  }

  private deliver(message: Message, delivery: Delivery | undefined): void {
    if (delivery === undefined) return;
    const batch = this.filling;
    const row = batch.addRow(message.time, delivery);
    if (batch.addresses !== undefined) batch.addresses[row] = this.addressId(message.address);
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
    this.filling = this.spare.pop() ?? new BatchBuilder(this.options.columns, this.addressNames);
    this.token += 1;
    batch.token = this.token;
    this.open.push(batch);
    if (!this.closed) this.subscription.wake();
    return batch;
  }

  commit(commit: Commit, done: (error: Error | undefined) => void): void {
    const consumed = commit.consumed ?? 0;
    let batches = 0;
    while (batches < this.open.length && this.open[batches]!.token <= consumed) batches += 1;
    const transaction = {
      consumed: this.deliveriesOf(batches),
      outputs: commit.outputs.map((output) => ({ address: output.address, message: messageFromOutput(output) })),
      state: commit.state === undefined ? undefined : { name: this.job, bytes: commit.state },
    };
    this.broker.commit(transaction, (reason) => {
      if (reason !== undefined) {
        done(commitError(reason, commit));
        return;
      }
      for (const batch of this.open.splice(0, batches)) {
        batch.clear();
        if (this.spare.length < OPEN_BATCHES) this.spare.push(batch);
      }
      done(undefined);
    });
  }

  backlog(): number {
    return this.filling.count + (this.closed ? 0 : this.subscription.backlog());
  }

  oldestUnreadTime(): number | undefined {
    if (this.filling.count === 0 && !this.closed) this.subscription.wake();
    return this.filling.count > 0 ? this.filling.times[0] : undefined;
  }

  clockMs(): number {
    return this.broker.nowMs;
  }

  close(): void {
    this.onClose();
    if (this.closed) return;
    this.closed = true;
    // Last first: what is given back takes its old place ahead of the rest.
    for (const batch of [...this.open, this.filling].reverse()) {
      for (let row = batch.deliveries.length - 1; row >= 0; row -= 1) batch.deliveries[row]!.settle(Outcome.released);
      batch.clear();
    }
    this.open.length = 0;
    this.subscription.close();
  }

  private deliveriesOf(batches: number): readonly Delivery[] {
    if (batches === 1) return this.open[0]!.deliveries;
    return this.open.slice(0, batches).flatMap((batch) => batch.deliveries);
  }

  private addressId(address: string): number {
    if (address === this.lastAddress) return this.lastAddressId;
    let id = this.addressIds.get(address);
    if (id === undefined) {
      id = this.addressNames.push(address) - 1;
      this.addressIds.set(address, id);
    }
    this.lastAddress = address;
    this.lastAddressId = id;
    return id;
  }
}

function refusal(reason: RefusalReason, source: string): PlaneRefusal {
  if (reason === 'not-found') return new PlaneRefusal('NotFound', `there is no address ${source}`);
  return new PlaneRefusal('Conflict', `the address ${source} cannot be read: ${reason}`);
}

function commitError(reason: RefusalReason, commit: Commit): Error {
  const targets = [...new Set(commit.outputs.map((output) => output.address))].join(', ');
  switch (reason) {
    case 'not-found':
      return new PlaneRefusal('NotFound', `there is no address ${targets}`);
    case 'resource-limit-exceeded':
      return new PlaneRefusal('Full', `the address ${targets} is full`);
    default:
      return new PlaneRefusal('Conflict', `the outputs for ${targets} were refused: ${reason}`);
  }
}

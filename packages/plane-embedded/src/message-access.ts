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
  type OutputMessage,
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
/** Empty batches kept for use again. */
const SPARE_BATCHES = 2;
/** Concrete topics that one list of names holds, give or take a batch; then a new list is begun. */
const ADDRESS_NAMES = 65_536;

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
    const reader = new EmbeddedReader(this.broker, options, () => {
      if (this.readers.get(options.job) === reader) this.readers.delete(options.job);
    });
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
  private addressNames: string[] = [];
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
      closed: () => this.sourceGone(),
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
    if (this.closed || this.filling.contentBytes >= BATCH_BYTES) return 0;
    return BATCH_MESSAGES - this.filling.count;
  }

  private deliver(message: Message, delivery: Delivery | undefined): void {
    if (delivery === undefined) return;
    const batch = this.filling;
    const row = batch.addRow(message.time, delivery);
    batch.contentBytes += message.end - message.start;
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
    if (this.addressNames.length >= ADDRESS_NAMES) this.renewAddressNames();
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
    // Of a source that is gone nothing is open: what was read of it cannot come again, and its outputs go alone.
    while (batches < this.open.length && this.open[batches]!.token <= consumed) batches += 1;
    const transaction = {
      consumed: this.deliveriesOf(batches),
      outputs: commit.outputs.map((output) => ({ address: output.address, message: messageFromOutput(output) })),
      state: commit.state === undefined ? undefined : { name: this.job, bytes: commit.state },
    };
    this.broker.commit(transaction, (reason) => {
      if (reason !== undefined) {
        done(this.commitError(reason, commit.outputs));
        return;
      }
      if (!this.closed) for (const batch of this.open.splice(0, batches)) this.useAgain(batch);
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
    }
    this.letGo();
    this.subscription.close();
  }

  /** The address was deleted, or the durable subscription forgotten: what was delivered is void. */
  private sourceGone(): void {
    this.closed = true;
    this.letGo();
    this.onClose();
    this.options.onReady();
  }

  /** Batches are dropped as they are: a commit under way still has their deliveries, and the broker ends those. */
  private letGo(): void {
    this.open.length = 0;
    this.spare.length = 0;
    this.filling = new BatchBuilder(this.options.columns, this.addressNames);
  }

  private useAgain(batch: BatchBuilder): void {
    if (this.spare.length >= SPARE_BATCHES || batch.addressNames !== this.addressNames) return;
    batch.clear();
    this.spare.push(batch);
  }

  /** What is kept by names elsewhere is kept by list: a new list tells all to forget. */
  private renewAddressNames(): void {
    this.addressNames = [];
    this.addressIds.clear();
    this.lastAddress = '';
    this.lastAddressId = -1;
    this.spare.length = 0;
  }

  private deliveriesOf(batches: number): readonly Delivery[] {
    if (batches === 1) return this.open[0]!.deliveries;
    return this.open.slice(0, batches).flatMap((batch) => batch.deliveries);
  }

  private commitError(reason: RefusalReason, outputs: readonly OutputMessage[]): PlaneRefusal {
    const counts = new Map<string, number>();
    for (const { address } of outputs) counts.set(address, (counts.get(address) ?? 0) + 1);
    switch (reason) {
      case 'not-found': {
        const missing = [...counts.keys()].filter((address) => this.broker.address(address) === undefined);
        return new PlaneRefusal('NotFound', `there is no address ${listed(missing)}`);
      }
      case 'resource-limit-exceeded':
        return new PlaneRefusal('Full', this.fullness(counts));
      case 'journal-failed':
        return new PlaneRefusal('Conflict', 'the journal could not store them');
      default:
        return new PlaneRefusal('Conflict', `the outputs for ${listed([...counts.keys()])} were refused: ${reason}`);
    }
  }

  /** Waiting for room helps, unless all that is to be stored at once is more than fits at all. */
  private fullness(counts: ReadonlyMap<string, number>): string {
    for (const [address, count] of counts) {
      const limit = this.broker.address(address)?.settings.limits.messages;
      if (limit === undefined || count <= limit) continue;
      return `the address ${address} holds ${limit} messages at most, and ${count} are to be stored together: raise its limit`;
    }
    return `the address ${listed([...counts.keys()])} is full`;
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

/** The first few: a job may send to any number of addresses. */
function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, 3).join(', ');
  return addresses.length > 3 ? `${shown} and ${addresses.length - 3} more` : shown;
}

function refusal(reason: RefusalReason, source: string): PlaneRefusal {
  if (reason === 'not-found') return new PlaneRefusal('NotFound', `there is no address ${source}`);
  return new PlaneRefusal('Conflict', `the address ${source} cannot be read: ${reason}`);
}

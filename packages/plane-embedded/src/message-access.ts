/**
 * How jobs read and write on the embedded broker: a reader is one more consumer, and a commit is one broker transaction.
 */
import type { Broker } from '@millrace/broker';
import type { ConnectionObservation, MessageAccess, MessageReader } from '@millrace/controller';
import { durableNameOf, EmbeddedReader, type OpenOptions, stateKindOf } from './embedded-reader.js';

export class EmbeddedMessageAccess implements MessageAccess {
  private readonly broker: Broker;
  /** Readers that are open: name of the job → reader. */
  private readonly readers = new Map<string, EmbeddedReader>();
  /** Commits under way: name of the job → how many, of whichever reader. */
  private readonly underWay = new Map<string, number>();
  /** Jobs whose state is to be forgotten when those are through. */
  private readonly forgetting = new Set<string>();

  constructor(broker: Broker) {
    this.broker = broker;
  }

  get keepsState(): boolean {
    return this.broker.durable;
  }

  open(options: OpenOptions): MessageReader {
    const { job } = options;
    const reader = new EmbeddedReader(this.broker, options, {
      closed: () => {
        if (this.readers.get(job) === reader) this.readers.delete(job);
      },
      committing: (change) => this.committing(job, change),
    });
    this.readers.set(job, reader);
    return reader;
  }

  state(job: string): ReadonlyMap<string, Uint8Array> | 'committing' {
    return this.underWay.has(job) ? 'committing' : this.broker.kept(stateKindOf(job));
  }

  forgetState(job: string): void {
    // A commit under way may bring records that are not there yet.
    if (this.underWay.has(job)) this.forgetting.add(job);
    const kind = stateKindOf(job);
    for (const key of this.broker.kept(kind).keys()) this.broker.forget(kind, key);
  }

  /** The jobs that read, each as a connection with a link at either end. */
  *observe(): Generator<ConnectionObservation> {
    for (const reader of this.readers.values()) yield reader.observe();
  }

  forget(job: string): void {
    this.broker.forgetSubscription(durableNameOf(job));
    this.forgetState(job);
  }

  /** @param change 1: a commit of the job begins, -1: it is done */
  private committing(job: string, change: 1 | -1): void {
    const count = (this.underWay.get(job) ?? 0) + change;
    if (count > 0) {
      this.underWay.set(job, count);
      return;
    }
    this.underWay.delete(job);
    if (this.forgetting.delete(job)) this.forgetState(job);
    this.readers.get(job)?.ready();
  }
}

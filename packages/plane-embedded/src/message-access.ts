/**
 * How jobs read and write on the embedded broker: a reader is one more consumer, and a commit is one broker transaction.
 */
import type { Broker } from '@millrace/broker';
import type { ConnectionObservation, MessageAccess, MessageReader } from '@millrace/controller';
import { durableNameOf, EmbeddedReader, type OpenOptions } from './embedded-reader.js';

export class EmbeddedMessageAccess implements MessageAccess {
  private readonly broker: Broker;
  /** Readers that are open: name of the job → reader. */
  private readonly readers = new Map<string, EmbeddedReader>();

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

  /** The jobs that read, each as a connection with a link at either end. */
  *observe(): Generator<ConnectionObservation> {
    for (const reader of this.readers.values()) yield reader.observe();
  }

  forget(job: string): void {
    this.broker.forgetSubscription(durableNameOf(job));
    this.broker.forgetState(job);
  }
}

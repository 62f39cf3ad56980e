/** One receiver of a direct anycast address. */
import type { Anycast } from './anycast.js';
import type { DirectDelivery } from './direct-delivery.js';
import { Outcome, type RefusalReason } from './outcome.js';
import type { Consumer, Sender, Subscription } from './ports.js';

export class DirectReceiver implements Subscription {
  readonly consumer: Consumer;
  readonly explicit: boolean;
  readonly durableName = undefined;
  readonly existed = false;
  /** Deliveries without an outcome. */
  readonly open = new Set<DirectDelivery>();
  private readonly address: Anycast;
  private closed = false;

  constructor(address: Anycast, consumer: Consumer, options: { readonly explicit: boolean }) {
    this.address = address;
    this.consumer = consumer;
    this.explicit = options.explicit;
  }

  get source(): string {
    return this.address.name;
  }

  wake(): void {
    if (!this.closed) this.address.capacityMoved();
  }

  backlog(): number {
    return 0;
  }

  /** Whether the receiver did something with what it held is not known: to the sender it was tried and failed. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.address.receiverLeft(this);
    this.failOpen(undefined);
  }

  oldestTime(): undefined {
    return undefined;
  }

  isReading(): boolean {
    return false;
  }

  unsubscribe(): void {
    this.close();
  }

  /** The address is deleted. */
  end(): void {
    this.closed = true;
    this.failOpen('deleted');
    this.consumer.closed('deleted');
  }

  answer(sender: Sender, tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    this.address.answer({ sender, tag, outcome, reason });
  }

  private failOpen(reason: RefusalReason | undefined): void {
    for (const delivery of [...this.open]) delivery.end(Outcome.modifiedFailed, reason);
  }
}

/** What is known of recovered messages that were not handed out since. */
import type { StoredDelivery } from './stored-delivery.js';

export class RecoveredCounts {
  private readonly upTo: number;
  private readonly counts: Map<number, number>;

  /**
   * @param upTo messages up to this sequence may have been with a consumer when the process ended
   * @param counts their failed deliveries, where there are any
   */
  constructor(upTo: number, counts: Map<number, number>) {
    this.upTo = upTo;
    this.counts = counts;
  }

  of(sequence: number): number {
    return this.counts.get(sequence) ?? 0;
  }

  /** The message is handed out. */
  hand(delivery: StoredDelivery): void {
    const { sequence } = delivery;
    if (sequence > this.upTo) return;
    delivery.redelivered = true;
    delivery.deliveryCount = this.of(sequence);
    this.counts.delete(sequence);
  }

  forget(sequence: number): void {
    this.counts.delete(sequence);
  }
}

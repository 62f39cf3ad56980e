/**
 * Tells senders that capacity fell to 0 or is back: once a turn, after all else, and only those for whom it changed. A
 * sender may so send again from within the call.
 */
import type { Sender } from './ports.js';

/** A producer as the watch sees it. */
export interface WatchedProducer {
  readonly sender: Sender;
  /** Whether its sender last heard, or saw on opening, that there is capacity. */
  announced: boolean;
  /** Its sender has read a capacity of 0 since: it waits to hear when there is some, even within this turn. */
  sawNone: boolean;
  capacity(): number;
}

/** Whoever has producers: an address, or all topics together. */
export interface CapacitySource {
  eachProducer(visit: (producer: WatchedProducer) => void): void;
}

export class CapacityWatch {
  private changed = new Set<CapacitySource>();

  /** Something happened to this source's capacity. The caller has opened the turn. */
  note(source: CapacitySource): void {
    this.changed.add(source);
  }

  announce(): void {
    if (this.changed.size === 0) return;
    const changed = this.changed;
    this.changed = new Set();
    const told: WatchedProducer[] = [];
    for (const source of changed) source.eachProducer((producer) => collectChanged(producer, told));
    for (const producer of told) producer.sender.capacityChanged();
  }
}

function collectChanged(producer: WatchedProducer, told: WatchedProducer[]): void {
  const { announced, sawNone } = producer;
  const open = producer.capacity() > 0;
  producer.announced = open;
  producer.sawNone = false;
  if (open === announced && !(open && sawNone)) return;
  told.push(producer);
}

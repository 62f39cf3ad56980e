/** Deliveries that came back, lowest sequence first: a binary heap. Ascending pushes cost one comparison each. */
import type { StoredDelivery } from './stored-delivery.js';

export class SequenceHeap {
  private readonly items: StoredDelivery[] = [];

  get size(): number {
    return this.items.length;
  }

  get first(): StoredDelivery | undefined {
    return this.items[0];
  }

  push(delivery: StoredDelivery): void {
    const items = this.items;
    let at = items.length;
    items.push(delivery);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]!.sequence <= delivery.sequence) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = delivery;
  }

  shift(): StoredDelivery | undefined {
    const items = this.items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]!.sequence < items[child]!.sequence) child++;
      if (items[child]!.sequence >= last.sequence) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return first;
  }

  /** Takes out all for which `gone` holds. */
  removeWhere(gone: (delivery: StoredDelivery) => boolean): void {
    const kept = this.items.filter((item) => !gone(item)).sort((a, b) => a.sequence - b.sequence);
    this.items.length = 0;
    for (const item of kept) this.items.push(item);
  }
}

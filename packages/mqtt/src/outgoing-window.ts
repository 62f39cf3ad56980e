/**
 * What was sent and is not done: a window over packet identifiers given in turn, 1 to 65,535 and again from 1. The slot of
 * an identifier follows from its place in the turn, so nothing is searched, and the order of sending is kept for
 * re-delivery [MQTT-4.6.0-1]. The window spans from the oldest entry that is not done to the newest: one that is never
 * done stops the sending when all identifiers behind it are used.
 */
export const OutgoingState = {
  free: 0,
  /** QoS 1 sent, PUBACK to come. */
  awaitingPuback: 1,
  /** QoS 2 sent, PUBREC to come. */
  awaitingPubrec: 2,
  /** QoS 2, PUBREL sent, PUBCOMP to come. */
  awaitingPubcomp: 3,
  awaitingSuback: 4,
  awaitingUnsuback: 5,
} as const;
export type OutgoingState = (typeof OutgoingState)[keyof typeof OutgoingState];

const IDENTIFIERS = 65_535;

/** An entry as it was before a restart. */
export interface RestoredEntry {
  /** Its place in the turn: `sequenceOf` when it was sent. */
  readonly sequence: number;
  readonly state: OutgoingState;
  readonly context: unknown;
}

export class OutgoingWindow {
  private oldest = 0;
  private next = 0;
  private states = new Uint8Array(16);
  private contexts: unknown[] = new Array(16).fill(undefined);
  private entries = 0;

  /** Entries that are not done. */
  get size(): number {
    return this.entries;
  }

  /** Takes the next packet identifier; 0 when the window is full. */
  add(state: OutgoingState, context: unknown): number {
    const span = this.next - this.oldest;
    if (span === IDENTIFIERS) return 0;
    if (span === this.states.length) this.grow();
    const sequence = this.next++;
    const slot = sequence & (this.states.length - 1);
    this.states[slot] = state;
    this.contexts[slot] = context;
    this.entries++;
    return (sequence % IDENTIFIERS) + 1;
  }

  /**
   * Puts entries to the places that they had; for an empty window. What lies too far behind the newest is left out: its
   * identifier was used again.
   * @param entries by rising sequence
   */
  restore(entries: readonly RestoredEntry[]): void {
    const newest = entries.at(-1)?.sequence ?? -1;
    const kept = entries.filter(({ sequence }) => sequence > newest - IDENTIFIERS);
    if (kept.length === 0) return;
    this.oldest = kept[0]!.sequence;
    this.next = newest + 1;
    let size = this.states.length;
    while (size < this.next - this.oldest) size *= 2;
    this.states = new Uint8Array(size);
    this.contexts = new Array(size).fill(undefined);
    for (const { sequence, state, context } of kept) {
      this.states[sequence & (size - 1)] = state;
      this.contexts[sequence & (size - 1)] = context;
    }
    this.entries = kept.length;
  }

  /** Place in the turn of the identifier given last. */
  get lastSequence(): number {
    return this.next - 1;
  }

  /** Slot of an identifier, or -1 when it lies outside the window. */
  private slotOf(packetId: number): number {
    const ahead = (packetId - 1 - (this.oldest % IDENTIFIERS) + IDENTIFIERS) % IDENTIFIERS;
    if (ahead >= this.next - this.oldest) return -1;
    return (this.oldest + ahead) & (this.states.length - 1);
  }

  stateOf(packetId: number): OutgoingState {
    const slot = this.slotOf(packetId);
    return slot < 0 ? OutgoingState.free : (this.states[slot] as OutgoingState);
  }

  contextOf(packetId: number): unknown {
    const slot = this.slotOf(packetId);
    return slot < 0 ? undefined : this.contexts[slot];
  }

  /** For an entry that is there: PUBREC came. */
  setState(packetId: number, state: OutgoingState): void {
    const slot = this.slotOf(packetId);
    if (slot >= 0 && this.states[slot] !== OutgoingState.free) this.states[slot] = state;
  }

  /** The entry is done: its identifier is free again when all before it are. */
  remove(packetId: number): void {
    const slot = this.slotOf(packetId);
    if (slot < 0 || this.states[slot] === OutgoingState.free) return;
    this.states[slot] = OutgoingState.free;
    this.contexts[slot] = undefined;
    this.entries--;
    const mask = this.states.length - 1;
    while (this.oldest < this.next && this.states[this.oldest & mask] === OutgoingState.free) this.oldest++;
  }

  /** The first sequence number that may be in use, and the one behind the last: for going through in order. */
  get bounds(): { readonly oldest: number; readonly next: number } {
    return { oldest: this.oldest, next: this.next };
  }

  /** The packet identifier of a sequence number within `bounds`. */
  packetIdAt(sequence: number): number {
    return (sequence % IDENTIFIERS) + 1;
  }

  private grow(): void {
    const size = this.states.length;
    const states = new Uint8Array(size * 2);
    const contexts: unknown[] = new Array(size * 2).fill(undefined);
    for (let sequence = this.oldest; sequence < this.next; sequence++) {
      states[sequence & (size * 2 - 1)] = this.states[sequence & (size - 1)]!;
      contexts[sequence & (size * 2 - 1)] = this.contexts[sequence & (size - 1)];
    }
    this.states = states;
    this.contexts = contexts;
  }
}

/**
 * What outlives a connection (MQTT 5 §4.1): messages sent and not done, by packet identifier, each with the host's
 * context, and the identifiers of QoS 2 messages received and not released. The messages themselves, and the
 * subscriptions, are the host's.
 */
import { OutgoingState, OutgoingWindow } from './outgoing-window.js';

/** QoS 2 from the receiver's side: from PUBLISH until PUBREL an identifier stands for one message [MQTT-4.3.3-10]. */
export class IncomingExactlyOnce {
  /** False: taken over by the host, not yet decided. True: accepted, PUBREC may go out. */
  private readonly accepted = new Map<number, boolean>();
  /** Repetitions that wait for the decision on the first. */
  private readonly waiting = new Map<number, (reasonCode: number) => void>();

  get size(): number {
    return this.accepted.size;
  }

  /** `new`: pass it on. Else it is a repetition, of a message `accepted` or still `undecided`. */
  begin(packetId: number): 'new' | 'undecided' | 'accepted' {
    const known = this.accepted.get(packetId);
    if (known !== undefined) return known ? 'accepted' : 'undecided';
    this.accepted.set(packetId, false);
    return 'new';
  }

  /** The newest repetition is told; one that waited before is on a connection that is gone. */
  waitFor(packetId: number, decided: (reasonCode: number) => void): void {
    this.waiting.set(packetId, decided);
  }

  decide(packetId: number, reasonCode: number): void {
    if (reasonCode < 0x80) this.accepted.set(packetId, true);
    else this.accepted.delete(packetId); // [MQTT-4.3.3-9]: after a failure the identifier may be used anew
    const decided = this.waiting.get(packetId);
    if (decided === undefined) return;
    this.waiting.delete(packetId);
    decided(reasonCode);
  }

  /** After a restart: what came under these identifiers was accepted. */
  restore(packetIds: Iterable<number>): void {
    for (const packetId of packetIds) this.accepted.set(packetId, true);
  }

  /** PUBREL: true when the identifier was known. */
  release(packetId: number): boolean {
    return this.accepted.delete(packetId);
  }
}

/**
 * A host that keeps sessions over a restart says of QoS 2 when the next step may be taken: each step tells the peer that
 * it may forget something, so what we must remember instead has to be kept first.
 */
export interface SessionKeeper {
  /** PUBREC came for what we sent, and the host was told. PUBREL waits for `ExchangeSteps.release(packetId)`. */
  received(packetId: number): void;
  /** What we sent under this identifier is done, or given up. */
  finished(packetId: number): void;
  /** PUBREL came for an identifier that we knew. PUBCOMP waits for `ExchangeSteps.complete(packetId)`. */
  released(packetId: number): void;
  /** The host refused what came under this identifier. */
  refused(packetId: number): void;
}

export class MqttSession {
  readonly outgoing = new OutgoingWindow();
  readonly incoming = new IncomingExactlyOnce();
  /** Undefined: nothing outlives the process, and each step is taken at once. */
  keeper: SessionKeeper | undefined = undefined;

  /** Messages in flight: sent with QoS 1 or 2 and not done. */
  get inFlight(): number {
    return this.outgoing.size;
  }

  /**
   * Takes unacknowledged publications out, such as those of a subscription that is closed; they will not be sent again.
   * `choose` sees each context once and says whether it goes.
   */
  forget(choose: (context: unknown) => boolean): void {
    const { oldest, next } = this.outgoing.bounds;
    for (let sequence = oldest; sequence < next; sequence++) {
      const packetId = this.outgoing.packetIdAt(sequence);
      const state = this.outgoing.stateOf(packetId);
      if (state === OutgoingState.awaitingPuback || state === OutgoingState.awaitingPubrec) {
        if (!choose(this.outgoing.contextOf(packetId))) continue;
        this.outgoing.remove(packetId);
        if (state === OutgoingState.awaitingPubrec) this.keeper?.finished(packetId);
      }
    }
  }
}

/** Bounds how many sends are under way, and counts what became of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SendOutcome } from './message.js';

/** Different reasons that are kept. */
const REASONS_MAX = 10;
/** After the signal, the wait for outcomes of what was sent: credit may never come, and must not keep anyone from ending. */
const LAST_OUTCOMES_MS = 500;

export class InFlight {
  accepted = 0;
  refused = 0;
  /** Why, with how often. */
  readonly reasons = new Map<string, number>();
  #underWay = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;
  readonly #max: number;
  readonly #signal: AbortSignal;

  /** @param signal ends the waits of `room` and, a moment later, of `drained` */
  constructor(max: number, signal: AbortSignal) {
    this.#max = max;
    this.#signal = signal;
    // One listener for all waits: an endless sender must not gather them.
    signal.addEventListener('abort', () => this.#wakeUp(), { once: true });
  }

  add(outcome: Promise<SendOutcome>): void {
    this.#underWay += 1;
    outcome.then(
      (value) => {
        if (value.kind === 'accepted') this.accepted += 1;
        else this.#refuse(value.reason);
        this.#settled();
      },
      (error: unknown) => {
        this.#failure ??= error;
        this.#settled();
      },
    );
  }

  /** Resolves when another one may be sent, or the signal came. @throws what a send threw */
  async room(): Promise<void> {
    while (this.#underWay >= this.#max && this.#failure === undefined && !this.#signal.aborted) await this.#change();
    this.#throwFailure();
  }

  /** Resolves when none is under way, or 500 ms after the signal. @throws what a send threw */
  async drained(): Promise<void> {
    while (this.#underWay > 0 && this.#failure === undefined && !this.#signal.aborted) await this.#change();
    const over = delay(LAST_OUTCOMES_MS, 'over', { ref: false });
    while (this.#underWay > 0 && this.#failure === undefined) {
      if ((await Promise.race([this.#change(), over])) === 'over') break;
    }
    this.#throwFailure();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #settled(): void {
    this.#underWay -= 1;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #refuse(reason: string): void {
    this.refused += 1;
    const known = this.reasons.get(reason);
    if (known !== undefined || this.reasons.size < REASONS_MAX) this.reasons.set(reason, (known ?? 0) + 1);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Bounds how many sends are under way, and counts what became of them. */
import type { SendOutcome } from './message.js';

export class InFlight {
  accepted = 0;
  refused = 0;
  /** Why, with how often: at most REASONS_MAX different ones. */
  readonly reasons = new Map<string, number>();
  #underWay = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
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

  /** Resolves when another one may be sent. @throws what a send threw */
  async room(): Promise<void> {
    await this.#below(this.#max);
  }

  /** Resolves when none is under way. @throws what a send threw */
  async drained(): Promise<void> {
    await this.#below(1);
  }

  async #below(limit: number): Promise<void> {
    while (this.#failure === undefined && this.#underWay >= limit) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #settled(): void {
    this.#underWay -= 1;
    this.#wake?.();
    this.#wake = undefined;
  }

  #refuse(reason: string): void {
    this.refused += 1;
    const known = this.reasons.get(reason);
    if (known !== undefined || this.reasons.size < REASONS_MAX) this.reasons.set(reason, (known ?? 0) + 1);
  }
}

const REASONS_MAX = 10;

/**
 * When a call is made again, and how long to wait before. No timers in here: the caller waits.
 *
 * Every call of the protocol may be repeated: those that start something carry an id that the server knows again.
 */
export interface RetryPolicy {
  /** Default: 15. */
  readonly maxRetries: number;
  /** Default: 50. */
  readonly initialBackoffMs: number;
  /** Default: 10,000. */
  readonly maxBackoffMs: number;
  /** Each wait is this many times the one before. Default: 3. */
  readonly backoffMultiplier: number;
  /** A wait is made longer by up to this share of it, so that many clients do not come back at once. Default: 0.25. */
  readonly jitter: number;
  /** The call fails once this much time went by since it last got anything. Default: 120,000. */
  readonly maxElapsedMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxRetries: 15,
  initialBackoffMs: 50,
  maxBackoffMs: 10_000,
  backoffMultiplier: 3,
  jitter: 0.25,
  maxElapsedMs: 120_000,
};

export interface RetryClock {
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The tries of one call. */
export class RetryState {
  readonly #policy: RetryPolicy;
  readonly #clock: RetryClock;
  #retries = 0;
  #beganMs: number;

  constructor(policy: RetryPolicy, clock: RetryClock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#beganMs = clock.now();
  }

  get attempts(): number {
    return this.#retries + 1;
  }

  /** The call got somewhere: what fails from now on is a new failure. */
  reset(): void {
    this.#retries = 0;
    this.#beganMs = this.#clock.now();
  }

  /**
   * How long to wait before the next try; undefined: give up. `atLeastMs` is what the server asks for.
   */
  nextDelayMs(atLeastMs = 0): number | undefined {
    const { maxRetries, initialBackoffMs, maxBackoffMs, backoffMultiplier, jitter, maxElapsedMs } = this.#policy;
    if (this.#retries >= maxRetries) return undefined;
    const backoffMs = Math.min(maxBackoffMs, initialBackoffMs * backoffMultiplier ** this.#retries);
    const delayMs = Math.max(atLeastMs, backoffMs) * (1 + jitter * this.#clock.random());
    if (this.#clock.now() + delayMs - this.#beganMs > maxElapsedMs) return undefined;
    this.#retries++;
    return delayMs;
  }
}

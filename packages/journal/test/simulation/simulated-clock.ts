import type { JournalClock } from '../../src/index.js';
import type { Random } from './random.js';

/** Time that passes by being looked at; what was put off happens when the test says so. */
export class SimulatedClock implements JournalClock {
  private time = 0;
  private calls: (() => void)[] = [];
  private readonly random: Random;
  private readonly tickMs: number;

  /** @param tickMs passes with each look */
  constructor(random: Random, tickMs = 1) {
    this.random = random;
    this.tickMs = tickMs;
  }

  get waiting(): number {
    return this.calls.length;
  }

  now(): number {
    this.time += this.tickMs;
    return this.time;
  }

  after(_ms: number, call: () => void): void {
    this.calls.push(call);
  }

  soon(call: () => void): void {
    this.calls.push(call);
  }

  step(): void {
    const [call] = this.calls.splice(this.random.below(this.calls.length), 1);
    call?.();
  }
}

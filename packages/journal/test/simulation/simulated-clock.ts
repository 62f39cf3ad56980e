import type { JournalClock } from '../../src/index.js';
import type { Random } from './random.js';

/** Time that passes by being looked at; what was put off happens when the test says so. */
export class SimulatedClock implements JournalClock {
  private time = 0;
  private calls: (() => void)[] = [];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  get waiting(): number {
    return this.calls.length;
  }

  now(): number {
    return ++this.time;
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

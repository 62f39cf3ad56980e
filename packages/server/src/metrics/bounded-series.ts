/**
 * Series for at most so many things by their names; all others are counted together. Counters of that sum never go
 * back: what vanishes stays counted, and what gets or loses a series of its own moves nothing. Prometheus would take a
 * sum that falls for a restart, and count all of it anew.
 *
 * Whoever has a series keeps it until it is gone. Free places go to those that have counted most.
 */

/** In place of a name: no address and no job can be called so. */
export const OTHER = '$other';

export interface Counted {
  readonly name: string;
  /** Values that only rise, always in the same order; the first says how busy it is. */
  readonly counters: readonly number[];
}

export interface Bounded<T> {
  readonly named: readonly T[];
  readonly others: readonly T[];
  /** The counters of all others, those that are gone too. */
  readonly otherCounters: readonly number[];
}

export class BoundedSeries {
  private readonly named = new Set<string>();
  /** What each of the others had counted when it was last seen. */
  private readonly last = new Map<string, readonly number[]>();
  /** Of those that were among the others and are no more. */
  private readonly gone: number[];

  constructor(counters: number) {
    this.gone = new Array<number>(counters).fill(0);
  }

  update<T extends Counted>(items: readonly T[], limit: number): Bounded<T> {
    const byName = new Map(items.map((item) => [item.name, item]));
    for (const name of this.named) if (!byName.has(name)) this.named.delete(name);
    this.giveBack(byName, limit);
    this.fill(items, limit);
    for (const [name, counters] of this.last) {
      const now = byName.get(name)?.counters;
      // Gone, with a series of its own, or made anew: what it had counted stays in the sum.
      if (now === undefined || this.named.has(name) || isLess(now, counters)) {
        add(this.gone, counters);
        this.last.delete(name);
      }
    }
    const named: T[] = [];
    const others: T[] = [];
    const sum = [...this.gone];
    for (const item of items) {
      if (this.named.has(item.name)) named.push(item);
      else {
        others.push(item);
        this.last.set(item.name, item.counters);
        add(sum, item.counters);
      }
    }
    return { named, others, otherCounters: sum };
  }

  /** The limit fell: what they have counted so far was in their own series. */
  private giveBack(byName: ReadonlyMap<string, Counted>, limit: number): void {
    for (const name of this.named) {
      if (this.named.size <= limit) return;
      this.named.delete(name);
      const { counters } = byName.get(name)!;
      for (const [index, value] of counters.entries()) this.gone[index]! -= value;
    }
  }

  private fill(items: readonly Counted[], limit: number): void {
    if (this.named.size >= limit) return;
    const candidates = items.filter(({ name }) => !this.named.has(name));
    candidates.sort((one, other) => other.counters[0]! - one.counters[0]! || (one.name < other.name ? -1 : 1));
    for (const { name } of candidates.slice(0, limit - this.named.size)) this.named.add(name);
  }
}

function add(sum: number[], counters: readonly number[]): void {
  for (const [index, value] of counters.entries()) sum[index]! += value;
}

function isLess(now: readonly number[], before: readonly number[]): boolean {
  return now.some((value, index) => value < before[index]!);
}

/**
 * What was settled since the last commit, as runs of sequences: consumers that settle in order make one run, whatever
 * was sent meanwhile. They go to the journal at the end of the turn, behind the messages that the turn stored.
 */
import type { MessageStore } from '../message-store.js';

export interface SettledRun {
  readonly store: MessageStore;
  first: number;
  last: number;
}

export class SettledRuns {
  private readonly byStore = new Map<MessageStore, SettledRun[]>();
  private lastStore: MessageStore | undefined = undefined;
  private lastRuns: SettledRun[] = [];

  get empty(): boolean {
    return this.byStore.size === 0;
  }

  add(store: MessageStore, first: number, last: number): void {
    if (store !== this.lastStore) {
      this.lastStore = store;
      this.lastRuns = this.runsOf(store);
    }
    const run = this.lastRuns.at(-1);
    if (run !== undefined && run.last === first - 1) run.last = last;
    else this.lastRuns.push({ store, first, last });
  }

  /** Takes all, by store. */
  take(): SettledRun[][] {
    const all = [...this.byStore.values()];
    this.byStore.clear();
    this.lastStore = undefined;
    return all;
  }

  private runsOf(store: MessageStore): SettledRun[] {
    let runs = this.byStore.get(store);
    if (runs === undefined) {
      runs = [];
      this.byStore.set(store, runs);
    }
    return runs;
  }
}

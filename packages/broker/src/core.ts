/** What all parts of one broker share. Made once, by the broker; holds no logic of its own. */
import type { Answers } from './answers.js';
import type { Arena } from './arena.js';
import type { BrokerLog } from './broker-log.js';
import type { CapacityWatch } from './capacity-watch.js';
import type { ConsumerGroup } from './consumer-group.js';
import type { IdWindows } from './id-windows.js';
import type { JournalWatch } from './journal-watch.js';
import type { Maintenance } from './maintenance.js';
import type { MemoryBound } from './memory-bound.js';
import type { Message } from './message.js';
import type { Counters } from './observation.js';
import type { Pager } from './pager.js';
import type { Turn } from './turn.js';

export interface Core {
  readonly turn: Turn;
  readonly log: BrokerLog;
  readonly ids: IdWindows;
  readonly journal: JournalWatch;
  readonly arena: Arena;
  readonly memory: MemoryBound;
  readonly pager: Pager;
  readonly maintenance: Maintenance;
  readonly capacity: CapacityWatch;
  readonly dispatches: DispatchList;
  readonly answers: Answers;
  /** Sends a message that failed or expired on to `target`. @returns false when it could not be stored there */
  forward(message: Message, target: string): boolean;
  /** The counters of the topic that a message was sent to, for a subscription that takes from many. */
  countersOf(topic: string): Counters | undefined;
}

/** Groups that have something to hand out, but not from within the call that brought it. */
export class DispatchList {
  private groups: ConsumerGroup[] = [];

  get empty(): boolean {
    return this.groups.length === 0;
  }

  add(group: ConsumerGroup): void {
    if (group.listed) return;
    group.listed = true;
    this.groups.push(group);
  }

  /** One round; what is added meanwhile waits for the next one. */
  run(): void {
    if (this.groups.length === 0) return;
    const groups = this.groups;
    this.groups = [];
    for (const group of groups) {
      group.listed = false;
      group.dispatch();
    }
  }
}

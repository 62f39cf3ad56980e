/**
 * Direct multicast: to every receiver that is there and has room, settled from the start; nothing is stored. Receivers
 * that are slow miss messages, which is counted. Filters with wildcards match it as they match a topic.
 */
import type { Message } from './message.js';
import type { RefusalReason } from './outcome.js';
import { CAPACITY_MAX } from './store-bound.js';
import { Topic } from './topic.js';

export class Multicast extends Topic {
  override readonly stores = false;

  override get stored(): number {
    return 0;
  }

  override get bytes(): number {
    return 0;
  }

  override capacity(): number {
    return CAPACITY_MAX;
  }

  override waitsForJournal(): boolean {
    return false;
  }

  override refusalFor(): RefusalReason | undefined {
    return undefined;
  }

  override commitRefusal(): RefusalReason | undefined {
    return undefined;
  }

  override put(message: Message): boolean {
    return this.distribute(message);
  }

  override distribute(message: Message): boolean {
    for (const group of this.route.current()) {
      if (group.accepts !== undefined && !group.accepts(message)) continue;
      if (group.offerUnstored(message)) this.counters.out++;
      else if (group.members.length > 0) this.counters.dropped++;
    }
    return false;
  }

  override purge(): number {
    return 0;
  }
}

/**
 * Room for the outputs of one transaction, which are stored all or none. What fits into an empty store waits until it
 * fits beside the rest, as any send does. What is larger than the whole limit could wait for ever: that gets in as soon
 * as there is room for one message, so that a limit closes the door behind a large commit and not before it. The broker's
 * own limit of memory stays a limit.
 */
import type { ConsumerGroup } from './consumer-group.js';
import type { StoreBound } from './store-bound.js';

export interface CommitSize {
  messages: number;
  bytes: number;
}

export class CommitRoom {
  private readonly widened: StoreBound[] = [];

  /** Whether so much may be stored in this group; what is then stored does not meet its limit until `close`. */
  admits(group: ConsumerGroup, { messages, bytes }: CommitSize): boolean {
    if (!group.refuses(messages, bytes)) return true;
    const { bound } = group.store;
    const fitsAlone = messages <= bound.limits.messages && bytes <= bound.limits.bytes;
    if (fitsAlone || group.refuses(1, 1) || group.exceedsMemory(bytes)) return false;
    // One that drops its oldest goes on to do so, and ends with the last outputs.
    if (group.whenFull === 'dropOldest') return true;
    bound.allowedMessages = messages;
    bound.allowedBytes = bytes;
    this.widened.push(bound);
    return true;
  }

  close(): void {
    for (const bound of this.widened) {
      bound.allowedMessages = 0;
      bound.allowedBytes = 0;
    }
  }
}

/** What a store of messages tells whoever has it, and asks. */
import type { Message } from './message.js';

export interface MessageStoreOwner {
  /** A message left otherwise than through a consumer: the owner counts it and writes it down. */
  left(message: Message, sequence: number, why: 'expired' | 'dropped' | 'purged'): void;
  /** What was paged out is there again, or could not be read. */
  pagedIn(): void;
  readFailed(): void;
  /** Whether somebody is about to take from it. */
  readonly hasConsumers: boolean;
}

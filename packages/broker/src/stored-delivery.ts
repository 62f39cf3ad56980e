/** A stored message that is, or was, with a consumer. One object for each time it is handed over. */
import type { GroupMember } from './group-member.js';
import type { Message } from './message.js';
import type { Outcome } from './outcome.js';
import type { Delivery } from './ports.js';
import type { StoreBlock } from './store-block.js';

/**
 *     open ──settle──▶ closed                    (accepted, rejected, moved)
 *     open ──settle──▶ returned                  (released, failed); a new object is made for the next consumer
 *     open ──commit──▶ committing ──done──▶ closed, or open again
 *     returned ──▶ closed                        (delivered again, expired, purged)
 */
export const DeliveryState = { open: 0, committing: 1, returned: 2, closed: 3 } as const;
export type DeliveryState = (typeof DeliveryState)[keyof typeof DeliveryState];

export class StoredDelivery implements Delivery {
  readonly message: Message;
  readonly sequence: number;
  readonly block: StoreBlock;
  readonly member: GroupMember;
  deliveryCount = 0;
  redelivered = false;
  context = 0;
  state: DeliveryState = DeliveryState.open;
  /** Its commit failed while it was with the consumer: it is not to come back. */
  withdrawn = false;
  /** Consumers that it must not go to again (modified, undeliverable here). */
  excluded: GroupMember[] | undefined = undefined;

  constructor(message: Message, sequence: number, block: StoreBlock, member: GroupMember) {
    this.message = message;
    this.sequence = sequence;
    this.block = block;
    this.member = member;
  }

  settle(outcome: Outcome): void {
    if (this.state === DeliveryState.open) this.member.group.settle(this, outcome);
  }
}

/**
 * Takes chosen messages out of a store, whatever their turn: to move or delete them. They are deliveries to nobody, and so
 * that what is not settled for good goes back to where it was, that nobody counts as one who has left already.
 */
import type { ConsumerGroup } from './consumer-group.js';
import { GroupMember } from './group-member.js';
import type { Pager } from './pager.js';
import type { Consumer } from './ports.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

const NOBODY: Consumer = { capacity: () => 0, deliver: () => {}, closed: () => {} };
const NO_KEEPER = { durableName: undefined, memberLeft: () => {} };

/** Those that a consumer holds, that are gone, or that cannot be read back now, are left out. */
export function pickMessages(group: ConsumerGroup, pager: Pager, ids: readonly number[]): StoredDelivery[] {
  const member = new GroupMember(group, NOBODY, { keeper: NO_KEEPER, explicit: true, existed: true });
  member.closed = true;
  const picked: StoredDelivery[] = [];
  for (const id of ids) {
    const one = pick(group, pager, { id, member });
    if (one !== undefined) picked.push(one);
  }
  return picked;
}

function pick(
  { store }: ConsumerGroup,
  pager: Pager,
  { id, member }: { readonly id: number; readonly member: GroupMember },
): StoredDelivery | undefined {
  const block = store.blocks.at(id);
  if (block === undefined || !pager.loadNow(store, block)) return undefined;
  const slot = block.slots[id - block.base];
  if (slot === undefined) return undefined;
  if (slot instanceof StoredDelivery) {
    if (slot.state !== DeliveryState.returned) return undefined;
    if (slot.excluded === undefined) store.waiting--;
    return store.retake(slot, member);
  }
  const picked = new StoredDelivery(slot, id, block, member);
  picked.deliveryCount = store.countIn(slot, id);
  block.slots[id - block.base] = picked;
  store.waiting--;
  store.pickedUpTo = Math.max(store.pickedUpTo, id);
  return picked;
}

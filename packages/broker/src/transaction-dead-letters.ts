/**
 * What a transaction consumes and sends on as failed for good. Unlike its outputs these never hold it up for want of
 * room: what the dead-letter address does not take is dropped and counted, as when a consumer rejects a message. A
 * journal that is full does hold it up, since nothing would be left of what it consumes.
 */
import type { Address } from './address.js';
import type { AddressBook } from './address-book.js';
import type { CommitRoom, CommitSize } from './commit-room.js';
import type { Message } from './message.js';
import { Outcome } from './outcome.js';
import type { DeadLetter } from './ports.js';
import { stampRenewed } from './stamp.js';
import { StoredDelivery } from './stored-delivery.js';

export interface PlannedDeadLetter {
  readonly delivery: StoredDelivery;
  readonly message: Message;
  /** Undefined: it is dropped. */
  readonly address: Address | undefined;
}

/** Of a direct address nothing is stored, and its sender hears that the message was rejected. */
export function planDeadLetters(
  deadLetters: readonly DeadLetter[],
  book: AddressBook,
  room: CommitRoom,
): readonly PlannedDeadLetter[] {
  const sums = new Map<Address, CommitSize>();
  const planned = deadLetters.flatMap(({ delivery, message }): PlannedDeadLetter[] => {
    if (!(delivery instanceof StoredDelivery)) return [];
    const target = delivery.member.group.deadLetterAddress;
    const size = message.end - message.start;
    const found = target === '' ? undefined : book.forwardTarget(target);
    const address = found?.sizeRefusal(size) === undefined ? found : undefined;
    if (address !== undefined) addTo(sums, address, size);
    return [{ delivery, message, address }];
  });
  const full = new Set([...sums].flatMap(([address, sum]) => (address.commitRefusal(sum, room) ? [address] : [])));
  if (full.size === 0) return planned;
  return planned.map((one) =>
    one.address !== undefined && full.has(one.address) ? { ...one, address: undefined } : one,
  );
}

function addTo(sums: Map<Address, CommitSize>, address: Address, size: number): void {
  const sum = sums.get(address) ?? { messages: 0, bytes: 0 };
  sum.messages++;
  sum.bytes += size;
  sums.set(address, sum);
}

/** Stores them with the open batch; those for direct addresses follow the commit. */
export function putDeadLetters(planned: readonly PlannedDeadLetter[], timeMs: number): void {
  for (const { address, message } of planned) {
    if (address === undefined) continue;
    stampRenewed(message, address.settings, timeMs);
    if (!address.stores) continue;
    address.counters.in++;
    address.put(message);
  }
}

/** The commit has succeeded. */
export function finishDeadLetters(planned: readonly PlannedDeadLetter[]): void {
  for (const { delivery, address, message } of planned) {
    if (address !== undefined && !address.stores) address.accept(message);
    delivery.member.group.countDeadLetter(delivery.message, address !== undefined);
  }
}

/** Deliveries of direct addresses: accepted, but those among the dead letters. */
export function outcomesOf(deadLetters: readonly DeadLetter[] | undefined): (delivery: unknown) => Outcome {
  if (deadLetters === undefined || deadLetters.length === 0) return () => Outcome.accepted;
  const failed = new Set<unknown>(deadLetters.map(({ delivery }) => delivery));
  return (delivery) => (failed.has(delivery) ? Outcome.rejected : Outcome.accepted);
}

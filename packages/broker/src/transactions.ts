/**
 * Consumed deliveries, outputs and state that become durable together.
 *
 * Everything is checked before anything is done. Then outputs are stored, all records are appended to the open batch,
 * and the consumed messages stay where they are, `committing`, until the journal has reported. When it fails, outputs
 * are withdrawn and the deliveries are open again. Outputs to direct addresses, which cannot be withdrawn, are sent
 * after the commit.
 */
import type { Address } from './address.js';
import type { AddressBook } from './address-book.js';
import type { BatchListener } from './commit-batch.js';
import { CommitRoom, type CommitSize } from './commit-room.js';
import type { Core } from './core.js';
import { DirectDelivery } from './direct-delivery.js';
import type { KeyedRecords } from './keyed-records.js';
import type { IdBlock } from './log/id-block.js';
import { isState, type KeyedRecord } from './log/keyed-record.js';
import type { Message } from './message.js';
import type { RefusalReason } from './outcome.js';
import type { DeadLetter, Delivery, Transaction } from './ports.js';
import { stamp } from './stamp.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';
import {
  finishDeadLetters,
  outcomesOf,
  type PlannedDeadLetter,
  planDeadLetters,
  putDeadLetters,
} from './transaction-dead-letters.js';

interface Output {
  readonly address: Address;
  readonly message: Message;
  /** Only where the address looks for duplicates. */
  readonly id: string | undefined;
  /** A message with this id is there already: this one is left out. */
  readonly duplicate: boolean;
}

/** What is to hold when the commit has succeeded. */
interface Effects {
  readonly outputs: readonly Output[];
  readonly deadLetters: readonly PlannedDeadLetter[];
  readonly staged: readonly KeyedRecord[];
}

const NONE: readonly DeadLetter[] = [];

type Done = (refusal: RefusalReason | undefined) => void;

export class Transactions {
  readonly keyed: KeyedRecords;
  private readonly core: Core;
  private readonly book: AddressBook;

  constructor(core: Core, book: AddressBook, keyed: KeyedRecords) {
    this.core = core;
    this.book = book;
    this.keyed = keyed;
  }

  /** What it sends may take the place of what it consumes: a job must be able to empty a broker that is full. */
  commit(transaction: Transaction, done: Done): void {
    const undecided = this.undecidedDuplicate(transaction);
    if (undecided !== undefined) {
      undecided.whenDecided(() => this.commit(transaction, done));
      return;
    }
    const { memory } = this.core;
    const room = new CommitRoom();
    for (const { message } of transaction.consumed) memory.allowance += message.end - message.start;
    try {
      this.checkAndAppend(transaction, room, done);
    } finally {
      room.close();
      memory.allowance = 0;
    }
  }

  private checkAndAppend(transaction: Transaction, room: CommitRoom, done: Done): void {
    const { core } = this;
    core.turn.begin();
    const marked = mark(transaction.consumed);
    const outputs = marked === 'deleted' ? marked : this.resolve(transaction);
    const refusal =
      typeof outputs === 'string' ? outputs : (refusalOf(outputs, room) ?? this.unwritable(transaction, outputs));
    if (typeof outputs === 'string' || refusal !== undefined) {
      if (typeof outputs !== 'string') leave(outputs);
      if (marked !== 'deleted') for (const delivery of marked) reopen(delivery);
      core.log.open.addListener({ committed: () => done(refusal) });
      return;
    }
    const deadLetters = planDeadLetters(transaction.deadLetters ?? NONE, this.book, room);
    this.append(transaction, outputs, deadLetters);
    const staged = this.stage(transaction);
    core.log.open.addListener(new Pending(this.keyed, transaction, { outputs, deadLetters, staged }, done));
  }

  /**
   * A message of which an output is a duplicate, and whose own commit is under way: whether the output may be left out
   * is known when that is. One of the batch that is open shares the transaction's fate.
   */
  private undecidedDuplicate({ outputs }: Transaction): IdBlock | undefined {
    const { log, turn } = this.core;
    for (const { address: name, message, id } of outputs) {
      const address = id === undefined ? undefined : this.book.get(name);
      const durable = address !== undefined && isDurable(address, message);
      const block = address?.deduplication?.find(id!, { durable, nowMs: turn.begin() });
      if (block?.state === 'pending' && block.batch !== log.open) return block;
    }
    return undefined;
  }

  private resolve(transaction: Transaction): Output[] | RefusalReason {
    const outputs: Output[] = [];
    const nowMs = this.core.turn.begin();
    for (const { address: name, message, id } of transaction.outputs) {
      const address = this.book.resolve(name, transaction.undeclared ?? 'refuse');
      if (typeof address === 'string') {
        leave(outputs);
        return address;
      }
      const window = id === undefined ? undefined : address.deduplication;
      if (window === undefined) {
        outputs.push({ address, message, id: undefined, duplicate: false });
        continue;
      }
      const durable = isDurable(address, message);
      outputs.push({ address, message, id, duplicate: window.find(id!, { durable, nowMs }) !== undefined });
    }
    return outputs;
  }

  private append(
    transaction: Transaction,
    outputs: readonly Output[],
    deadLetters: readonly PlannedDeadLetter[],
  ): void {
    const { log, turn } = this.core;
    log.withdraws = 'all';
    for (const { address, message, id } of outputs) {
      stamp(message, address.settings, turn.timeMs);
      if (!address.stores || isDuplicate(address, message, id)) continue;
      address.counters.in++;
      address.put(message);
      if (id !== undefined) address.deduplication?.add(id, message.durable ? 'durable' : 'transaction');
    }
    putDeadLetters(deadLetters, turn.timeMs);
    log.withdraws = 'durable';
    leave(outputs);
    for (const delivery of transaction.consumed) {
      if (!(delivery instanceof StoredDelivery)) continue;
      const { store } = delivery.member.group;
      if (delivery.message.durable && store.journaled) log.consumed(store, delivery.sequence, delivery.message);
    }
  }

  /** Why what is to be kept of it could not be written; what it only consumes can, and the state that comes of that. */
  private unwritable(
    { kept, consumed, deadLetters }: Transaction,
    outputs: readonly Output[],
  ): RefusalReason | undefined {
    const { refusal } = this.core.log;
    if (refusal === undefined) return undefined;
    const frees = consumed.some((delivery) => delivery instanceof StoredDelivery && delivery.message.durable);
    const adds =
      kept?.some(({ kind, bytes }) => bytes !== undefined && !(frees && isState(kind))) ||
      outputs.some(({ address, message, duplicate }) => !duplicate && isDurable(address, message)) ||
      deadLetters?.some(({ message }) => message.durable);
    return adds ? refusal : undefined;
  }

  private stage({ kept }: Transaction): KeyedRecord[] {
    const staged: KeyedRecord[] = [];
    for (const { kind, key, bytes } of kept ?? []) staged.push(this.keyed.stage(kind, key, bytes));
    return staged;
  }
}

class Pending implements BatchListener {
  private readonly keyed: KeyedRecords;
  private readonly transaction: Transaction;
  private readonly effects: Effects;
  private readonly done: Done;

  constructor(keyed: KeyedRecords, transaction: Transaction, effects: Effects, done: Done) {
    this.keyed = keyed;
    this.transaction = transaction;
    this.effects = effects;
    this.done = done;
  }

  committed(refusal: RefusalReason | undefined): void {
    const failed = refusal !== undefined;
    const outcomeOf = outcomesOf(this.transaction.deadLetters);
    for (const delivery of this.transaction.consumed) {
      if (delivery instanceof StoredDelivery) delivery.member.group.committed(delivery, failed);
      else if (!failed) delivery.settle(outcomeOf(delivery));
    }
    if (!failed) {
      finishDeadLetters(this.effects.deadLetters);
      for (const record of this.effects.staged) this.keyed.apply(record);
      for (const { address, message } of this.effects.outputs) if (!address.stores) address.accept(message);
    }
    if (failed) for (const record of this.effects.staged) this.keyed.drop(record);
    this.done(refusal);
  }
}

/** Marks what is consumed, so that nobody settles it meanwhile. @returns what was marked, or that one is void */
function mark(consumed: readonly Delivery[]): StoredDelivery[] | 'deleted' {
  const marked: StoredDelivery[] = [];
  for (const delivery of consumed) {
    if (delivery instanceof StoredDelivery && delivery.state === DeliveryState.open) {
      delivery.state = DeliveryState.committing;
      marked.push(delivery);
    } else if (delivery instanceof StoredDelivery || (delivery instanceof DirectDelivery && delivery.settled)) {
      for (const one of marked) reopen(one);
      return 'deleted';
    }
  }
  return marked;
}

function isDurable({ settings }: Address, message: Message): boolean {
  return message.durable || settings.durability === 'always';
}

/** Whether a stamped output is not to be stored; counts it. One may be a copy of another one before it. */
function isDuplicate(
  { deduplication, counters }: Address,
  { durable, time }: Message,
  id: string | undefined,
): boolean {
  if (id === undefined || deduplication?.find(id, { durable, nowMs: time }) === undefined) return false;
  counters.duplicates++;
  return true;
}

/** Topics that were only there for these outputs are gone again. */
function leave(outputs: readonly Output[]): void {
  for (const { address } of outputs) address.leaveIfUnused();
}

function reopen(delivery: StoredDelivery): void {
  if (delivery.state === DeliveryState.committing) delivery.state = DeliveryState.open;
}

function refusalOf(outputs: readonly Output[], room: CommitRoom): RefusalReason | undefined {
  const sums = new Map<Address, CommitSize>();
  for (const { address, message, duplicate } of outputs) {
    if (duplicate) continue;
    const size = message.end - message.start;
    const tooLarge = address.sizeRefusal(size);
    if (tooLarge !== undefined) return tooLarge;
    const sum = sums.get(address) ?? { messages: 0, bytes: 0 };
    sum.messages++;
    sum.bytes += size;
    sums.set(address, sum);
  }
  for (const [address, size] of sums) {
    const refusal = address.commitRefusal(size, room);
    if (refusal !== undefined) {
      address.counters.rejected += size.messages;
      return refusal;
    }
  }
  return undefined;
}

/** The broker's words for what it refuses, and for what became of a message, in AMQP's. */
import { ACCEPTED, AmqpError, Condition, type DeliveryState, RELEASED } from '@millrace/amqp';
import { Outcome, type RefusalReason } from '@millrace/broker';
import { JOURNAL_FAILED, JOURNAL_FULL } from '../journal-sentences.js';
import { NOT_VALID_ANY_MORE } from '../sasl-dialogue.js';

const CONDITIONS: Readonly<Record<RefusalReason, readonly [condition: string, description: string]>> = {
  'not-found': [Condition.notFound, 'there is no such address'],
  'resource-limit-exceeded': [Condition.resourceLimitExceeded, 'the address is full'],
  'message-too-large': [Condition.messageSizeExceeded, 'the message is larger than the address takes'],
  'not-allowed': [Condition.notAllowed, 'the address does not allow that'],
  'journal-full': [Condition.resourceLimitExceeded, JOURNAL_FULL],
  'journal-failed': [Condition.internalError, JOURNAL_FAILED],
  'no-receiver': [Condition.preconditionFailed, 'nobody receives from the address'],
  deleted: [Condition.resourceDeleted, 'the address was deleted'],
};

/** The error that refuses a link to `address`. */
export function refusalError(reason: RefusalReason, address: string): AmqpError {
  const [condition, description] = CONDITIONS[reason];
  return new AmqpError(condition, `${address}: ${description}`, 'link');
}

export function unauthorized(verb: 'send' | 'recv', address: string): AmqpError {
  const what = verb === 'send' ? 'send to' : 'receive from';
  return new AmqpError(Condition.unauthorizedAccess, `not allowed to ${what} ${address}`, 'link');
}

/** The error that ends a connection whose user is gone, disabled, or has another password, or whose token has expired. */
export function notAllowedAnyMore(): AmqpError {
  return new AmqpError(Condition.unauthorizedAccess, NOT_VALID_ANY_MORE);
}

/** The error that ends a connection from our side. */
export function connectionError(reason: string): AmqpError {
  return new AmqpError(Condition.connectionForced, reason);
}

/** One object for each reason, so that a run of equal refusals is recognised and leaves as one disposition. */
const REJECTED = new Map<RefusalReason, DeliveryState>(
  Object.entries(CONDITIONS).map(([reason, [condition, description]]) => [
    reason as RefusalReason,
    { kind: 'rejected', error: { condition, description } },
  ]),
);
const REJECTED_BY_RECEIVER: DeliveryState = { kind: 'rejected' };
const MODIFIED_FAILED: DeliveryState = { kind: 'modified', deliveryFailed: true };
const MODIFIED_UNDELIVERABLE: DeliveryState = { kind: 'modified', deliveryFailed: true, undeliverableHere: true };

export function rejectedState(reason: RefusalReason | undefined): DeliveryState {
  return (reason && REJECTED.get(reason)) ?? REJECTED_BY_RECEIVER;
}

/** What a sender is told. */
export function stateOf(outcome: Outcome, reason: RefusalReason | undefined): DeliveryState {
  switch (outcome) {
    case Outcome.accepted:
      return ACCEPTED;
    case Outcome.rejected:
      return rejectedState(reason);
    case Outcome.released:
      return RELEASED;
    case Outcome.modifiedFailed:
      return MODIFIED_FAILED;
    case Outcome.modifiedUndeliverable:
      return MODIFIED_UNDELIVERABLE;
  }
}

/**
 * What a receiver said.
 * @param fallback what holds when it settled without an outcome, or with one that is not known
 */
export function outcomeOf(state: DeliveryState | undefined, fallback: Outcome): Outcome {
  switch (state?.kind) {
    case 'accepted':
      return Outcome.accepted;
    case 'rejected':
      return Outcome.rejected;
    case 'released':
      return Outcome.released;
    case 'modified':
      if (state.undeliverableHere === true) return Outcome.modifiedUndeliverable;
      return state.deliveryFailed === true ? Outcome.modifiedFailed : Outcome.released;
    default:
      return fallback;
  }
}

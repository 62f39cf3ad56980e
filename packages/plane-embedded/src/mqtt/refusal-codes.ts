/** The broker's reasons in MQTT 5's words. MQTT 3.1.1 has none but the end of the connection. */
import type { RefusalReason } from '@millrace/broker';
import { ReasonCode } from '@millrace/mqtt';
import { JOURNAL_FAILED, JOURNAL_FULL } from '../journal-sentences.js';

/** For PUBACK and PUBREC, which allow a few codes only (MQTT 5 §3.4.2.1). */
export function publishCode(reason: RefusalReason): number {
  switch (reason) {
    case 'resource-limit-exceeded':
    case 'message-too-large':
    case 'journal-full':
      return ReasonCode.quotaExceeded;
    case 'not-allowed':
      return ReasonCode.notAuthorized;
    case 'not-found':
    case 'deleted':
      return ReasonCode.topicNameInvalid;
    case 'no-receiver':
    case 'journal-failed':
      return ReasonCode.implementationSpecificError;
  }
}

/** For SUBACK (MQTT 5 §3.9.3). */
export function subscribeCode(reason: RefusalReason): number {
  switch (reason) {
    case 'resource-limit-exceeded':
    case 'journal-full':
      return ReasonCode.quotaExceeded;
    case 'not-allowed':
    case 'not-found':
      return ReasonCode.notAuthorized;
    default:
      return ReasonCode.implementationSpecificError;
  }
}

const SENTENCES: Readonly<Record<RefusalReason, string>> = {
  'not-found': 'there is no such address',
  'resource-limit-exceeded': 'the address is full',
  'message-too-large': 'the message is larger than the address takes',
  'not-allowed': 'this is not allowed',
  'journal-full': JOURNAL_FULL,
  'journal-failed': JOURNAL_FAILED,
  'no-receiver': 'nobody receives on this address',
  deleted: 'the address was deleted',
};

export function refusalSentence(reason: RefusalReason): string {
  return SENTENCES[reason];
}

/** Why an address did not take a message, in the words of the port. */
import type { RefusalReason } from '@millrace/broker';
import { PlaneRefusal } from '@millrace/controller';
import { JOURNAL_FAILED, JOURNAL_FULL } from './journal-sentences.js';

export function refusalOf(reason: RefusalReason, name: string): PlaneRefusal {
  switch (reason) {
    case 'not-found':
    case 'deleted':
      return new PlaneRefusal('NotFound', `there is no address ${name}`);
    case 'resource-limit-exceeded':
      return new PlaneRefusal('Full', `the address ${name} is full`);
    case 'message-too-large':
      return new PlaneRefusal('Invalid', `the message is larger than the address ${name} takes`);
    case 'no-receiver':
      return new PlaneRefusal('Conflict', `nobody receives from ${name} now, and a direct address stores nothing`);
    case 'journal-full':
      return new PlaneRefusal('Full', `the address ${name} did not take the message: ${JOURNAL_FULL}`);
    case 'journal-failed':
      return new PlaneRefusal('Conflict', `the address ${name} did not take the message: ${JOURNAL_FAILED}`);
    case 'not-allowed':
      return new PlaneRefusal('Conflict', `the address ${name} did not take the message: ${reason}`);
  }
}

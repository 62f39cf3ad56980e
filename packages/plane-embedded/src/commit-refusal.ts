/** Why a job cannot read, or its results cannot be stored, in words that say what helps. */
import type { Broker, RefusalReason } from '@millrace/broker';
import { type OutputMessage, PlaneRefusal } from '@millrace/controller';
import { JOURNAL_FAILED, JOURNAL_FULL } from './journal-sentences.js';

export function openRefusal(reason: RefusalReason, source: string): PlaneRefusal {
  if (reason === 'not-found') return new PlaneRefusal('NotFound', `there is no address ${source}`);
  return new PlaneRefusal('Conflict', `the address ${source} cannot be read: ${reason}`);
}

export function commitRefusal(broker: Broker, reason: RefusalReason, outputs: readonly OutputMessage[]): PlaneRefusal {
  const counts = new Map<string, number>();
  for (const { address } of outputs) counts.set(address, (counts.get(address) ?? 0) + 1);
  switch (reason) {
    case 'not-found': {
      const missing = [...counts.keys()].filter((address) => broker.address(address) === undefined);
      return new PlaneRefusal('NotFound', `there is no address ${listed(missing)}`);
    }
    case 'resource-limit-exceeded':
      return new PlaneRefusal('Full', `the address ${listed([...counts.keys()])} is full`);
    case 'journal-full':
      return new PlaneRefusal('Full', JOURNAL_FULL);
    case 'journal-failed':
      return new PlaneRefusal('Conflict', JOURNAL_FAILED);
    default:
      return new PlaneRefusal('Conflict', `the outputs for ${listed([...counts.keys()])} were refused: ${reason}`);
  }
}

/** The first few: a job may send to any number of addresses. */
function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, 3).join(', ');
  return addresses.length > 3 ? `${shown} and ${addresses.length - 3} more` : shown;
}

/**
 * Whether the journal is full, as senders are told: a journal says so only when asked, and asking for every message that
 * somebody may send is too often. Looked at ten times a second, and whenever a message was refused for it.
 */
import type { BrokerLog } from './broker-log.js';

export class JournalWatch {
  /** There was no room for durable messages when last looked. */
  full = false;
  /** Called when `full` changed. */
  changed: (() => void) | undefined = undefined;
  private readonly log: BrokerLog;

  constructor(log: BrokerLog) {
    this.log = log;
  }

  look(): void {
    const full = this.log.refusal === 'journal-full';
    if (full === this.full) return;
    this.full = full;
    this.changed?.();
  }
}

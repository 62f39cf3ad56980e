export { JournalDamage, JournalError, JournalFailed, JournalFull, JournalLocked, JournalVersion } from './errors.js';
export {
  type DurableJournal,
  type Journal,
  type JournalFigures,
  type JournalOwner,
  type JournalRecord,
  type JournalState,
  MemoryJournal,
  type RecordPart,
} from './journal.js';

export type { BackupHeader } from './backup-format.js';
export { BackupReader, type BackupSummary, type SegmentPart, verifyBackup } from './backup-reader.js';
export { type CheckReport, check, type DumpedRecord, dump, type SegmentReport, type StoreOptions } from './check.js';
export { type JournalClock, systemClock } from './clock.js';
export type { Disk, DiskFile, DiskLock } from './disk.js';
export { DiskJournal, type DiskJournalOptions, segmentBytesFor } from './disk-journal.js';
export {
  BackupDamage,
  JournalDamage,
  JournalError,
  JournalFailed,
  JournalFull,
  JournalLocked,
  JournalVersion,
} from './errors.js';
export {
  type DurableJournal,
  type Journal,
  type JournalFigures,
  type JournalOwner,
  type JournalRecord,
  type JournalState,
  MemoryJournal,
} from './journal.js';
export { NodeDisk } from './node-disk.js';
export { type RepairOptions, type RepairReport, repair } from './repair.js';
export { type RestoreOptions, type RestoreReport, restore } from './restore.js';

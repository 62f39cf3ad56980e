/** What the broker asks of its journal. */
import type { Journal as RecordJournal } from '@millrace/journal';

export interface Journal extends RecordJournal {
  /** A record is not needed any more: `length` bytes at the `position` that `append` returned. It may be gone already. */
  release?(position: number, length: number): void;
}

/**
 * A record that says how something is now, and not what happened: written once at the end of the turn, however often it
 * changed, and again, as it then is, when that commit fails.
 */
import type { RecordType } from './record-type.js';
import type { RecordWriter } from './record-writer.js';

export interface RecordPlace {
  readonly position: number;
  readonly length: number;
}

export interface LateRecord {
  /** Where its last record lies; NOWHERE when there is none to give up. */
  position: number;
  length: number;
  /** Others on disk that are useless when its next one is. */
  replaces?: RecordPlace[] | undefined;
  /** Another one has taken its place: it is not written any more, and given up when it is on disk. */
  readonly superseded: boolean;
  /** What is to be written once more behind each record that says that it is there, in the same batch. */
  readonly takenBackBy?: ReadonlySet<LateRecord> | undefined;
  /** Builds the record. @returns its type, or undefined when nothing is to be written; `lives`: whether it says that something is there */
  write(writer: RecordWriter): { readonly type: RecordType; readonly lives: boolean } | undefined;
}

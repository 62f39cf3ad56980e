/** Hands each record of a log to the owner, in order, and takes down what each segment holds. */
import { aligned } from './batch.js';
import type { Disk } from './disk.js';
import { JournalError } from './errors.js';
import type { JournalOwner } from './journal.js';
import { type ScannedSegment, scanLog } from './log-scan.js';
import type { PositionMap } from './position-map.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';
import { liveBytesOf, type SegmentUse } from './space.js';
import type { Survey, SurveyedFile } from './survey.js';

export interface Recovered {
  /** Oldest first. */
  readonly segments: SegmentUse[];
  readonly files: readonly SurveyedFile[];
  /** Of the next batch. */
  readonly nextPosition: number;
}

/** @throws JournalDamage; a JournalError with what the owner throws as its cause */
export async function recover(
  disk: Disk,
  found: Survey,
  { owner, positions }: { readonly owner: JournalOwner; readonly positions: PositionMap },
): Promise<Recovered> {
  if (found.damage !== undefined) throw found.damage;
  const segments: SegmentUse[] = [];
  const files: SurveyedFile[] = [];
  // Above 0, so that 0 is none.
  let position = SEGMENT_HEADER_BYTES;
  for await (const { file, walk } of scanLog(disk, found)) {
    const use: SegmentUse = { number: file.number, used: SEGMENT_HEADER_BYTES, live: 0 };
    positions.add(position, file.number, SEGMENT_HEADER_BYTES);
    while (walk.next()) {
      replayBatch({ file, walk }, owner, position);
      position += aligned(walk.header.length);
      use.live += liveBytesOf(walk.header.length);
      use.used = walk.offset;
    }
    segments.push(use);
    files.push(file);
  }
  return { segments, files, nextPosition: position };
}

function replayBatch({ file, walk }: ScannedSegment, owner: JournalOwner, position: number): void {
  try {
    const cursor = walk.records(position);
    while (cursor.next()) owner.replay(cursor.view);
  } catch (error) {
    const what = (error as Error).message;
    const place = `the batch at offset ${walk.start} of ${file.name}`;
    throw new JournalError(`a record in ${place} cannot be taken: ${what}`, { cause: error });
  }
}

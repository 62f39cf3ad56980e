/**
 * Goes through the log of a directory segment by segment, for those who replay, count or show it. One segment is read
 * while the one before is gone through; no more than these two are in memory.
 */
import type { Disk } from './disk.js';
import { JournalDamage } from './errors.js';
import { SEGMENT_HEADER_BYTES, segmentFileName } from './segment.js';
import { type LogEnd, SegmentWalk } from './segment-walk.js';
import { SegmentLoader, type Survey, type SurveyedEnd, type SurveyedFile } from './survey.js';

export interface ScannedSegment {
  readonly file: SurveyedFile;
  /** To be gone through to its end before the next segment is asked for. */
  readonly walk: SegmentWalk;
}

/** @throws JournalDamage behind the last segment before it */
export async function* scanLog(disk: Disk, { damage, end, files, seed }: Survey): AsyncGenerator<ScannedSegment, void> {
  const loaders = [new SegmentLoader(disk), new SegmentLoader(disk)];
  const log = end === undefined ? [] : filesOfLog(files, end);
  const load = (index: number): Promise<Buffer> | undefined => {
    const file = log[index];
    if (file === undefined || file instanceof JournalDamage) return undefined;
    const loading = loaders[index % 2]!.load(file.name);
    // Whoever waits for it hears of a failure; until then it is nobody's.
    loading.catch(() => undefined);
    return loading;
  };
  let last: LogEnd | undefined;
  let place = { file: segmentFileName(end?.oldest ?? 0), offset: SEGMENT_HEADER_BYTES };
  let loading = load(0);
  for (const [index, file] of log.entries()) {
    if (file instanceof JournalDamage) throw file;
    const bytes = await loading!;
    loading = load(index + 1);
    const walk = new SegmentWalk({ bytes, end: bytes.length, segment: file.number, seed: seed! }, last);
    yield { file, walk };
    // Its first batch does not continue the one before: there the log is broken.
    if (walk.offset === SEGMENT_HEADER_BYTES) {
      throw new JournalDamage(place, 'no whole batch stands there, and there are later ones');
    }
    last = walk.last;
    place = { file: file.name, offset: walk.offset };
  }
  if (damage !== undefined) throw damage;
  if (last?.sequence !== end?.sequence) throw new JournalDamage(place, 'the log ended later when it was last read');
}

/** One for each segment of the log: its file, or what is wrong with it. */
function filesOfLog(files: readonly SurveyedFile[], end: SurveyedEnd): (SurveyedFile | JournalDamage)[] {
  const byNumber = new Map(files.map((file) => [file.number, file]));
  const log: (SurveyedFile | JournalDamage)[] = [];
  for (let number = end.oldest; number <= end.segment; number++) {
    const file = byNumber.get(number);
    const place = { file: segmentFileName(number), offset: 0 };
    if (file === undefined) log.push(new JournalDamage(place, 'the file is not there'));
    else if (file.header === 'whole') log.push(file);
    else log.push(new JournalDamage(place, 'its header cannot be read'));
  }
  return log;
}

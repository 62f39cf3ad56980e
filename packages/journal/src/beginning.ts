/**
 * From what a directory holds to where writing begins: replays the log to the owner, opens the segment it ends in, or
 * makes the first one.
 */
import type { JournalClock } from './clock.js';
import type { Disk, DiskFile, DiskLock } from './disk.js';
import { JournalFull } from './errors.js';
import type { JournalOwner } from './journal.js';
import type { PositionMap } from './position-map.js';
import { type Recovered, recover } from './recovery.js';
import { SEGMENT_HEADER_BYTES, segmentFileName } from './segment.js';
import { SegmentReader } from './segment-reader.js';
import { SegmentSupply } from './segment-supply.js';
import type { LogEnd } from './segment-walk.js';
import { Space } from './space.js';
import type { Survey, SurveyedEnd } from './survey.js';

/** What is the same for all parts. */
export interface Foundation {
  readonly disk: Disk;
  readonly clock: JournalClock;
  readonly random: () => number;
  readonly segmentBytes: number;
  readonly seed: number;
  readonly positions: PositionMap;
  readonly lock: DiskLock;
}

/** Who hears of segments that were made ready; another one when the journal is there. */
export interface SupplyHooks {
  changed: () => void;
  failed: (error: Error) => void;
}

export interface Beginning {
  readonly hooks: SupplyHooks;
  readonly reader: SegmentReader;
  readonly space: Space;
  readonly supply: SegmentSupply;
  readonly segment: number;
  readonly file: DiskFile;
  readonly offset: number;
  /**
   * Its file is shorter than segments are now, as after a restore: what comes goes to the next one, since it could not
   * be written, nor made void, where a disk is full.
   */
  readonly isShort: boolean;
  readonly last: LogEnd;
  /** The oldest segment as the last batch names it. */
  readonly oldest: number;
  readonly nextPosition: number;
}

export async function begin(
  foundation: Foundation,
  found: Survey,
  options: { readonly owner: JournalOwner; readonly limitBytes: number },
): Promise<Beginning> {
  const { clock, disk, positions, seed, segmentBytes } = foundation;
  const recovered = await recover(disk, found, { owner: options.owner, positions });
  const inUse = new Set(recovered.files.map(({ number }) => number));
  const hooks: SupplyHooks = { changed: () => undefined, failed: () => undefined };
  const reader = new SegmentReader(disk);
  const supply = new SegmentSupply({
    disk,
    clock,
    segmentBytes,
    limitBytes: options.limitBytes,
    seed,
    next: (found.end?.segment ?? 0) + 1,
    inUse: recovered.files.map(({ number, size }, index) => ({ number, size, used: recovered.segments[index]!.used })),
    free: found.files.filter(({ number }) => !inUse.has(number)),
    changed: () => hooks.changed(),
    failed: (error) => hooks.failed(error),
    freed: (number) => reader.forget(number),
  });
  const parts = { hooks, reader, supply };
  return found.end === undefined
    ? await beginNew(foundation, recovered, parts)
    : await goOn(foundation, { ...recovered, end: found.end }, parts);
}

type Parts = Pick<Beginning, 'hooks' | 'reader' | 'supply'>;

async function goOn(
  { disk, positions, segmentBytes }: Foundation,
  { end, files, nextPosition, segments }: Recovered & { readonly end: SurveyedEnd },
  parts: Parts,
): Promise<Beginning> {
  const file = await disk.open(segmentFileName(end.segment), 'write');
  // A process that was killed may have left there what the disk does not have yet.
  await file.sync();
  await disk.syncDirectory();
  const space = new Space(segments, { positions, segmentBytes });
  const isShort = files.at(-1)!.size < segmentBytes;
  return { ...parts, ...end, file, isShort, space, last: end, nextPosition };
}

async function beginNew(
  { disk, positions, segmentBytes }: Foundation,
  { nextPosition }: Recovered,
  parts: Parts,
): Promise<Beginning> {
  const { hooks, supply } = parts;
  await new Promise<void>((resolve, reject) => {
    hooks.changed = resolve;
    hooks.failed = reject;
    supply.fill();
  });
  const taken = supply.take(0);
  if (taken === 'wait' || taken === 'none') {
    await supply.close();
    throw new JournalFull(`there is no room for a journal in ${disk.directory}`);
  }
  const { file, number } = taken;
  const use = { number, used: SEGMENT_HEADER_BYTES, live: 0 };
  const space = new Space([use], { positions, segmentBytes });
  const last = { sequence: 0, crc: 0 };
  return {
    ...parts,
    segment: number,
    offset: use.used,
    isShort: false,
    oldest: number,
    file,
    space,
    last,
    nextPosition,
  };
}

/**
 * Makes a store of a backup. Its files are written beside what is there, under names of their own, each part checked
 * before it is written. Only when the end mark was read and all is on disk do they take their place; files of a store
 * that was there are moved to a directory of their own, and never removed.
 *
 *     writing N.log.restoring ──► marker ──► old N.log moved away ──► N.log.restoring renamed, newest first ──► no marker
 *
 * Stopped before the marker is there, nothing has changed. Stopped while it is there, the directory is refused by all
 * but another restore (survey.ts): no store is taken for whole that is half of one.
 */
import { BackupReader, type BackupSummary } from './backup-reader.js';
import { checkLog, locked, type StoreOptions } from './check.js';
import type { Disk, DiskFile } from './disk.js';
import { JournalError, JournalExists } from './errors.js';
import { newDirectory } from './new-directory.js';
import { NodeDisk } from './node-disk.js';
import { segmentFileName, segmentNumberOf } from './segment.js';
import { RESTORE_UNFINISHED, survey } from './survey.js';

const SUFFIX = '.restoring';
const MOVED = 'before-restore-';

export interface RestoreOptions extends StoreOptions {
  /** Takes the place of a store that is there already; its files are moved aside. Default: false. */
  readonly force?: boolean;
}

export interface RestoreReport extends BackupSummary {
  /** Directory with the files that were there; undefined when there were none. */
  readonly movedTo: string | undefined;
}

/**
 * @param directory made when it is not there
 * @throws JournalLocked when a server has it open; BackupDamage, JournalVersion for the backup: nothing has changed then;
 *   JournalExists when there is a store and no `force`
 */
export async function restore(
  directory: string,
  source: AsyncIterable<Uint8Array>,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const { disk = new NodeDisk(directory), force = false } = options;
  await disk.make();
  return await locked(disk, async () => {
    const before = await segmentsIn(disk);
    if (!force && (before.length > 0 || (await disk.list()).includes(RESTORE_UNFINISHED))) {
      throw new JournalExists(`there is a store in ${directory} already`);
    }
    await removeStaged(disk);
    const staged = new StagedFiles(disk);
    try {
      const summary = await stage(staged, source);
      const movedTo = await takePlace(disk, before, staged.names);
      await compare(disk, summary);
      return { ...summary, movedTo };
    } catch (error) {
      await staged.close().catch(() => undefined);
      await removeStaged(disk).catch(() => undefined);
      throw error;
    }
  });
}

/** Files of segments, written one after another. */
class StagedFiles {
  readonly names: string[] = [];
  private readonly disk: Disk;
  private file: DiskFile | undefined = undefined;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  async write(segment: number, offset: number, bytes: Uint8Array): Promise<void> {
    const name = segmentFileName(segment);
    if (this.names.at(-1) !== name) {
      await this.close();
      this.names.push(name);
      this.file = await this.disk.open(name + SUFFIX, 'create');
    }
    await this.file!.write(bytes, offset);
  }

  /** Makes the file that is being written durable. */
  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    if (file === undefined) return;
    await file.sync();
    await file.close();
  }
}

async function stage(staged: StagedFiles, source: AsyncIterable<Uint8Array>): Promise<BackupSummary> {
  const reader = new BackupReader();
  for await (const piece of source) {
    for (const { bytes, offset, segment } of reader.take(piece)) await staged.write(segment, offset, bytes);
  }
  const summary = reader.finish();
  await staged.close();
  return summary;
}

async function takePlace(disk: Disk, before: readonly string[], names: readonly string[]): Promise<string | undefined> {
  const marker = await disk.open(RESTORE_UNFINISHED, 'create');
  await marker.sync();
  await marker.close();
  await disk.syncDirectory();
  let moved: Disk | undefined;
  if (before.length > 0) {
    moved = await newDirectory(disk, MOVED);
    const within = moved.directory.slice(disk.directory.length + 1);
    for (const name of before) await disk.rename(name, `${within}/${name}`);
    await moved.syncDirectory();
    await disk.syncDirectory();
  }
  for (const name of [...names].reverse()) await disk.rename(name + SUFFIX, name);
  await disk.syncDirectory();
  await disk.remove(RESTORE_UNFINISHED);
  await disk.syncDirectory();
  return moved?.directory;
}

/** Reads what was written. */
async function compare(disk: Disk, { batches, records }: BackupSummary): Promise<void> {
  const store = await checkLog(disk, await survey(disk));
  if (store.damage !== undefined) throw store.damage;
  if (store.batches !== batches || store.records !== records) {
    throw new JournalError(`the store has ${store.records} records where the backup has ${records}`);
  }
}

async function segmentsIn(disk: Disk): Promise<string[]> {
  return (await disk.list()).filter((name) => segmentNumberOf(name) !== undefined).sort();
}

/** What a restore that was stopped has left. */
async function removeStaged(disk: Disk): Promise<void> {
  for (const name of await disk.list()) {
    if (name.endsWith(SUFFIX) && segmentNumberOf(name.slice(0, -SUFFIX.length)) !== undefined) await disk.remove(name);
  }
}

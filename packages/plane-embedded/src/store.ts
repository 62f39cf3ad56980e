/**
 * Where the broker's records go: a journal in a directory, or nowhere. Opening a directory reads all that it has, and the
 * broker made of it goes on from there.
 */
import { mkdir, statfs } from 'node:fs/promises';
import { type Journal, Recovery, TAKING_BACK } from '@millrace/broker';
import type { StoreStatus } from '@millrace/contract';
import { DiskJournal, type DurableJournal, type JournalState, MemoryJournal, segmentBytesFor } from '@millrace/journal';

export interface StoreOptions {
  /** Made when it is not there; one process at a time. */
  readonly directory: string;
  /** All files together; at least eight segments. Default: no limit but the disk. */
  readonly limitBytes?: number;
  /** Lines for people: that the store is full, has room again, or has failed. */
  readonly log: (line: string) => void;
}

export type Store =
  | { readonly kind: 'memory'; readonly journal: Journal }
  | {
      readonly kind: 'disk';
      readonly directory: string;
      readonly journal: DurableJournal;
      readonly recovery: Recovery;
    };

export function memoryStore(): Store {
  return { kind: 'memory', journal: new MemoryJournal() };
}

/** @throws JournalLocked, JournalDamage, JournalVersion, JournalFull; and what the directory refuses with (EACCES, …) */
export async function openStore({ directory, limitBytes, log }: StoreOptions): Promise<Store> {
  const recovery = new Recovery();
  let before: JournalState['kind'] = 'open';
  const onStateChange = (state: JournalState): void => {
    const line = lineOf(state, before, directory);
    before = state.kind;
    if (line !== undefined) log(line);
  };
  const journal = await DiskJournal.open({
    directory,
    owner: recovery,
    reserveTypes: TAKING_BACK,
    onStateChange,
    segmentBytes: segmentBytesFor(Math.min(limitBytes ?? Number.POSITIVE_INFINITY, await diskBytes(directory))),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  });
  return { kind: 'disk', directory, journal, recovery };
}

/** Size of the file system: on a small one, segments of the usual size would leave no room for messages. */
async function diskBytes(directory: string): Promise<number> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { blocks, bsize } = await statfs(directory);
  return blocks * bsize;
}

function lineOf(state: JournalState, before: JournalState['kind'], directory: string): string | undefined {
  switch (state.kind) {
    case 'full':
      return state.cause === 'limit'
        ? `store ${directory}: full, its limit is reached; durable messages are refused until others are settled`
        : `store ${directory}: the disk is full; durable messages are refused until there is room`;
    case 'failed':
      return `store ${directory}: failed, nothing durable is taken until the server is started again: ${state.error.message}`;
    case 'open':
      return before === 'full' ? `store ${directory}: there is room again` : undefined;
    case 'closed':
      return undefined;
  }
}

export function storeStatus(store: Store): StoreStatus {
  if (store.kind === 'memory') return { kind: 'memory', state: 'open' };
  const { directory, journal } = store;
  const { state } = journal;
  const { bytesOnDisk, bytesLive } = journal.figures();
  const message = lineOf(state, 'open', directory);
  return {
    kind: 'disk',
    state: state.kind,
    ...(message === undefined ? {} : { message }),
    directory,
    bytesOnDisk,
    bytesLive,
  };
}

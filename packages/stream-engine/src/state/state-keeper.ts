/**
 * What is to be stored of the open windows with each commit, never the whole of it: the groups that changed, and pieces
 * (records.ts) written again as a whole one after the other, so that the change records before them can go.
 *
 *  - A piece of which much has changed is written whole. Of the others the changed groups go into the commit's change
 *    record; each such piece joins a queue, in which it waits for being written whole.
 *  - Each commit writes as many bytes of pieces from the front of the queue as the change record before had. A piece has
 *    so been written after at most as many bytes of changes as there is state: kept in all is at most about twice the
 *    state, written about twice what changes, and a commit's work follows from the rows since the last one.
 *  - Change records older than the piece at the front of the queue are given up.
 *
 * The same bounds hold for the number of change records: one counts as 1/4096 of the state at least.
 */
import type { Pane } from '../aggregate/pane.js';
import type { GroupRun } from '../state-bytes.js';
import { GroupChanges } from './group-changes.js';
import type { StateTotals } from './head.js';
import { changesKey, EntryWriter, encodePiece, pieceKey, type StateChange, stretch } from './records.js';

export interface StateSizes {
  /** Groups of one piece. Default: 1,024. */
  readonly pieceGroups: number;
  /** What a change record counts at least, in bytes of pieces that are written for it. Default: 4,096. */
  readonly stepBytes: number;
}

export const STATE_SIZES: StateSizes = { pieceGroups: 1024, stepBytes: 4096 };

/** A piece is written whole when that part of its groups changed: an entry names groups, a piece does not. */
const WHOLE_PART = 1 / 2;
const CHANGE_RECORDS_MAX = 4096;
/** Records given up with one commit at most; the rest follows with the next ones. */
const GIVEN_UP_MAX = 4096;

class Piece {
  readonly pane: Pane;
  readonly block: number;
  /** Groups whose keys are in records already. */
  known = 0;
  /** Of its record; 0: it has none. */
  bytes = 0;
  /** The first change record with an entry newer than the piece's own record; 0: none. */
  since = 0;
  /** The commit that wrote it whole last; 0: none of this run. */
  writtenAt = 0;

  constructor(pane: Pane, block: number) {
    this.pane = pane;
    this.block = block;
  }

  get key(): string {
    return pieceKey({ startUs: this.pane.startUs, block: this.block });
  }
}

class PaneState {
  readonly changes = new GroupChanges();
  /** By block. */
  readonly pieces: Piece[] = [];
}

/** What a restore found of one piece. */
export interface RestoredPiece {
  readonly block: number;
  readonly bytes: number;
  readonly since: number;
}

export class StateKeeper {
  private readonly stepBytes: number;
  /** As the state has it that was restored; a new one takes today's. */
  private pieceGroups: number;
  private readonly panes = new Map<Pane, PaneState>();
  private readonly changed = new Set<Pane>();
  /** Pieces with a `since`, by that. */
  private readonly waiting = new Set<Piece>();
  /** Change records that are needed, oldest first. */
  private changeRecords: number[] = [];
  private readonly givenUp: string[] = [];
  private commit = 0;
  private pieceBytes = 0;
  /** Bytes of pieces to write for changes so far; less than 0 when more was written. */
  private due = 0;

  constructor(sizes: StateSizes) {
    this.stepBytes = sizes.stepBytes;
    this.pieceGroups = sizes.pieceGroups;
  }

  /** Groups that changed since the last `collect`, and that it will write. */
  get changedGroups(): number {
    let sum = 0;
    for (const pane of this.changed) sum += this.panes.get(pane)!.changes.count;
    return sum;
  }

  /** Rows went into these groups of the pane. */
  note(pane: Pane, groups: Int32Array | undefined, from: number, to: number): void {
    const state = this.stateOf(pane);
    if (state.changes.count === 0) this.changed.add(pane);
    state.changes.note(groups, from, to, pane.groups);
  }

  /** All windows of the pane have closed. */
  dropped(pane: Pane): void {
    for (const piece of this.panes.get(pane)?.pieces ?? []) {
      this.waiting.delete(piece);
      this.pieceBytes -= piece.bytes;
      if (piece.bytes > 0) this.giveUp(piece.key);
    }
    this.panes.delete(pane);
    this.changed.delete(pane);
  }

  /** Appends what changed since the last call. @returns what the head says of it */
  collect(into: StateChange[]): Omit<StateTotals, 'panes' | 'groups'> {
    this.commit++;
    while (this.due > 0 && this.waiting.size > 0) {
      const [piece] = this.waiting;
      this.due -= this.writeWhole(piece!, into);
    }
    const entries = new EntryWriter();
    for (const pane of this.changed) this.collectPane(pane, into, entries);
    this.changed.clear();
    if (entries.count > 0) this.addChanges(entries.finish(), into);
    const [oldest] = this.waiting;
    const firstChange = oldest?.since ?? this.commit + 1;
    this.forgetChangesBefore(firstChange);
    for (const key of this.givenUp.splice(0, GIVEN_UP_MAX)) into.push({ key, bytes: undefined });
    return {
      commit: this.commit,
      firstChange,
      changeRecords: this.changeRecords.length,
      pieceGroups: this.pieceGroups,
    };
  }

  /** Goes on from the records of an earlier run. */
  beginRestore({ commit, pieceGroups }: StateTotals, changeRecords: readonly number[]): void {
    this.commit = commit;
    this.pieceGroups = pieceGroups;
    this.changeRecords = [...changeRecords];
  }

  restored(pane: Pane, { block, bytes, since }: RestoredPiece): void {
    const piece = this.pieceOf(pane, block);
    piece.known = Math.min(this.pieceGroups, pane.groups - block * this.pieceGroups);
    piece.bytes = bytes;
    piece.since = since;
    this.pieceBytes += bytes;
  }

  /** All pieces are restored. */
  finishRestore(): void {
    const pieces = [...this.panes.values()].flatMap((state) => state.pieces).filter(({ since }) => since > 0);
    for (const piece of pieces.sort((left, right) => left.since - right.since)) this.waiting.add(piece);
  }

  /** A record that is there and means nothing any more. */
  giveUp(key: string): void {
    this.givenUp.push(key);
  }

  private collectPane(pane: Pane, into: StateChange[], entries: EntryWriter): void {
    const { pieceGroups } = this;
    const groups = this.stateOf(pane).changes.take();
    for (let from = 0; from < groups.length; ) {
      const block = Math.floor(groups[from]! / pieceGroups);
      const end = (block + 1) * pieceGroups;
      let to = from + 1;
      while (to < groups.length && groups[to]! < end) to++;
      this.collectPiece(this.pieceOf(pane, block), { groups, from, to }, { into, entries });
      from = to;
    }
  }

  private collectPiece(
    piece: Piece,
    run: GroupRun,
    { into, entries }: { readonly into: StateChange[]; readonly entries: EntryWriter },
  ): void {
    const { pane, block } = piece;
    if (piece.writtenAt === this.commit) return;
    const firstGroup = block * this.pieceGroups;
    const size = Math.min(this.pieceGroups, pane.groups - firstGroup);
    if (run.to - run.from >= size * WHOLE_PART) {
      this.writeWhole(piece, into);
      return;
    }
    entries.add(pane, run, { block, firstGroup, added: size - piece.known });
    piece.known = size;
    if (piece.since > 0) return;
    piece.since = this.commit;
    this.waiting.add(piece);
  }

  /** @returns how many bytes that took */
  private writeWhole(piece: Piece, into: StateChange[]): number {
    const { pane, block } = piece;
    const { pieceGroups } = this;
    const first = block * pieceGroups;
    const size = Math.min(pieceGroups, pane.groups - first);
    const bytes = encodePiece(pane, stretch(first, size), this.commit, Math.ceil(piece.bytes * 1.1));
    into.push({ key: piece.key, bytes });
    this.pieceBytes += bytes.length - piece.bytes;
    piece.bytes = bytes.length;
    piece.known = size;
    piece.since = 0;
    piece.writtenAt = this.commit;
    this.waiting.delete(piece);
    return bytes.length;
  }

  private addChanges(bytes: Uint8Array, into: StateChange[]): void {
    into.push({ key: changesKey(this.commit), bytes });
    this.changeRecords.push(this.commit);
    const share = this.pieceBytes / CHANGE_RECORDS_MAX;
    this.due = Math.min(this.due, 0) + Math.max(bytes.length, this.stepBytes, share);
  }

  private forgetChangesBefore(firstChange: number): void {
    const { changeRecords } = this;
    let count = 0;
    while (count < changeRecords.length && changeRecords[count]! < firstChange)
      this.giveUp(changesKey(changeRecords[count++]!));
    if (count > 0) changeRecords.splice(0, count);
  }

  private stateOf(pane: Pane): PaneState {
    let state = this.panes.get(pane);
    if (state === undefined) {
      state = new PaneState();
      this.panes.set(pane, state);
    }
    return state;
  }

  private pieceOf(pane: Pane, block: number): Piece {
    const { pieces } = this.stateOf(pane);
    // Groups come in the order of their numbers, so no block is left out for long: earlier ones of it changed, too.
    while (pieces.length <= block) pieces.push(new Piece(pane, pieces.length));
    return pieces[block]!;
  }
}

/**
 * Goes on from kept records, in steps of one record each, so that nothing else waits for the whole: first the change
 * records, to know which pieces they tell of; then one piece after the other, by pane and block, each with the entries that
 * are newer than it.
 */
import type { Pane } from '../aggregate/pane.js';
import { StateError, StateReader } from '../state-bytes.js';
import type { StateTotals } from './head.js';
import { HEAD_KEY, type PiecePlace, parseKey, pieceKey, readEntryPlace, stretch } from './records.js';
import type { StateKeeper } from './state-keeper.js';

/** Beyond that a piece would take too long. */
const PIECE_GROUPS_MAX = 65_536;

export type KeptRecords = ReadonlyMap<string, Uint8Array>;

/** The operator that the groups are of. */
export interface RestoredOperator {
  /** Some window of the pane is still to close. */
  isOpen(startUs: number): boolean;
  /** A pane after all that are there; it is empty. */
  addPane(startUs: number): Pane;
}

export interface RestoreParts {
  readonly operator: RestoredOperator;
  readonly keeper: StateKeeper;
}

interface Entry {
  readonly commit: number;
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly end: number;
}

interface PieceRecords extends PiecePlace {
  bytes: Uint8Array | undefined;
  /** Oldest first. */
  readonly entries: Entry[];
}

export class RecordRestore {
  private readonly parts: RestoreParts;
  private readonly totals: StateTotals;
  private readonly records: KeptRecords;
  private readonly changes: { readonly commit: number; readonly key: string }[] = [];
  private readonly pieces = new Map<string, PieceRecords>();
  private ordered: PieceRecords[] | undefined;
  private next = 0;
  private pane: Pane | undefined;
  private panes = 0;
  private groups = 0;

  /** @throws StateError */
  constructor(records: KeptRecords, totals: StateTotals, parts: RestoreParts) {
    this.records = records;
    this.totals = totals;
    this.parts = parts;
    for (const [key, bytes] of records) if (key !== HEAD_KEY) this.take(key, bytes);
    this.changes.sort((left, right) => left.commit - right.commit);
    if (this.changes.length !== totals.changeRecords) throw new StateError('damaged', 'change records are missing');
    if (totals.pieceGroups < 1 || totals.pieceGroups > PIECE_GROUPS_MAX)
      throw new StateError('damaged', `pieces of ${totals.pieceGroups} groups cannot be`);
    const commits = this.changes.map(({ commit }) => commit);
    parts.keeper.beginRestore(totals, commits);
  }

  /** @returns true when there is more. @throws StateError */
  step(): boolean {
    if (this.ordered === undefined) {
      if (this.next < this.changes.length) this.readChanges(this.changes[this.next++]!);
      else this.orderPieces();
      return true;
    }
    if (this.next < this.ordered.length) {
      this.readPiece(this.next++);
      return true;
    }
    if (this.panes !== this.totals.panes || this.groups !== this.totals.groups)
      throw new StateError('damaged', 'records of groups are missing');
    this.parts.keeper.finishRestore();
    return false;
  }

  private take(key: string, bytes: Uint8Array): void {
    const parsed = parseKey(key);
    const { operator, keeper } = this.parts;
    if (parsed.kind === 'changes') {
      if (parsed.commit < this.totals.firstChange) keeper.giveUp(key);
      else this.changes.push({ commit: parsed.commit, key });
    } else if (operator.isOpen(parsed.startUs)) this.recordsOf(parsed).bytes = bytes;
    else keeper.giveUp(key);
  }

  private readChanges({ commit, key }: { readonly commit: number; readonly key: string }): void {
    const bytes = this.records.get(key)!;
    const state = new StateReader(bytes);
    for (let left = state.unsigned(); left > 0; left--) {
      const { position, end, ...place } = readEntryPlace(state);
      if (this.parts.operator.isOpen(place.startUs))
        this.recordsOf(place).entries.push({ commit, bytes, position, end });
    }
    state.end();
  }

  private orderPieces(): void {
    this.ordered = [...this.pieces.values()].sort(
      (left, right) => left.startUs - right.startUs || left.block - right.block,
    );
    this.next = 0;
  }

  private readPiece(at: number): void {
    const { operator, keeper } = this.parts;
    const { pieceGroups } = this.totals;
    const { startUs, block, bytes, entries } = this.ordered![at]!;
    if (this.pane?.startUs !== startUs) {
      this.pane = operator.addPane(startUs);
      this.pane.expect(this.blocksFrom(at) * pieceGroups);
      this.panes++;
      if (block !== 0) throw new StateError('damaged', 'the first groups of a pane are missing');
    }
    const { pane } = this;
    const before = block === 0 ? 0 : pane.groups;
    if (before !== block * pieceGroups) throw new StateError('damaged', 'groups of a pane are missing');
    const commit = bytes === undefined ? 0 : readWhole(pane, bytes, before);
    let since = 0;
    for (const entry of entries) {
      if (entry.commit <= commit) continue;
      if (since === 0) since = entry.commit;
      readEntry(pane, entry, before);
    }
    if (pane.groups > before + pieceGroups) throw new StateError('damaged', 'a piece has too many groups');
    this.groups += pane.groups - before;
    keeper.restored(pane, { block, bytes: bytes?.length ?? 0, since });
  }

  /** Blocks of the pane whose first piece stands there. */
  private blocksFrom(at: number): number {
    const { startUs } = this.ordered![at]!;
    let end = at + 1;
    while (this.ordered![end]?.startUs === startUs) end++;
    return end - at;
  }

  private recordsOf(place: PiecePlace): PieceRecords {
    const key = pieceKey(place);
    let records = this.pieces.get(key);
    if (records === undefined) {
      records = { ...place, bytes: undefined, entries: [] };
      this.pieces.set(key, records);
    }
    return records;
  }
}

/** @returns the commit that wrote it */
function readWhole(pane: Pane, bytes: Uint8Array, firstGroup: number): number {
  const state = new StateReader(bytes);
  const commit = state.double();
  const count = state.unsigned();
  pane.readKeys(state, count);
  checkRoom(pane, firstGroup + count);
  pane.readValues(state, stretch(firstGroup, count));
  state.end();
  return commit;
}

function readEntry(pane: Pane, { bytes, position, end }: Entry, firstGroup: number): void {
  const state = new StateReader(bytes.subarray(0, end), position);
  const added = state.unsigned();
  const count = state.unsigned();
  // A count beyond that is damage, and must not be asked memory for.
  if (count > PIECE_GROUPS_MAX) throw new StateError('damaged', 'an entry has too many groups');
  const groups = new Int32Array(count);
  for (let index = 0; index < count; index++) groups[index] = firstGroup + state.unsigned();
  pane.readKeys(state, added);
  for (let index = 0; index < count; index++) checkRoom(pane, groups[index]! + 1);
  pane.readValues(state, { groups, from: 0, to: count });
  state.end();
}

function checkRoom(pane: Pane, groups: number): void {
  if (groups < 1 || groups > pane.groups) throw new StateError('damaged', 'values are of groups without a key');
}

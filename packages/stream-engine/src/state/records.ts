/**
 * The records in which the groups of open windows are kept. A *piece* is a stretch of the groups of one pane, by number:
 * they are numbered as they come and never go but with their pane, so that a piece keeps its groups.
 *
 *     piece/START/BLOCK   commit f64 · groups u32 · their keys · their values
 *     changes/COMMIT      number of entries u32 · the entries, one a piece:
 *                         bytes that follow u32 · pane's start f64 (µs) · block u32 · new groups u32 · groups u32 ·
 *                         their numbers within the piece u32 each · keys of the new ones · values of all
 *
 * A key has its length (u32) before it; values are the columns of one accumulator after the other. Little-endian. An
 * entry tells of groups as they were at its commit, whatever they were before; it is void when the piece was written
 * whole at that commit or later.
 */
import type { Pane } from '../aggregate/pane.js';
import { type GroupRun, StateError, type StateReader, StateWriter } from '../state-bytes.js';

export const HEAD_KEY = 'head';

/** A change of what is kept of a job: bytes under a key, or that there are none any more. */
export interface StateChange {
  readonly key: string;
  readonly bytes: Uint8Array | undefined;
}

export interface PiecePlace {
  readonly startUs: number;
  readonly block: number;
}

export function pieceKey({ startUs, block }: PiecePlace): string {
  return `piece/${startUs}/${block}`;
}

export function changesKey(commit: number): string {
  return `changes/${commit}`;
}

export type StateKey =
  | ({ readonly kind: 'piece' } & PiecePlace)
  | { readonly kind: 'changes'; readonly commit: number };

/** @throws StateError */
export function parseKey(key: string): StateKey {
  const piece = /^piece\/(-?\d+)\/(\d+)$/.exec(key);
  if (piece !== null) return { kind: 'piece', startUs: Number(piece[1]), block: Number(piece[2]) };
  const changes = /^changes\/(\d+)$/.exec(key);
  if (changes !== null) return { kind: 'changes', commit: Number(changes[1]) };
  throw new StateError('damaged', `the state has a record ${key.slice(0, 100)}, which this engine does not know`);
}

export function encodePiece(pane: Pane, run: GroupRun, commit: number, sizeHint: number): Uint8Array {
  const state = new StateWriter(Math.max(64, sizeHint));
  state.double(commit);
  state.unsigned(run.to - run.from);
  const first = run.groups[run.from]!;
  pane.writeKeys(state, first, first + run.to - run.from);
  pane.writeValues(state, run);
  return state.finish();
}

/** Makes the change record of one commit. */
export class EntryWriter {
  count = 0;
  private readonly state = new StateWriter();

  constructor() {
    this.state.unsigned(0);
  }

  /** @param run which groups; the keys of the last `added` of them are in no record yet */
  add(pane: Pane, run: GroupRun, { block, firstGroup, added }: EntryPlace): void {
    const { state } = this;
    this.count++;
    const at = state.length;
    state.unsigned(0);
    state.double(pane.startUs);
    state.unsigned(block);
    state.unsigned(added);
    state.unsigned(run.to - run.from);
    for (let index = run.from; index < run.to; index++) state.unsigned(run.groups[index]! - firstGroup);
    const end = run.groups[run.to - 1]! + 1;
    pane.writeKeys(state, end - added, end);
    pane.writeValues(state, run);
    state.patch(at, state.length - at - 4);
  }

  finish(): Uint8Array {
    this.state.patch(0, this.count);
    return this.state.finish();
  }
}

export interface EntryPlace {
  readonly block: number;
  /** Number of the piece's first group. */
  readonly firstGroup: number;
  readonly added: number;
}

/** @returns of which piece it tells, and where in the record the rest begins and ends; the reader then stands behind it */
export function readEntryPlace(state: StateReader): PiecePlace & { readonly position: number; readonly end: number } {
  const size = state.unsigned();
  const begin = state.place;
  const startUs = state.double();
  const block = state.unsigned();
  const position = state.place;
  if (size < position - begin) throw new StateError('damaged', 'an entry of the state is too short');
  state.skip(size - (position - begin));
  return { startUs, block, position, end: begin + size };
}

/** The groups first, first + 1, … */
export function stretch(first: number, count: number): GroupRun {
  const groups = new Int32Array(count);
  for (let index = 0; index < count; index++) groups[index] = first + index;
  return { groups, from: 0, to: count };
}

/**
 * Empties the oldest segment: reads it, and asks the owner in short pieces to write again what lives. The segment goes
 * when a commit made after the last piece is on disk. One segment at a time; when a commit fails meanwhile, again from
 * its start.
 *
 *     rest ── too much is used ──► reading ──► asking ── last piece ──► waiting ── committed ──► rest
 */
import type { JournalClock } from './clock.js';
import { JournalDamage } from './errors.js';
import type { JournalOwner } from './journal.js';
import type { PositionMap } from './position-map.js';
import { segmentFileName } from './segment.js';
import { type RecordCursor, SegmentWalk } from './segment-walk.js';
import type { Room, Space } from './space.js';

/** A piece ends after so long; the clock is read after so many records, or bytes of them. */
const PIECE_MS = 2;
const RECORDS_A_LOOK = 32;
const BYTES_A_LOOK = 64 * 1024;
/** No piece begins while more than this waits for the disk. */
const PENDING_MAX = 4 * 1024 ** 2;

export interface EmptyingOptions {
  readonly owner: JournalOwner;
  readonly clock: JournalClock;
  readonly space: Space;
  readonly positions: PositionMap;
  readonly seed: number;
  /** Reads a whole segment. */
  readonly load: (segment: number) => Promise<Buffer>;
  readonly pendingBytes: () => number;
  readonly nextCommit: () => number;
  readonly room: () => Room;
  /** A segment may be freed, though no commit was reported. */
  readonly emptied: () => void;
}

interface Asking {
  readonly kind: 'asking';
  readonly segment: number;
  /** Live bytes when it began. */
  readonly live: number;
  readonly walk: SegmentWalk;
  /** The commit that follows the last question. */
  commit: number;
  cursor: RecordCursor | undefined;
}

type State =
  | { readonly kind: 'rest' }
  | { readonly kind: 'reading'; readonly segment: number }
  | Asking
  | { readonly kind: 'waiting'; readonly segment: number; readonly live: number; readonly commit: number };

export class Emptying {
  segmentsEmptied = 0;
  /** What lived in them. */
  bytesRewritten = 0;
  damage: JournalDamage | undefined = undefined;
  /** The owner works: it is not asked before its first commit. */
  allowed = false;
  /** The owner was asked since its last commit. */
  asked = false;
  private readonly options: EmptyingOptions;
  private state: State = { kind: 'rest' };
  /** Commits up to this number are on disk. */
  private committedNumber = 0;
  private scheduled = false;
  private stopped = false;

  constructor(options: EmptyingOptions) {
    this.options = options;
  }

  /** Begins when there is something to gain, and goes on where the disk was waited for. */
  check(): void {
    const { room, space } = this.options;
    if (this.state.kind === 'asking') this.schedule();
    if (this.state.kind !== 'rest' || this.stopped || !this.allowed || this.damage !== undefined) return;
    if (space.isWasteful(room())) void this.read(space.oldest.number);
  }

  committed(commit: number): void {
    const { state } = this;
    this.committedNumber = commit;
    if (state.kind !== 'waiting' || commit < state.commit) return;
    this.state = { kind: 'rest' };
    if (this.options.space.oldest.number !== state.segment) return;
    this.segmentsEmptied++;
    this.bytesRewritten += state.live;
    this.options.space.dropOldest();
  }

  /** What was written again may not be on disk. */
  commitFailed(): void {
    if (this.state.kind !== 'reading') this.state = { kind: 'rest' };
  }

  stop(): void {
    this.stopped = true;
    this.state = { kind: 'rest' };
  }

  private async read(segment: number): Promise<void> {
    const { load, seed, space } = this.options;
    const reading: State = { kind: 'reading', segment };
    this.state = reading;
    try {
      const bytes = await load(segment);
      if (this.state !== reading) return;
      if (space.oldest.number !== segment) this.state = { kind: 'rest' };
      else {
        const { live, used } = space.oldest;
        const walk = new SegmentWalk({ bytes, end: used, segment, seed }, undefined);
        this.state = { kind: 'asking', segment, live, walk, commit: 0, cursor: undefined };
        this.schedule();
      }
    } catch (error) {
      if (this.state !== reading) return;
      this.state = { kind: 'rest' };
      // The last record in it was released meanwhile, and its file holds something else.
      if (space.oldest.number !== segment) return;
      this.damage = new JournalDamage({ file: segmentFileName(segment), offset: 0 }, (error as Error).message);
    }
  }

  private schedule(): void {
    if (this.scheduled || this.options.pendingBytes() > PENDING_MAX) return;
    this.scheduled = true;
    this.options.clock.soon(() => {
      this.scheduled = false;
      this.piece();
    });
  }

  private piece(): void {
    const { state } = this;
    const { clock, space } = this.options;
    if (state.kind !== 'asking') return;
    if (space.oldest.number !== state.segment) {
      // Everything in it was released meanwhile.
      this.state = { kind: 'rest' };
      this.check();
      return;
    }
    const until = clock.now() + PIECE_MS;
    let more = true;
    do more = this.ask(state);
    while (more && clock.now() < until && this.state === state);
    if (this.state !== state) return;
    if (more) this.schedule();
    else if (this.damage === undefined) this.wait(state);
    else this.state = { kind: 'rest' };
  }

  private wait({ commit, live, segment }: Asking): void {
    this.state = { kind: 'waiting', segment, live, commit };
    if (commit > this.committedNumber) return;
    // It came to be on disk before it was known that there was nothing more to ask.
    this.committed(this.committedNumber);
    this.options.emptied();
  }

  /** Asks for some records. @returns false behind the last one */
  private ask(state: Asking): boolean {
    const { nextCommit, owner, space } = this.options;
    const { walk } = state;
    let bytes = 0;
    for (let left = RECORDS_A_LOOK; left > 0 && bytes < BYTES_A_LOOK; ) {
      if (state.cursor?.next()) {
        this.asked = true;
        const { view } = state.cursor;
        bytes += view.end - view.start;
        left--;
        state.commit = nextCommit();
        owner.rewrite(view);
      } else if (walk.next()) state.cursor = walk.records(this.positionOf(state));
      else {
        if (walk.offset < space.oldest.used && space.oldest.number === state.segment) {
          const file = segmentFileName(state.segment);
          this.damage = new JournalDamage({ file, offset: walk.offset }, 'no batch stands there any more');
        }
        return false;
      }
    }
    return true;
  }

  /** Of the batch that the walk found. */
  private positionOf({ segment, walk }: Asking): number {
    return this.options.positions.positionAt(segment, walk.start);
  }
}

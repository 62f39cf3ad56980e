/**
 * Group commit. While one write is on its way to the disk, commits gather behind it; when it is there they go together in
 * the next one. Commits are reported in order, whatever becomes of them.
 *
 *     open ── no room ──► full ── room again ──► open          any ── the disk fails ──► failed
 *
 * A failed write is made void before its failure is reported: a zero in place of its first header ends the log there.
 * Where the disk does not take even that, its batches may or may not be there after a restart.
 */
import { BATCH_HEADER_BYTES, finishBatch } from './batch.js';
import type { BatchBuffer } from './batch-buffer.js';
import type { WriteGroup } from './chunk.js';
import type { JournalClock } from './clock.js';
import { type DiskFile, isNoSpace } from './disk.js';
import { JournalError, JournalFailed, JournalFull } from './errors.js';
import type { JournalState } from './journal.js';
import { Pace } from './pace.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';
import { KEPT_BY_NEW, KEPT_BY_REMOVALS, type SegmentSupply } from './segment-supply.js';
import type { LogEnd } from './segment-walk.js';
import { liveBytesOf, type Room, type Space } from './space.js';

export type CommitDone = (error: JournalError | undefined) => void;

interface Commit {
  /** Undefined for a batch of the journal's own. */
  readonly done: CommitDone | undefined;
  readonly number: number;
  /** It waits for a batch. */
  readonly batch: boolean;
  error: JournalError | undefined;
}

/** Who has to know what became of commits beside those who made them. */
export interface CommitListener {
  /** Commits up to this number are on disk. */
  committed(number: number): void;
  commitFailed(): void;
  /** Less waits for the disk than before. */
  written(): void;
  stateChanged(state: JournalState): void;
}

export interface LogWriterOptions {
  readonly buffer: BatchBuffer;
  readonly space: Space;
  readonly supply: SegmentSupply;
  readonly seed: number;
  readonly segmentBytes: number;
  readonly random: () => number;
  readonly clock: JournalClock;
  readonly listener: CommitListener;
  /** The segment being written, its file, and where its last batch ends. */
  readonly segment: number;
  readonly file: DiskFile;
  readonly offset: number;
  /** Nothing more goes into it. */
  readonly isShort: boolean;
  readonly last: LogEnd;
  /** The oldest segment as the last batch names it. */
  readonly oldest: number;
}

const VOID = Buffer.alloc(BATCH_HEADER_BYTES);

export class LogWriter {
  state: JournalState = { kind: 'open' };
  batches = 0;
  records = 0;
  syncs = 0;
  bytesWritten = 0;
  commitsRefused = 0;
  /** Number of the next commit. */
  nextCommit = 1;
  private readonly options: LogWriterOptions;
  private readonly pace = new Pace();
  private segment: number;
  private file: DiskFile;
  private offset: number;
  private isShort: boolean;
  private last: LogEnd;
  private oldest: number;
  private nonce: number;
  private readonly commits: Commit[] = [];
  /** The last commit that failed, until that is reported: those made meanwhile fail too. */
  private failure: Commit | undefined = undefined;
  /** Batches on disk that were not reported yet. */
  private reportable = 0;
  private reporting = false;
  private writing = false;
  /** The last write had records. */
  private unconfirmed: boolean;
  private closing = false;
  /** There was no room for what takes something back. */
  private exhausted = false;
  private idle: (() => void) | undefined = undefined;

  constructor(options: LogWriterOptions) {
    this.options = options;
    this.segment = options.segment;
    this.file = options.file;
    this.offset = options.offset;
    this.isShort = options.isShort;
    this.last = options.last;
    this.oldest = options.oldest;
    this.nonce = options.random();
    this.unconfirmed = options.last.sequence > 0;
  }

  get room(): Room {
    if (this.state.kind !== 'full') return 'enough';
    return this.exhausted ? 'none' : 'reserve';
  }

  /** Closes the open batch. @param empties it holds what a segment was emptied of */
  commit(done: CommitDone, empties: boolean): void {
    const { buffer } = this.options;
    const commit: Commit = { done, number: this.nextCommit++, batch: buffer.isOpen, error: undefined };
    commit.error = this.refusal(empties);
    if (commit.error !== undefined) this.failure = commit;
    if (buffer.isOpen) {
      if (commit.error === undefined) buffer.seal(empties ? 0 : buffer.needsRoom ? KEPT_BY_NEW : KEPT_BY_REMOVALS);
      else {
        buffer.refuse();
        this.commitsRefused++;
      }
    }
    this.commits.push(commit);
    this.pump();
    this.report();
  }

  /** Goes on, if there is anything to do and nothing under way. */
  pump(): void {
    if (this.writing || this.state.kind === 'failed' || this.state.kind === 'closed') return;
    const { buffer, space, supply } = this.options;
    if (buffer.waiting === undefined) {
      if (space.oldest.number === this.oldest || buffer.isOpen) return;
      // Nothing else is there to tell the disk which segments are free.
      this.sealEmpty();
    }
    const { keep, segment } = buffer.waiting!;
    if (segment !== this.segment) {
      const taken = supply.take(keep);
      if (taken === 'wait') return;
      if (taken === 'none') {
        if (keep < KEPT_BY_NEW) this.exhausted = true;
        this.noRoom();
        return;
      }
      void this.file.close().catch((error: Error) => this.fail(error));
      this.segment = taken.number;
      this.file = taken.file;
      this.offset = SEGMENT_HEADER_BYTES;
      this.isShort = false;
    }
    this.write(buffer.take());
  }

  /**
   * Writes a batch without records: it shows that the write before it was whole, which could else be taken for torn
   * when a bit of it turns. Not where the last room of a segment would go for it.
   */
  confirm(): void {
    const { buffer, segmentBytes } = this.options;
    const room = segmentBytes - this.offset - buffer.pendingBytes;
    if (buffer.isOpen || !this.unconfirmed || room < 2 * BATCH_HEADER_BYTES) return;
    this.sealEmpty();
    this.pump();
  }

  /** There may be room again, or less than was thought. */
  supplyChanged(): void {
    const { supply } = this.options;
    if (supply.readyCount > KEPT_BY_REMOVALS) this.exhausted = false;
    if (this.state.kind === 'full' && supply.readyCount > KEPT_BY_NEW) this.change({ kind: 'open' });
    this.pump();
    this.report();
  }

  /** The disk failed: nothing more is taken. */
  fail(cause: Error): void {
    if (this.state.kind === 'failed' || this.state.kind === 'closed') return;
    const error = new JournalFailed(`the journal's disk failed: ${cause.message}`, { cause });
    this.change({ kind: 'failed', error });
    // What a write under way holds is reported when it ends.
    if (!this.writing) this.failAll(error);
  }

  /** Waits for what is committed, and takes no more. */
  async close(): Promise<void> {
    this.closing = true;
    await this.settled();
    if (this.options.buffer.isOpen) this.options.buffer.refuse();
    if (this.state.kind === 'open') this.confirm();
    await this.settled();
    if (this.state.kind !== 'failed') this.change({ kind: 'closed' });
    await this.file.close();
  }

  private async settled(): Promise<void> {
    while (this.writing || this.commits.length > 0) {
      await new Promise<void>((resolve) => {
        this.idle = resolve;
      });
    }
  }

  private sealEmpty(): void {
    const { buffer } = this.options;
    this.commits.push({ done: undefined, number: 0, batch: true, error: undefined });
    buffer.open();
    buffer.seal(0);
  }

  private write(group: WriteGroup): void {
    const { buffer, space, supply } = this.options;
    const first = this.last.sequence + 1;
    const oldest = space.oldest.number;
    let end = this.last;
    let live = 0;
    let records = 0;
    const buffers: Buffer[] = [];
    for (const { chunk, starts, from, to } of group.parts) {
      for (const start of starts) {
        const length = chunk.lengthAt(start);
        const sequence = end.sequence + 1;
        const crc = finishBatch(
          chunk.bytes,
          start,
          {
            length,
            records: chunk.recordsAt(start),
            segment: group.segment,
            sequence,
            firstOfWrite: first,
            previousCrc: end.crc,
            oldestSegment: oldest,
            nonce: this.nonce,
          },
          this.options.seed,
        );
        end = { sequence, crc };
        live += liveBytesOf(length);
        records += chunk.recordsAt(start);
      }
      buffers.push(chunk.bytes.subarray(from, to));
    }
    this.writeBuffers(buffers, { offset: group.offset, bytes: group.bytes, records }, (error) => {
      if (error !== undefined) {
        this.writeFailed(group, error);
        return;
      }
      this.last = end;
      this.offset = group.offset + group.bytes;
      this.oldest = oldest;
      this.unconfirmed = records > 0;
      this.batches += group.batches;
      this.records += records;
      this.syncs++;
      this.bytesWritten += group.bytes;
      buffer.written(group);
      space.written(group.segment, this.offset, live);
      supply.grew(this.offset);
      supply.freeBefore(oldest);
      this.reportable += group.batches;
      this.written();
    });
  }

  /** On this thread or by the pool: `done` may come before it returns. */
  private writeBuffers(
    buffers: Buffer[],
    write: { readonly offset: number; readonly bytes: number; readonly records: number },
    done: (error: Error | undefined) => void,
  ): void {
    const { file, pace } = this;
    const { clock } = this.options;
    const { bytes, offset } = write;
    const began = clock.now();
    this.writing = true;
    if (pace.onThread(write, began)) {
      const error = file.writeDurablySync(buffers, offset);
      const now = clock.now();
      pace.blocked(now - began, now);
      this.writing = false;
      done(error);
      return;
    }
    file.writeDurably(buffers, offset, (error) => {
      pace.pooled(bytes, clock.now() - began);
      this.writing = false;
      done(error);
    });
  }

  private written(): void {
    const { listener, segmentBytes, supply } = this.options;
    if (this.state.kind === 'failed') this.failAll(this.state.error);
    else {
      const nearEnd = this.offset > segmentBytes * (7 / 8);
      if (supply.full !== undefined && supply.readyCount <= KEPT_BY_NEW && nearEnd) this.setFull(supply.full);
      this.pump();
    }
    this.report();
    // A segment that was emptied or released meanwhile may be freed.
    this.pump();
    listener.written();
  }

  /** No segment can be had for what waits. */
  private noRoom(): void {
    const { supply } = this.options;
    const cause = supply.full ?? 'disk';
    this.setFull(cause);
    this.failAll(new JournalFull(cause === 'limit' ? 'the journal has reached its limit' : 'the disk is full'));
    this.options.listener.written();
  }

  private writeFailed(group: WriteGroup, cause: Error): void {
    const growing = group.offset + group.bytes > this.options.segmentBytes;
    this.nonce = this.options.random();
    this.writing = true;
    this.file.writeDurably([VOID], group.offset, (failed) => {
      this.writing = false;
      if (failed === undefined && isNoSpace(cause) && this.state.kind !== 'failed') {
        if (!growing) this.setFull('disk');
        this.failAll(new JournalFull('the disk is full', { cause }));
        // Only a large batch can fail so while there are segments ready, and others may fit.
        this.options.supply.losePin();
        this.options.supply.fill();
        this.pump();
      } else {
        this.fail(cause);
        if (this.state.kind === 'failed') this.failAll(this.state.error);
      }
      this.report();
      this.options.listener.written();
    });
  }

  /** Why the commit cannot be taken. */
  private refusal(empties: boolean): JournalError | undefined {
    const { state } = this;
    const { buffer, segmentBytes, supply } = this.options;
    if (this.failure !== undefined) return this.failure.error;
    if (!buffer.isOpen) return undefined;
    if (state.kind === 'failed') return state.error;
    if (state.kind === 'closed' || this.closing) return new JournalError('the journal is closed');
    if (buffer.tooLarge) return new JournalFull('the batch is larger than any may be');
    if (state.kind === 'full' && buffer.needsRoom && !empties) {
      return new JournalFull(state.cause === 'limit' ? 'the journal has reached its limit' : 'the disk is full');
    }
    const beyond = buffer.openBytes + SEGMENT_HEADER_BYTES - segmentBytes;
    if (beyond > 0 && !supply.mayGrow(beyond)) return new JournalFull('the batch would go beyond the limit');
    return undefined;
  }

  /** All that is sealed fails, and is reported with what was refused. */
  private failAll(error: JournalError): void {
    const { buffer, segmentBytes } = this.options;
    buffer.fail({ segment: this.segment, offset: this.isShort ? segmentBytes : this.offset });
    let onDisk = this.reportable;
    for (const commit of this.commits) {
      if (commit.error === undefined) {
        if (!commit.batch || onDisk-- > 0) continue;
        commit.error = error;
        this.commitsRefused++;
      }
      this.failure = commit;
    }
    this.report();
  }

  private report(): void {
    if (this.reporting) return;
    this.reporting = true;
    try {
      let commit = this.commits[0];
      while (commit !== undefined) {
        if (commit.error === undefined && commit.batch && this.reportable === 0) break;
        this.commits.shift();
        if (commit.error === undefined && commit.batch) this.reportable--;
        this.tell(commit);
        commit = this.commits[0];
      }
    } finally {
      this.reporting = false;
    }
    if (this.commits.length === 0 && !this.writing) this.idle?.();
  }

  private tell(commit: Commit): void {
    const { listener } = this.options;
    const { done, error, number } = commit;
    if (commit === this.failure) this.failure = undefined;
    if (done === undefined) return;
    if (error === undefined) listener.committed(number);
    else listener.commitFailed();
    done(error);
  }

  private setFull(cause: 'limit' | 'disk'): void {
    if (this.state.kind === 'open') this.change({ kind: 'full', cause });
  }

  private change(state: JournalState): void {
    this.state = state;
    this.options.listener.stateChanged(state);
  }
}

/**
 * Batches whose commit failed, with what they said that is so all the same. It is written again, at ticks that come less and
 * less often while that fails too.
 */
import type { CommitBatch } from './commit-batch.js';

/** Ticks between two tries at most: about six seconds. */
const WAIT_MAX = 64;

export class FailedBatches {
  private batches: CommitBatch[] = [];
  /** Ticks that pass before the next try, and before the one after that. */
  private wait = 0;
  private nextWait = 0;

  add(batch: CommitBatch): void {
    this.batches.push(batch);
  }

  /** A commit has succeeded: the next failure is a new one. */
  succeeded(): void {
    this.wait = 0;
    this.nextWait = 0;
  }

  /** Once a tick. @returns whether they are to be tried now */
  tick(): boolean {
    if (this.batches.length === 0 || this.wait-- > 0) return false;
    this.wait = this.nextWait;
    this.nextWait = Math.min(WAIT_MAX, Math.max(1, this.nextWait * 2));
    return true;
  }

  /**
   * Those to be written now. A full journal takes settlements, but not together with messages that were sent on: those
   * wait for room.
   */
  take(room: 'all' | 'settlements'): readonly CommitBatch[] {
    const taken = this.batches.filter((batch) => room === 'all' || batch.kept.length === 0);
    if (taken.length > 0) this.batches = this.batches.filter((batch) => !taken.includes(batch));
    return taken;
  }
}

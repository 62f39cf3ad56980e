/**
 * Gives a job the state that was kept of it, a few records at a time, before it reads its first message. State of other
 * windows, groups or aggregates is forgotten and the job starts anew; state that cannot be read fails it, since starting
 * anew unasked would lose what its windows held.
 */
import type { MessageAccess, MessageReader } from '@millrace/controller';
import { type Job, type JobRestore, StateError } from '@millrace/stream-engine';

/** Records of up to about a thousand groups each: a slice of a few ms. */
const RECORDS_A_SLICE = 8;

/** `waiting`: for a commit of the job that ran before; the reader calls. */
export type RecoveryProgress = 'waiting' | 'more' | 'done';

export class JobRecovery {
  /** What the user should know of it. */
  note = '';
  private readonly name: string;
  private readonly job: Job;
  private readonly access: MessageAccess;
  private restore: JobRestore | undefined;

  constructor(name: string, job: Job, access: MessageAccess) {
    this.name = name;
    this.job = job;
    this.access = access;
  }

  /** @throws StateError */
  step(reader: MessageReader): RecoveryProgress {
    if (this.restore === undefined) return this.begin(reader);
    for (let left = RECORDS_A_SLICE; left > 0; left--) if (!this.restore.step()) return 'done';
    return 'more';
  }

  private begin(reader: MessageReader): RecoveryProgress {
    const records = this.access.state(this.name);
    if (records === 'committing') return 'waiting';
    if (records.size === 0) return 'done';
    if (!this.job.hasState) return this.startAnew();
    try {
      this.restore = this.job.restore(records);
      if (this.restore.reachedMs !== undefined) reader.advanceClock(this.restore.reachedMs);
      return 'more';
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      if (error.reason === 'other') return this.startAnew();
      if (error.reason !== 'none') throw error;
      // Of a job that was deleted while a commit of it was under way.
      this.access.forgetState(this.name);
      return 'done';
    }
  }

  private startAnew(): RecoveryProgress {
    this.access.forgetState(this.name);
    this.note = 'it was changed to other windows, groups or aggregates: windows that were open then were started anew';
    return 'done';
  }
}

/** A journal without a disk whose state the test sets: full or failed, it takes what a real one would. */
import { TAKING_BACK } from '@millrace/broker';
import { type Journal, type JournalError, JournalFailed, JournalFull } from '@millrace/journal';

export class StateJournal implements Journal {
  readonly durable = true;
  state: { kind: 'open' | 'full' | 'failed' } = { kind: 'open' };
  private position = 0;
  private takesBackOnly = true;

  append(type: number, _bytes: Uint8Array, start: number, end: number): number {
    if (!(TAKING_BACK as readonly number[]).includes(type)) this.takesBackOnly = false;
    this.position += end - start + 5;
    return this.position;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    const { takesBackOnly } = this;
    this.takesBackOnly = true;
    if (this.state.kind === 'failed') done(new JournalFailed('the disk failed'));
    else if (this.state.kind === 'full' && !takesBackOnly) done(new JournalFull('there is no room'));
    else done(undefined);
  }

  release(): void {}
}

/**
 * Work that is gathered while the event loop handles sockets and done once at the end of the turn: first the broker
 * commits, then what is to be said of it is written, then dirty connections are flushed. One write a turn, not one a
 * message, is what makes the listeners fast (docs/adr/0001-own-protocol-engines.md).
 */
export interface TurnTask {
  /** Runs once, at the end of the turn in which it was scheduled. */
  endOfTurn(): void;
  /** Set and cleared by the scheduler. */
  scheduled: boolean;
}

export class Turn {
  private commits: TurnTask[] = [];
  private flushes: TurnTask[] = [];
  private armed = false;

  /** Before any flush of this turn. */
  scheduleCommit(task: TurnTask): void {
    if (task.scheduled) return;
    task.scheduled = true;
    this.commits.push(task);
    this.arm();
  }

  /** After all commits of this turn. */
  scheduleFlush(task: TurnTask): void {
    if (task.scheduled) return;
    task.scheduled = true;
    this.flushes.push(task);
    this.arm();
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    setImmediate(this.run);
  }

  private readonly run = (): void => {
    this.armed = false;
    while (this.commits.length > 0) {
      const tasks = this.commits;
      this.commits = [];
      for (const task of tasks) runTask(task);
    }
    const tasks = this.flushes;
    this.flushes = [];
    for (const task of tasks) runTask(task);
    if (this.commits.length > 0 || this.flushes.length > 0) this.arm();
  };
}

function runTask(task: TurnTask): void {
  task.scheduled = false;
  task.endOfTurn();
}

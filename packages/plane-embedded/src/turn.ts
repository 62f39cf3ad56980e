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

/** Reading of one turn, ms: libuv would go on with a socket that always has more, for 2 MB. */
const READING_MS = 0.2;

export class Turn {
  private commits: TurnTask[] = [];
  private flushes: TurnTask[] = [];
  private armed = false;
  private yielding: (() => void)[] = [];
  private readingSince = 0;

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

  /** Something is read: notes when the turn's reading began. */
  reads(): void {
    if (this.readingSince === 0) this.readingSince = performance.now();
  }

  /** Whether the turn has read for so long that others are to have theirs first. */
  get isLong(): boolean {
    return performance.now() - this.readingSince > READING_MS;
  }

  /** Calls when the turn is over and the event loop has looked at all sockets once. */
  yieldUntilNext(goOn: () => void): void {
    this.yielding.push(goOn);
    this.arm();
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    setImmediate(this.run);
  }

  private readonly run = (): void => {
    this.armed = false;
    this.readingSince = 0;
    while (this.commits.length > 0) {
      const tasks = this.commits;
      this.commits = [];
      for (const task of tasks) runTask(task);
    }
    const tasks = this.flushes;
    this.flushes = [];
    for (const task of tasks) runTask(task);
    if (this.yielding.length > 0) {
      const { yielding } = this;
      this.yielding = [];
      for (const goOn of yielding) goOn();
    }
    if (this.commits.length > 0 || this.flushes.length > 0) this.arm();
  };
}

function runTask(task: TurnTask): void {
  task.scheduled = false;
  task.endOfTurn();
}

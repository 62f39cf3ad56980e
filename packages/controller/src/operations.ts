/**
 * What takes longer than an answer may: it runs on, tells how far it is, can be stopped, and is remembered for a while after
 * its end. In memory: what an operation has done is kept by the plane, step by step, and a restart ends it in between.
 */
import { type ProblemDetail, ProblemError, problemError } from '@millrace/contract';
import type { Timers } from './timers.js';

export type OperationKind = 'move' | 'redrive';
export type OperationState = 'running' | 'done' | 'failed' | 'cancelled';

export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  /** What it works on. */
  readonly address: string;
  readonly state: OperationState;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** What there was to look at when it began. */
  readonly total: number;
  /** Of those looked at so far. */
  readonly seen: number;
  /** Of those done with. */
  readonly done: number;
  /** Of those that were to be done and could not be. */
  readonly skipped: number;
  /** Why some were skipped, or why it failed; empty when all is well. */
  readonly message: string;
}

/** For the work itself. */
export interface Progress {
  readonly cancelled: boolean;
  add(counts: { readonly seen?: number; readonly done?: number; readonly skipped?: number }): void;
  /** The first one stays. */
  note(message: string): void;
}

export interface OperationsOptions {
  readonly timers: Timers;
  readonly newId: () => string;
  /** Running at once. Default: 16. */
  readonly runningMax?: number;
  /** Remembered with those that have ended. Default: 200. */
  readonly keptMax?: number;
}

export interface OperationWish {
  readonly kind: OperationKind;
  readonly address: string;
  readonly total: number;
}

type Counts = { seen: number; done: number; skipped: number };

interface Entry extends OperationWish, Counts {
  readonly id: string;
  readonly startedAt: string;
  readonly ended: Promise<void>;
  state: OperationState;
  endedAt: string | undefined;
  message: string;
  cancelled: boolean;
}

export class Operations {
  readonly #options: Required<OperationsOptions>;
  readonly #entries = new Map<string, Entry>();

  constructor(options: OperationsOptions) {
    this.#options = { runningMax: 16, keptMax: 200, ...options };
  }

  /** @throws ProblemError conflict: one of that kind works on that address already, or too many run */
  start(wish: OperationWish, work: (progress: Progress) => Promise<void>): Operation {
    const running = [...this.#entries.values()].filter(({ state }) => state === 'running');
    const same = running.find(({ address }) => address === wish.address);
    if (same !== undefined) {
      const details: ProblemDetail[] = [{ pointer: '', code: 'running', detail: same.id }];
      const detail = `the operation ${same.id} works on ${wish.address} already: wait for its end, or cancel it`;
      throw problemError('conflict', detail, details);
    }
    if (running.length >= this.#options.runningMax) {
      throw problemError('conflict', `${running.length} operations are running: wait for the end of one, or cancel it`);
    }
    const { timers, newId } = this.#options;
    let ended = () => {};
    const entry: Entry = {
      ...wish,
      id: newId(),
      startedAt: new Date(timers.now()).toISOString(),
      ended: new Promise((resolve) => {
        ended = resolve;
      }),
      state: 'running',
      endedAt: undefined,
      message: '',
      cancelled: false,
      seen: 0,
      done: 0,
      skipped: 0,
    };
    this.#entries.set(entry.id, entry);
    this.#forgetOld();
    void this.#run(entry, work).finally(ended);
    return view(entry);
  }

  /** In the order of their beginning. */
  list(): readonly Operation[] {
    return [...this.#entries.values()].map(view);
  }

  get(id: string): Operation | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : view(entry);
  }

  /** Stops it after the step that is under way; one that has ended is forgotten. @returns false when there is none */
  cancel(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    if (entry.state === 'running') entry.cancelled = true;
    else this.#entries.delete(id);
    return true;
  }

  /** Waits for its end, but not longer than that. @returns how it is then */
  async wait(id: string, waitMs: number): Promise<Operation | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = this.#options.timers.after(waitMs, resolve);
    });
    await Promise.race([entry.ended, patience]);
    cancel();
    return view(entry);
  }

  stop(): void {
    for (const entry of this.#entries.values()) entry.cancelled = true;
  }

  async #run(entry: Entry, work: (progress: Progress) => Promise<void>): Promise<void> {
    try {
      await work(new EntryProgress(entry));
      const failed = entry.done === 0 && entry.skipped > 0;
      entry.state = entry.cancelled ? 'cancelled' : failed ? 'failed' : 'done';
    } catch (error) {
      entry.state = 'failed';
      entry.message =
        error instanceof ProblemError ? error.problem.detail : error instanceof Error ? error.message : String(error);
    }
    entry.endedAt = new Date(this.#options.timers.now()).toISOString();
  }

  #forgetOld(): void {
    for (const [id, { state }] of this.#entries) {
      if (this.#entries.size <= this.#options.keptMax) return;
      if (state !== 'running') this.#entries.delete(id);
    }
  }
}

class EntryProgress implements Progress {
  readonly #entry: Entry;

  constructor(entry: Entry) {
    this.#entry = entry;
  }

  get cancelled(): boolean {
    return this.#entry.cancelled;
  }

  add({ seen = 0, done = 0, skipped = 0 }: Partial<Counts>): void {
    this.#entry.seen += seen;
    this.#entry.done += done;
    this.#entry.skipped += skipped;
  }

  note(message: string): void {
    if (this.#entry.message === '') this.#entry.message = message;
  }
}

function view({ ended: _ended, cancelled: _cancelled, endedAt, ...entry }: Entry): Operation {
  return endedAt === undefined ? entry : { ...entry, endedAt };
}

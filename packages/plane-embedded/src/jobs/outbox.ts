/**
 * What a job has computed and not yet committed. One commit is under way at a time; what is computed meanwhile gathers for
 * the next. A commit that is refused is tried again as it is: the job's state already counts its inputs, so it must get
 * through before anything else does.
 */
import type { Commit, MessageReader, OutputMessage, StateChange, UndecodableMessage } from '@millrace/controller';
import type { OutputRow } from '@millrace/stream-engine';

/** Rows that wait for a commit before the job reads no further. */
const WAITING_MAX = 10_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5_000;
/** Most commits of a job with windows have no outputs, and there is one for each few messages. */
const NO_OUTPUTS: readonly OutputMessage[] = [];
const NONE: readonly UndecodableMessage[] = [];

export interface OutboxEvents {
  /** A commit got through, or was refused: there may be something to do. */
  readonly onChange: () => void;
  /** What is to be stored of the job's state with a commit of all that was added. */
  readonly takeState: () => readonly StateChange[];
}

export class Outbox {
  /** Why the last try was refused; undefined when none is pending. */
  refusal: Error | undefined;
  private consumed: number | undefined;
  private outputs: OutputMessage[] = [];
  private undecodable: readonly UndecodableMessage[] = NONE;
  private sending: (Omit<Commit, 'consumed'> & { consumed: number | undefined }) | undefined;
  private underWay = false;
  private retryTimer: NodeJS.Timeout | undefined;
  private retryMs = RETRY_MIN_MS;
  private reader: MessageReader;
  private readonly events: OutboxEvents;

  constructor(reader: MessageReader, events: OutboxEvents) {
    this.reader = reader;
    this.events = events;
  }

  /** Nothing is under way or waits. */
  get idle(): boolean {
    return this.sending === undefined && this.consumed === undefined && this.outputs.length === 0;
  }

  /** The job should not read on: it is refused, or too much waits. */
  get full(): boolean {
    return this.refusal !== undefined || this.outputs.length + this.undecodable.length >= WAITING_MAX;
  }

  add(consumed: number | undefined, rows: readonly OutputRow[]): void {
    if (consumed !== undefined) this.consumed = consumed;
    for (const { message } of rows) this.outputs.push(message);
  }

  /** Of what `add` is told to consume: for the dead letters. */
  addUndecodable(messages: readonly UndecodableMessage[]): void {
    this.undecodable = [...this.undecodable, ...messages];
  }

  /** Starts a commit of what waits, unless one is under way or is to be tried again. */
  flush(): void {
    if (this.sending !== undefined || (this.consumed === undefined && this.outputs.length === 0)) return;
    const { outputs, undecodable } = this;
    const state = this.events.takeState();
    const sent = outputs.length === 0 ? NO_OUTPUTS : outputs;
    this.sending = { consumed: this.consumed, outputs: sent, undecodable, state };
    this.consumed = undefined;
    this.undecodable = NONE;
    if (outputs.length > 0) this.outputs = [];
    this.send();
  }

  /**
   * The source was deleted and is read anew. What was consumed of the old one is gone with it, and what came of that is
   * still to be stored, once.
   */
  continueOn(reader: MessageReader): void {
    this.reader = reader;
    this.consumed = undefined;
    this.undecodable = NONE;
    if (this.sending !== undefined) Object.assign(this.sending, { consumed: undefined, undecodable: NONE });
  }

  /** What was not committed is forgotten. */
  stop(): void {
    clearTimeout(this.retryTimer);
    this.refusal = undefined;
    this.sending = undefined;
    this.consumed = undefined;
    this.outputs = [];
    this.undecodable = NONE;
  }

  private send(): void {
    if (this.sending === undefined || this.underWay) return;
    this.underWay = true;
    this.reader.commit(this.sending, this.finish);
  }

  private readonly finish = (error: Error | undefined): void => {
    this.underWay = false;
    if (this.sending === undefined) return;
    this.refusal = error;
    if (error === undefined) {
      this.sending = undefined;
      this.retryMs = RETRY_MIN_MS;
    } else {
      this.retryTimer = setTimeout(() => this.send(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
    }
    this.events.onChange();
  };
}

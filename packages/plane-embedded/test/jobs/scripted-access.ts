/**
 * A MessageAccess whose addresses are a list of messages, and whose commits succeed, fail or wait as the test says. It keeps
 * the port's promises and checks that the job keeps its part: tokens are consumed in order, one commit at a time.
 */
import type { Commit, MessageAccess, MessageBatch, MessageReader, OutputMessage } from '@millrace/controller';

export interface ScriptedMessage {
  /** ms since the epoch. */
  readonly time: number;
  readonly body: string;
  readonly address?: string;
}

type OpenOptions = Parameters<MessageAccess['open']>[0];

export class ScriptedAccess implements MessageAccess {
  /** What waits at the source, oldest first. */
  readonly waiting: ScriptedMessage[] = [];
  /** What commits stored. */
  readonly stored: OutputMessage[] = [];
  readonly forgotten: string[] = [];
  readonly commits: Commit[] = [];
  reader: ScriptedReader | undefined;
  /** Rows of one batch at most. Default: what the job asks for. */
  batchMessages = Number.POSITIVE_INFINITY;
  /** Why the n-th try, from 1, does not get through; undefined: it does. Default: all do. */
  refuse: (attempt: number) => Error | undefined = () => undefined;
  /** How long a commit takes, ms. Default: it is done before `commit` returns. */
  commitMs: number | undefined = undefined;
  attempts = 0;
  /** Default: a journal that keeps nothing. */
  keepsState = false;
  /** Commits under way, of whichever reader. */
  committing = 0;
  /** What commits came to. */
  readonly records = new Map<string, Uint8Array>();

  state(): ReadonlyMap<string, Uint8Array> | 'committing' {
    return this.committing > 0 ? 'committing' : new Map(this.records);
  }

  forgetState(): void {
    this.records.clear();
  }

  open(options: OpenOptions): MessageReader {
    if (this.reader?.closed === false) throw new Error('the job has a reader already');
    this.reader = new ScriptedReader(this, options);
    if (this.waiting.length > 0) options.onReady();
    return this.reader;
  }

  forget(job: string): void {
    this.forgotten.push(job);
    this.records.clear();
  }

  send(...messages: ScriptedMessage[]): void {
    this.waiting.push(...messages);
    this.reader?.arrived();
  }

  /** Bodies of what was stored. */
  get bodies(): readonly string[] {
    return this.stored.map(({ body }) => String(body));
  }
}

export class ScriptedReader implements MessageReader {
  closed = false;
  undecodable = 0;
  private readonly access: ScriptedAccess;
  readonly options: OpenOptions;
  private readonly addressNames: string[] = [];
  private readonly open: { readonly token: number; readonly messages: readonly ScriptedMessage[] }[] = [];
  private announced = false;
  private token = 0;
  private committing = false;
  /** Token up to which a commit under way consumes. */
  private consuming = 0;

  constructor(access: ScriptedAccess, options: OpenOptions) {
    this.access = access;
    this.options = options;
  }

  arrived(): void {
    if (this.closed || this.announced) return;
    this.announced = true;
    this.options.onReady();
  }

  /** As when the address is deleted. */
  deleted(): void {
    this.closed = true;
    this.options.onReady();
  }

  readBatch(maxMessages: number): MessageBatch | undefined {
    const messages = this.access.waiting.splice(0, Math.min(maxMessages, this.access.batchMessages));
    if (this.closed || messages.length === 0) {
      this.announced = false;
      return undefined;
    }
    this.token += 1;
    this.open.push({ token: this.token, messages });
    return this.columns(messages);
  }

  commit(commit: Commit, done: (error: Error | undefined) => void): void {
    if (this.committing) throw new Error('a commit is under way');
    if (commit.consumed !== undefined && commit.consumed > this.token) throw new Error('consumed what was never read');
    this.committing = true;
    this.access.committing += 1;
    this.consuming = commit.consumed ?? 0;
    this.access.attempts += 1;
    const error = this.access.refuse(this.access.attempts);
    const finish = (): void => {
      this.committing = false;
      this.access.committing -= 1;
      this.consuming = 0;
      if (error === undefined) this.store(commit);
      else if (this.closed) this.access.waiting.unshift(...this.open.splice(0).flatMap(({ messages }) => messages));
      done(error);
      if (this.access.reader !== this) this.access.reader?.options.onReady();
    };
    if (this.access.commitMs === undefined) finish();
    else setTimeout(finish, this.access.commitMs);
  }

  backlog(): number {
    return this.access.waiting.length;
  }

  oldestUnreadTime(): number | undefined {
    return this.access.waiting[0]?.time;
  }

  clockMs(): number {
    return Date.now();
  }

  advanceClock(): void {}

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // What a commit under way consumes comes back only if that fails.
    const kept = this.open.filter(({ token }) => token <= this.consuming);
    this.access.waiting.unshift(...this.open.slice(kept.length).flatMap(({ messages }) => messages));
    this.open.length = kept.length;
  }

  private store(commit: Commit): void {
    // A transaction that the broker has begun goes through, although its reader is closed meanwhile.
    this.access.commits.push(commit);
    for (const output of commit.outputs) this.access.stored.push(output);
    for (const { key, bytes } of commit.state) {
      if (bytes === undefined) this.access.records.delete(key);
      else this.access.records.set(key, bytes);
    }
    while (this.open.length > 0 && this.open[0]!.token <= (commit.consumed ?? 0)) this.open.shift();
  }

  private columns(messages: readonly ScriptedMessage[]): MessageBatch {
    const bodies = messages.map(({ body }) => Buffer.from(body));
    const offsets = new Int32Array(messages.length + 1);
    bodies.forEach((body, row) => {
      offsets[row + 1] = offsets[row]! + body.length;
    });
    return {
      count: messages.length,
      times: Float64Array.from(messages, ({ time }) => time),
      body: { bytes: Buffer.concat(bodies), offsets, nulls: undefined },
      addresses: Int32Array.from(messages, ({ address = this.options.source }) => this.addressId(address)),
      addressNames: this.addressNames,
      others: new Map(),
      token: this.token,
    };
  }

  private addressId(address: string): number {
    const known = this.addressNames.indexOf(address);
    return known === -1 ? this.addressNames.push(address) - 1 : known;
  }
}

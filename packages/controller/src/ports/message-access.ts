/**
 * How a job reads and writes, whichever messaging plane holds the addresses. Reading is in batches of columns; what was
 * read is given back by `commit`, together with the outputs that came of it.
 */

/**
 * Messages as columns. Only the columns asked for in `open` are filled. Valid until `commit` or `release` of its token.
 * Strings are UTF-8 bytes in one buffer: value i is bytes[offsets[i] … offsets[i + 1]).
 */
export interface MessageBatch {
  readonly count: number;
  /** Broker's acceptance time, ms since the epoch, non-decreasing. */
  readonly times: Float64Array;
  readonly body: BytesColumn | undefined;
  /** One entry a row: index into `addressNames`. */
  readonly addresses: Int32Array | undefined;
  readonly addressNames: readonly string[];
  /** The other columns by their row name (DESIGN §2): `subject`, `message_id`, `properties`, `priority`, … */
  readonly others: ReadonlyMap<string, readonly unknown[]>;
  /** Names this batch in `commit`; rises by one. */
  readonly token: number;
}

export interface BytesColumn {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  /** One byte a row, 1 = NULL. Undefined: no NULLs. */
  readonly nulls: Uint8Array | undefined;
}

/** A row on its way out. */
export interface OutputMessage {
  readonly address: string;
  /** string: AmqpValue(string) or UTF-8 payload; bytes: Data; null: AmqpValue(null), to MQTT an empty payload. */
  readonly body: string | Uint8Array | null;
  readonly properties: Readonly<Record<string, string>> | undefined;
  readonly subject?: string;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly contentType?: string;
  /** ms since the epoch. */
  readonly creationTimeMs?: number;
  readonly durable?: boolean;
  readonly priority?: number;
  readonly ttlMs?: number;
}

export interface Commit {
  /** All batches up to and including this token are consumed; undefined: outputs alone (a window closed by the clock). */
  readonly consumed: number | undefined;
  readonly outputs: readonly OutputMessage[];
  /**
   * Of what is consumed, rows that the job cannot read: they go to the dead-letter address of the source, each with its
   * reason, in the same commit where the messaging plane can do that. Default: none.
   */
  readonly undecodable?: readonly UndecodableMessage[];
  /** What these inputs, and those before, changed of the job's state since its last commit; no key twice. */
  readonly state: readonly StateChange[];
}

/** A row of a batch that was read, and why it is none. */
export interface UndecodableMessage {
  readonly token: number;
  readonly row: number;
  /** A sentence. */
  readonly reason: string;
}

/** Bytes kept of a job's state under a key, or that there are none any more. */
export interface StateChange {
  readonly key: string;
  readonly bytes: Uint8Array | undefined;
}

export interface MessageReader {
  /** The next batch of up to `maxMessages`, or undefined when nothing waits. Never waits itself. */
  readBatch(maxMessages: number): MessageBatch | undefined;
  /** All or nothing. `done` in the order of commits; with an error nothing of it happened and the inputs come again. */
  commit(commit: Commit, done: (error: Error | undefined) => void): void;
  /** Messages that wait to be read. */
  backlog(): number;
  /** `time` of the oldest message that waits unread, ms; undefined when drained. */
  oldestUnreadTime(): number | undefined;
  /** The plane's clock, ms since the epoch: no message that is accepted from now on has an earlier `time`. */
  clockMs(): number;
  /** From now on the clock shows at least this, ms: the job has taken it for certain that nothing earlier comes. */
  advanceClock(timeMs: number): void;
  /** True when nothing more comes: the address was deleted, or another reader took over. */
  readonly closed: boolean;
  /** Messages that could not be read as rows and went to the dead-letter address, since opened. */
  readonly undecodable: number;
  /** Unread and uncommitted messages go back; on a topic the durable subscription stays. */
  close(): void;
}

export interface MessageAccess {
  /** Whether what is committed of a state is there after a restart. False: it need not be encoded. */
  readonly keepsState: boolean;
  /**
   * What all commits so far came to of the job's state, by key; empty when nothing is kept. The bytes are not to be
   * changed. `committing`: a commit of an earlier reader is still under way; the open one's `onReady` follows it.
   */
  state(job: string): ReadonlyMap<string, Uint8Array> | 'committing';
  /** Forgets the job's state: it means something else than what the job computes now. */
  forgetState(job: string): void;
  /**
   * @param source queue, topic or topic filter
   * @param target where the job's outputs go unless a row says otherwise; for observation
   * @param columns what the plan reads
   * @param onReady called when messages wait, once until the next `readBatch` returned undefined; on the plane's thread
   * @throws PlaneRefusal when there is no such address
   */
  open(options: {
    readonly job: string;
    readonly source: string;
    readonly target?: string;
    readonly columns: readonly string[];
    readonly onReady: () => void;
  }): MessageReader;
  /** Forgets what belongs to the job: its durable subscription on a topic, its state. */
  forget(job: string): void;
}

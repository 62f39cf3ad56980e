import { SparkClientError, SparkError } from '../errors.js';
import type { OperationOptions, SessionContext, WireCommand } from '../session-context.js';
import { conditionInText } from '../status-details.js';
import { parseProgress, type StreamingQueryProgress } from './progress.js';

/** `id` lives as long as the checkpoint; `runId` is new with each start from it. */
export interface StreamingQueryIdentity {
  readonly id: string;
  readonly runId: string;
  readonly name?: string | undefined;
}

export interface StreamingQueryStatus {
  readonly isActive: boolean;
  readonly isDataAvailable: boolean;
  readonly isTriggerActive: boolean;
  /** What the query is at, in Spark's words. */
  readonly message: string;
}

type QueryCommand = Extract<WireCommand, { case: 'streamingQueryCommand' }>['value'] extends infer Command
  ? Extract<Command, { $typeName?: never }> extends { command?: infer One }
    ? NonNullable<One>
    : never
  : never;

/** A streaming query on the server. The object is a handle: making one asks nothing, and losing it stops nothing. */
export class StreamingQuery {
  readonly id: string;
  readonly runId: string;
  readonly name: string | undefined;
  readonly #session: SessionContext;

  constructor(session: SessionContext, identity: StreamingQueryIdentity) {
    this.#session = session;
    this.id = identity.id;
    this.runId = identity.runId;
    this.name = identity.name === '' ? undefined : identity.name;
  }

  async #ask(command: QueryCommand, options?: OperationOptions) {
    const { resultType } = await this.#session.commandFor(
      { case: 'streamingQueryCommand', value: { queryId: { id: this.id, runId: this.runId }, command } },
      'streamingQueryCommandResult',
      options,
    );
    return resultType;
  }

  async status(): Promise<StreamingQueryStatus> {
    const result = await this.#ask({ case: 'status', value: true });
    if (result.case !== 'status') throw new SparkClientError('the server did not tell the status of the query');
    const { isActive, isDataAvailable, isTriggerActive, statusMessage } = result.value;
    return { isActive, isDataAvailable, isTriggerActive, message: statusMessage };
  }

  async isActive(): Promise<boolean> {
    return (await this.status()).isActive;
  }

  /** The newest report; undefined before the first batch is done. */
  async lastProgress(): Promise<StreamingQueryProgress | undefined> {
    return (await this.#progress('lastProgress')).at(-1);
  }

  /** The reports that the server keeps (`spark.sql.streaming.numRecentProgressUpdates`), oldest first. */
  recentProgress(): Promise<StreamingQueryProgress[]> {
    return this.#progress('recentProgress');
  }

  async #progress(which: 'lastProgress' | 'recentProgress'): Promise<StreamingQueryProgress[]> {
    const result = await this.#ask({ case: which, value: true });
    return result.case === 'recentProgress' ? result.value.recentProgressJson.map(parseProgress) : [];
  }

  /** Why the query ended; undefined while it runs, and after it was stopped or was done. */
  async exception(): Promise<SparkError | undefined> {
    const result = await this.#ask({ case: 'exception', value: true });
    if (result.case !== 'exception' || result.value.exceptionMessage === undefined) return undefined;
    const { exceptionMessage, errorClass, stackTrace } = result.value;
    return new SparkError(exceptionMessage, {
      errorClass: innermostCondition(exceptionMessage, errorClass),
      sqlState: /\bSQLSTATE: ([0-9A-Z]{5})\b/.exec(exceptionMessage)?.[1],
      serverStackTrace: stackTrace === undefined || stackTrace === '' ? [] : stackTrace.split('\n'),
    });
  }

  /** Ends the query and waits until it has ended. The checkpoint stays. */
  async stop(): Promise<void> {
    await this.#ask({ case: 'stop', value: true });
  }

  /** Waits until what was in the sources at the call is in the sink. For tests: under constant input it may not end. */
  async processAllAvailable(options?: OperationOptions): Promise<void> {
    await this.#ask({ case: 'processAllAvailable', value: true }, options);
  }

  /**
   * Waits until the query has ended, or for `timeoutMs`. Says whether it has ended.
   *
   * @throws SparkError if the query failed.
   */
  async awaitTermination(timeoutMs?: number, options?: OperationOptions): Promise<boolean> {
    const value = timeoutMs === undefined ? {} : { timeoutMs: BigInt(Math.ceil(timeoutMs)) };
    const result = await this.#ask({ case: 'awaitTermination', value }, options);
    // Without a time limit the answer is that there is one.
    return result.case === 'awaitTermination' ? result.value.terminated || timeoutMs === undefined : true;
  }

  /** The plan of the last batch. */
  async explain(mode: 'simple' | 'extended' = 'simple'): Promise<string> {
    const result = await this.#ask({ case: 'explain', value: { extended: mode === 'extended' } });
    return result.case === 'explain' ? result.value.result : '';
  }
}

/**
 * A failed query is reported as STREAM_FAILED; the condition that a user can do something about stands in the text, behind
 * that one.
 */
function innermostCondition(message: string, errorClass: string | undefined): string | undefined {
  if (errorClass !== undefined && errorClass !== '' && errorClass !== 'STREAM_FAILED') return errorClass;
  const text = message.replaceAll('[STREAM_FAILED]', '');
  return conditionInText(text) ?? (errorClass === '' ? undefined : errorClass);
}

import { randomUUID } from 'node:crypto';
import { type Artifact, hasArtifact, sendArtifacts } from './artifacts.js';
import { parseConnectionString } from './connection-string.js';
import { DataFrame } from './data-frame.js';
import { DataFrameReader } from './data-frame-reader.js';
import { SparkError } from './errors.js';
import { InterruptType, SparkConnectService } from './generated/service_pb.js';
import { checkTag, OperationTags } from './operation-tags.js';
import { DEFAULT_RETRY_POLICY, type RetryClock, type RetryPolicy } from './retry-policy.js';
import { RuntimeConfig } from './runtime-config.js';
import { ServiceClient } from './service-client.js';
import { type OperationOptions, SessionContext } from './session-context.js';
import { locate } from './sql-span.js';
import { StreamingQueryManager } from './streaming/streaming-query-manager.js';
import { Transport, type TransportOptions } from './transport.js';
import type { StructType } from './types/data-type.js';
import { fromWireSchema } from './types/from-wire.js';
import { type LiteralValue, literalExpression } from './values/literal.js';

const { interrupt, releaseSession } = SparkConnectService.method;
const CLIENT_TYPE = `millrace-spark-connect node/${process.versions.node}`;
/** The session is as good as gone for its user; the call is a courtesy to the server. */
const RELEASE_TIMEOUT_MS = 10_000;

export interface SessionOptions extends TransportOptions {
  /** Default: see `RetryPolicy`. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Overrides the connection string's. */
  readonly sessionId?: string | undefined;
  /** Overrides the connection string's. */
  readonly userId?: string | undefined;
  /** Overrides the connection string's. */
  readonly token?: string | undefined;
  /** Set right after connecting. */
  readonly config?: Readonly<Record<string, string | number | boolean>> | undefined;
  /**
   * `never` for servers with `spark.connect.execute.reattachable.enabled=false`: a stream that breaks is an error then.
   * Default: `always`.
   */
  readonly reattach?: 'always' | 'never' | undefined;
  /** For tests. Default: the machine's. */
  readonly clock?: RetryClock | undefined;
}

export type SqlArguments = Readonly<Record<string, LiteralValue>> | readonly LiteralValue[];

/**
 * A session on a Spark Connect server: its configuration, temporary views, artifacts and streaming queries. The server
 * knows it by session id and user id; whoever connects with the same two is in the same session.
 */
export class SparkSession {
  readonly sessionId: string;
  readonly conf: RuntimeConfig;
  readonly streams: StreamingQueryManager;
  /** Tags for each operation that is started from now on. */
  readonly tags: OperationTags;
  readonly #client: ServiceClient;
  readonly #context: SessionContext;

  private constructor(client: ServiceClient, options: SessionOptions) {
    this.#client = client;
    this.tags = new OperationTags();
    this.#context = new SessionContext(client, this.tags, options.reattach ?? 'always');
    this.sessionId = client.identity.sessionId;
    this.conf = new RuntimeConfig(client);
    this.streams = new StreamingQueryManager(this.#context);
  }

  /**
   * Connects to `sc://host:15002/;name=value…` (see `parseConnectionString`) and asks the server for its version, so that
   * a wrong address or token shows here.
   */
  static async connect(connectionString: string, options: SessionOptions = {}): Promise<SparkSession> {
    const settings = parseConnectionString(connectionString, options);
    const identity = {
      sessionId: settings.sessionId ?? randomUUID(),
      userId: settings.userId ?? '',
      clientType: settings.userAgent === undefined ? CLIENT_TYPE : `${settings.userAgent} ${CLIENT_TYPE}`,
    };
    const client = new ServiceClient(new Transport(settings, options), {
      identity,
      retry: { ...DEFAULT_RETRY_POLICY, ...options.retry },
      clock: options.clock ?? { now: () => performance.now(), random: Math.random },
    });
    const session = new SparkSession(client, options);
    try {
      await session.version();
      if (options.config !== undefined) await session.conf.setAll(options.config);
    } catch (error) {
      client.close();
      throw error;
    }
    return session;
  }

  /** Spark's version, such as `4.0.0`. */
  async version(): Promise<string> {
    return (await this.#context.analyze({ case: 'sparkVersion', value: {} }, 'sparkVersion')).text;
  }

  /**
   * Runs a statement that changes something, or checks a query and gives its relation. `:name` stands for an argument of an
   * object, `?` for one of an array.
   *
   * @throws SparkError with `span` in the text.
   */
  async sql(text: string, args: SqlArguments = {}, options?: OperationOptions): Promise<DataFrame> {
    const input = {
      relType: {
        case: 'sql' as const,
        value: Array.isArray(args)
          ? { query: text, posArguments: args.map((value) => literalExpression(value)) }
          : {
              query: text,
              namedArguments: Object.fromEntries(
                Object.entries(args).map(([name, value]) => [name, literalExpression(value)]),
              ),
            },
      },
    };
    try {
      const { relation } = await this.#context.commandFor(
        { case: 'sqlCommand', value: { input } },
        'sqlCommandResult',
        options,
      );
      return new DataFrame(this.#context, relation ?? input, text);
    } catch (error) {
      throw locate(text, error);
    }
  }

  table(name: string): DataFrame {
    return this.read.table(name);
  }

  /** Whole numbers from `start` up to `end`, the latter left out, in the column `id`. */
  range(start: number | bigint, end: number | bigint, step: number | bigint = 1): DataFrame {
    const value = { start: BigInt(start), end: BigInt(end), step: BigInt(step) };
    return new DataFrame(this.#context, { relType: { case: 'range', value } });
  }

  /** Rows from an Arrow IPC stream. */
  fromArrow(stream: Uint8Array): DataFrame {
    const value = { data: Uint8Array.from(stream) };
    return new DataFrame(this.#context, { relType: { case: 'localRelation', value } });
  }

  get read(): DataFrameReader {
    return new DataFrameReader(this.#context, 'batch');
  }

  get readStream(): DataFrameReader {
    return new DataFrameReader(this.#context, 'stream');
  }

  /** A DDL text such as `a INT, b ARRAY<STRING>` as types. */
  async parseSchema(ddl: string): Promise<StructType> {
    const { schema } = await this.#context.analyze({ case: 'ddlParse', value: { ddlString: ddl } }, 'ddlParse');
    return fromWireSchema(schema);
  }

  // Interrupting: each gives the ids of the operations that were told to end.

  interruptAll(): Promise<string[]> {
    return this.#interrupt(InterruptType.ALL, { case: undefined });
  }

  interruptTag(tag: string): Promise<string[]> {
    return this.#interrupt(InterruptType.TAG, { case: 'operationTag', value: checkTag(tag) });
  }

  interruptOperation(operationId: string): Promise<string[]> {
    return this.#interrupt(InterruptType.OPERATION_ID, { case: 'operationId', value: operationId });
  }

  async #interrupt(
    interruptType: InterruptType,
    what: { case: 'operationTag' | 'operationId'; value: string } | { case: undefined },
  ): Promise<string[]> {
    const { interruptedIds } = await this.#client.call(interrupt, {
      interruptType,
      interrupt: what as Extract<typeof what, { case: 'operationTag' }>,
    });
    return interruptedIds;
  }

  /** Sends files: `.jar` for the class path of the session, `.py` for its Python workers, others for its tasks. */
  addArtifacts(...artifacts: readonly Artifact[]): Promise<void> {
    return sendArtifacts(this.#client, artifacts);
  }

  /** Whether the server has what was sent under a name such as `jars/connector.jar`. */
  hasArtifact(name: string): Promise<boolean> {
    return hasArtifact(this.#client, name);
  }

  /** Closes the connection and leaves the session on the server as it is: its queries go on, and it can be taken up again. */
  async disconnect(): Promise<void> {
    if (this.#client.isClosed) return;
    await this.#client.settled();
    this.#client.close();
  }

  /**
   * Ends the session on the server, with its queries and views, and closes the connection. A server that cannot be reached
   * is tried for ten seconds; the connection is closed even if it fails.
   */
  async stop(): Promise<void> {
    if (this.#client.isClosed) return;
    const retry = { ...this.#client.retry, maxElapsedMs: RELEASE_TIMEOUT_MS };
    try {
      await this.#client.call(releaseSession, {}, { timeoutMs: RELEASE_TIMEOUT_MS, retry });
    } catch (error) {
      if (!(error instanceof SparkError && error.sessionIsGone)) throw error;
    } finally {
      await this.disconnect();
    }
  }

  /** `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

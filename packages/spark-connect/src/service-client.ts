import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { toError } from './error-details.js';
import { SparkClientError } from './errors.js';
import { type FetchErrorDetailsResponse, SparkConnectService, type UserContextSchema } from './generated/service_pb.js';
import { type RetryClock, type RetryPolicy, RetryState } from './retry-policy.js';
import { type FailedCall, isRetriable, isServiceError, readFailedCall } from './status-details.js';
import type { ResponseStream, Transport } from './transport.js';
import { wait } from './wait.js';

const { fetchErrorDetails } = SparkConnectService.method;
/** Details are asked for while an error is on its way to the caller: they are worth a moment, no more. */
const DETAILS_TIMEOUT_MS = 5_000;

/** Who calls: what every request of the protocol carries. */
export interface Identity {
  readonly sessionId: string;
  readonly userId: string;
  readonly clientType: string;
}

type Method<Input extends DescMessage, Output extends DescMessage> = DescMethod & { input: Input; output: Output };

/** A request without what the client adds to each. */
export type Request<Input extends DescMessage> = Omit<
  Extract<MessageInitShape<Input>, { $typeName?: never }>,
  'sessionId' | 'userContext' | 'clientType' | 'clientObservedServerSideSessionId' | '$typeName'
>;

interface CommonFields {
  readonly sessionId: string;
  readonly userContext: MessageInitShape<typeof UserContextSchema>;
  readonly clientType: string;
  readonly clientObservedServerSideSessionId?: string;
}

export interface CallOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: the client's. */
  readonly retry?: RetryPolicy | undefined;
}

export interface ServiceClientOptions {
  readonly identity: Identity;
  readonly retry: RetryPolicy;
  readonly clock: RetryClock;
}

/**
 * The calls of the service for one session: adds the identity to requests, repeats what may be repeated, turns what failed
 * into the errors of this library.
 *
 * The server gives each session an id of its own and gets it back with each call. A server that was started anew has
 * another one and answers INVALID_HANDLE.SESSION_CHANGED: views and artifacts of the session are gone.
 */
export class ServiceClient {
  readonly identity: Identity;
  readonly retry: RetryPolicy;
  readonly clock: RetryClock;
  readonly #transport: Transport;
  #serverSideSessionId: string | undefined;
  readonly #background = new Set<Promise<void>>();
  #closed = false;

  constructor(transport: Transport, options: ServiceClientOptions) {
    this.#transport = transport;
    this.identity = options.identity;
    this.retry = options.retry;
    this.clock = options.clock;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  #common(): CommonFields {
    if (this.#closed) throw new SparkClientError('the session is closed');
    const { sessionId, userId, clientType } = this.identity;
    return {
      sessionId,
      userContext: { userId, userName: userId },
      clientType,
      ...(this.#serverSideSessionId === undefined
        ? {}
        : { clientObservedServerSideSessionId: this.#serverSideSessionId }),
    };
  }

  /** Remembers the server's id of the session. */
  observe(response: { readonly serverSideSessionId: string }): void {
    if (response.serverSideSessionId !== '') this.#serverSideSessionId = response.serverSideSessionId;
  }

  /** One call, repeated as the policy says. */
  async call<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    request: Request<Input>,
    options: CallOptions = {},
  ): Promise<MessageShape<Output>> {
    const response = await this.#repeat(options, () =>
      this.#transport.unary(
        method,
        { ...request, ...this.#common() } as unknown as MessageInitShape<Input>,
        options.timeoutMs,
      ),
    );
    this.observe(response as unknown as { serverSideSessionId: string });
    return response;
  }

  /** A call whose request comes in pieces; `open` starts the pieces over for each try. */
  upload<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    open: () => AsyncIterable<Request<Input>>,
  ): Promise<MessageShape<Output>> {
    const common = () => this.#common();
    const pieces = async function* (): AsyncGenerator<MessageInitShape<Input>> {
      for await (const piece of open()) yield { ...piece, ...common() } as unknown as MessageInitShape<Input>;
    };
    return this.#repeat({}, () => this.#transport.clientStream(method, pieces()));
  }

  /** One stream, tried once: `execute` knows how to go on with a stream that broke. */
  stream<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    request: Request<Input>,
  ): ResponseStream<Output> {
    return this.#transport.serverStream(method, {
      ...request,
      ...this.#common(),
    } as unknown as MessageInitShape<Input>);
  }

  async #repeat<Result>(options: CallOptions, attempt: () => Promise<Result>): Promise<Result> {
    const state = new RetryState(options.retry ?? this.retry, this.clock);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!isServiceError(error)) throw error;
        const failed = readFailedCall(error);
        const delayMs = isRetriable(failed) ? state.nextDelayMs(failed.retryAfterMs) : undefined;
        if (delayMs === undefined || this.#closed) throw await this.explain(failed, state.attempts);
        await wait(delayMs, options.signal);
      }
    }
  }

  /** A call that nobody waits for and whose failure changes nothing; `settled` waits for all of them. */
  inBackground(call: Promise<unknown>): void {
    const done = call.then(
      () => undefined,
      () => undefined,
    );
    this.#background.add(done);
    void done.then(() => this.#background.delete(done));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#background);
  }

  /** The error for a failed call, with what the server tells when asked. */
  async explain(failed: FailedCall, attempts: number): Promise<Error> {
    if (failed.errorId === undefined || this.#closed) return toError(failed, attempts, undefined);
    let details: FetchErrorDetailsResponse | undefined;
    try {
      details = await this.#transport.unary(
        fetchErrorDetails,
        { errorId: failed.errorId, ...this.#common() },
        DETAILS_TIMEOUT_MS,
      );
    } catch {
      // The error itself matters more than that its details are gone.
    }
    return toError(failed, attempts, details);
  }

  close(): void {
    this.#closed = true;
    this.#transport.close();
  }
}

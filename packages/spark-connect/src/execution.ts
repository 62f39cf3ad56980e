import type { MessageInitShape } from '@bufbuild/protobuf';
import { SparkClientError, type SparkError } from './errors.js';
import { type ExecutePlanResponse, type PlanSchema, SparkConnectService } from './generated/service_pb.js';
import { type OperationProgress, toOperationProgress } from './operation-progress.js';
import { RetryState } from './retry-policy.js';
import type { Request, ServiceClient } from './service-client.js';
import { type FailedCall, isRetriable, isServiceError, readFailedCall } from './status-details.js';
import type { ResponseStream } from './transport.js';
import { wait } from './wait.js';

const { executePlan, reattachExecute, releaseExecute } = SparkConnectService.method;

/** A stream that ended sooner than this and brought nothing counts as a failed try. */
const SHORT_STREAM_MS = 1_000;
/** The server forgets by itself after some minutes; until then a few seconds of trying are enough. */
const RELEASE_ELAPSED_MAX_MS = 5_000;

export interface ExecutionOptions {
  /** A UUID. It names the operation to `interruptOperation`. */
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: OperationProgress) => void) | undefined;
  readonly reattach: 'always' | 'never';
}

/**
 * One operation on the server, whose responses survive that a stream breaks.
 *
 * The operation runs on the server under an id that the client made, and its responses are kept there until they are
 * released. A stream that breaks, or ends without ResultComplete (the server ends each after some minutes), is followed by
 * ReattachExecute with the id of the last response that arrived; what comes then is exactly the rest. Which of the two
 * calls to make next follows from what the server knows of the operation:
 *
 * | to | the server says | it means | next |
 * |---|---|---|---|
 * | reattach, nothing arrived yet | OPERATION_ or SESSION_NOT_FOUND | the first call never reached it | ExecutePlan |
 * | reattach, rows arrived | the same | it was started anew and lost the operation | the error |
 * | execute | SESSION_NOT_FOUND, SESSION_CHANGED | it was started anew, the session is gone | the error |
 * | execute | OPERATION_ALREADY_EXISTS | the first call did reach it | ReattachExecute |
 */
export class Execution implements AsyncIterable<ExecutePlanResponse> {
  readonly #client: ServiceClient;
  readonly #plan: MessageInitShape<typeof PlanSchema>;
  readonly #options: ExecutionOptions;
  readonly #retry: RetryState;
  #next: 'execute' | 'reattach' = 'execute';
  /** The call that the stream at hand came from. */
  #opened: 'execute' | 'reattach' = 'execute';
  #lastResponseId: string | undefined;
  #complete = false;
  #releasing = false;
  #stream: ResponseStream<(typeof executePlan)['output']> | undefined;

  constructor(client: ServiceClient, plan: MessageInitShape<typeof PlanSchema>, options: ExecutionOptions) {
    this.#client = client;
    this.#plan = plan;
    this.#options = options;
    this.#retry = new RetryState(client.retry, client.clock);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ExecutePlanResponse> {
    const { signal } = this.#options;
    const onAbort = () => this.#stream?.cancel();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      while (!this.#complete) {
        signal?.throwIfAborted();
        const beganMs = this.#client.clock.now();
        const before = this.#lastResponseId;
        let failed: FailedCall | undefined;
        try {
          yield* this.#readStream();
        } catch (error) {
          signal?.throwIfAborted();
          if (!isServiceError(error)) throw error;
          failed = readFailedCall(error);
        }
        if (this.#complete) break;
        const hasMoved = this.#lastResponseId !== before;
        if (hasMoved || (failed === undefined && this.#client.clock.now() - beganMs > SHORT_STREAM_MS))
          this.#retry.reset();
        if (failed !== undefined || !hasMoved) await this.#recover(failed);
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#stream?.cancel();
      this.#release(undefined);
    }
  }

  #open(): ResponseStream<(typeof executePlan)['output']> {
    const { operationId, tags, reattach } = this.#options;
    if (this.#next === 'execute')
      return this.#client.stream(executePlan, {
        plan: this.#plan,
        operationId,
        tags: [...tags],
        requestOptions:
          reattach === 'always' ? [{ requestOption: { case: 'reattachOptions', value: { reattachable: true } } }] : [],
      });
    return this.#client.stream(reattachExecute, {
      operationId,
      ...(this.#lastResponseId === undefined ? {} : { lastResponseId: this.#lastResponseId }),
    });
  }

  async *#readStream(): AsyncGenerator<ExecutePlanResponse> {
    const stream = this.#open();
    this.#stream = stream;
    this.#opened = this.#next;
    if (this.#options.reattach === 'always') this.#next = 'reattach';
    for await (const response of stream) {
      this.#client.observe(response);
      this.#lastResponseId = response.responseId;
      if (response.responseType.case === 'resultComplete') {
        this.#complete = true;
        return;
      }
      if (response.responseType.case === 'executionProgress')
        this.#options.onProgress?.(toOperationProgress(response.responseType.value));
      else yield response;
      this.#release(response.responseId);
    }
    // Without reattaching, the end of the stream is the end of the result.
    if (this.#options.reattach === 'never') this.#complete = true;
  }

  /** Decides what follows a stream that broke, or waits, or throws. */
  async #recover(failed: FailedCall | undefined): Promise<void> {
    const condition = failed?.errorClass;
    const isLost =
      condition === 'INVALID_HANDLE.OPERATION_NOT_FOUND' || condition === 'INVALID_HANDLE.SESSION_NOT_FOUND';
    if (isLost && this.#opened === 'reattach' && this.#lastResponseId === undefined) this.#next = 'execute';
    else if (condition === 'INVALID_HANDLE.OPERATION_ALREADY_EXISTS' && this.#options.reattach === 'always')
      this.#next = 'reattach';
    else if (failed !== undefined && (!isRetriable(failed) || !this.#mayRepeat())) throw await this.#explain(failed);
    const delayMs = this.#retry.nextDelayMs(failed?.retryAfterMs);
    if (delayMs !== undefined) return wait(delayMs, this.#options.signal);
    if (failed !== undefined) throw await this.#explain(failed);
    throw new SparkClientError('the server ends the stream again and again without a result');
  }

  /** An operation that cannot be reattached may be sent again only while none of its rows were handed on. */
  #mayRepeat(): boolean {
    return this.#options.reattach === 'always' || this.#lastResponseId === undefined;
  }

  #explain(failed: FailedCall): Promise<Error | SparkError> {
    return this.#client.explain(failed, this.#retry.attempts);
  }

  /**
   * Lets the server forget what arrived: all, or up to a response. Nobody waits for it, and when it fails the server
   * forgets by itself later. While one such call is under way no other is made for single responses.
   */
  #release(responseId: string | undefined): void {
    if (this.#options.reattach === 'never' || this.#client.isClosed) return;
    if (responseId !== undefined && this.#releasing) return;
    this.#releasing = true;
    const { operationId } = this.#options;
    const release: Request<(typeof releaseExecute)['input']>['release'] =
      responseId === undefined ? { case: 'releaseAll', value: {} } : { case: 'releaseUntil', value: { responseId } };
    const call = this.#client.call(
      releaseExecute,
      { operationId, release },
      { retry: { ...this.#client.retry, maxElapsedMs: RELEASE_ELAPSED_MAX_MS }, timeoutMs: RELEASE_ELAPSED_MAX_MS },
    );
    this.#client.inBackground(
      call.finally(() => {
        this.#releasing = false;
      }),
    );
  }
}

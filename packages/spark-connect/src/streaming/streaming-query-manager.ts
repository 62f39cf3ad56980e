import type { OperationOptions, SessionContext, WireCommand } from '../session-context.js';
import { parseEvent, type StreamingQueryEvent } from './query-event.js';
import { StreamingQuery, type StreamingQueryIdentity } from './streaming-query.js';

type ManagerCommand = Extract<WireCommand, { case: 'streamingQueryManagerCommand' }>['value'];

/** The streaming queries of a session. Another client with the same session id and user sees the same ones. */
export class StreamingQueryManager {
  readonly #session: SessionContext;

  constructor(session: SessionContext) {
    this.#session = session;
  }

  async #ask(value: ManagerCommand, options?: OperationOptions) {
    const result = await this.#session.commandFor(
      { case: 'streamingQueryManagerCommand', value },
      'streamingQueryManagerCommandResult',
      options,
    );
    return result.resultType;
  }

  /** The queries that run. */
  async active(): Promise<StreamingQuery[]> {
    const result = await this.#ask({ command: { case: 'active', value: true } });
    if (result.case !== 'active') return [];
    return result.value.activeQueries.flatMap(({ id, name }) =>
      id === undefined ? [] : [new StreamingQuery(this.#session, { id: id.id, runId: id.runId, name })],
    );
  }

  /** The query of this id, if it runs. */
  async get(id: string): Promise<StreamingQuery | undefined> {
    return (await this.active()).find((query) => query.id === id);
  }

  /** A handle to a query whose two ids are known, even one that has ended a short while ago. Asks the server nothing. */
  handle(identity: StreamingQueryIdentity): StreamingQuery {
    return new StreamingQuery(this.#session, identity);
  }

  /**
   * Waits until any query of the session has ended since the session began or since `resetTerminated`, or for `timeoutMs`.
   * Says whether one has.
   *
   * @throws SparkError if that query failed.
   */
  async awaitAnyTermination(timeoutMs?: number, options?: OperationOptions): Promise<boolean> {
    const value = timeoutMs === undefined ? {} : { timeoutMs: BigInt(Math.ceil(timeoutMs)) };
    const result = await this.#ask({ command: { case: 'awaitAnyTermination', value } }, options);
    return result.case === 'awaitAnyTermination' ? result.value.terminated || timeoutMs === undefined : true;
  }

  /** Forgets the queries that have ended. */
  async resetTerminated(): Promise<void> {
    await this.#ask({ command: { case: 'resetTerminated', value: true } });
  }

  /**
   * What happens to the queries of the session from now on, as it happens: reports of batches, idle times, ends. One such
   * loop at a time in a session; `onReady` is called when the server listens.
   */
  async *events(
    options: OperationOptions & { readonly onReady?: () => void } = {},
  ): AsyncGenerator<StreamingQueryEvent> {
    const add = { command: { case: 'addListenerBusListener' as const, value: true } };
    const responses = this.#session.execute(
      {
        opType: {
          case: 'command',
          value: { commandType: { case: 'streamingQueryListenerBusCommand', value: add } },
        },
      },
      options,
    );
    try {
      for await (const { responseType } of responses) {
        if (responseType.case !== 'streamingQueryListenerEventsResult') continue;
        if (responseType.value.listenerBusListenerAdded === true) options.onReady?.();
        for (const { eventJson, eventType } of responseType.value.events) yield parseEvent(eventJson, eventType);
      }
    } finally {
      if (!this.#session.client.isClosed) this.#session.client.inBackground(this.#removeListener());
    }
  }

  #removeListener(): Promise<unknown> {
    const remove = { command: { case: 'removeListenerBusListener' as const, value: true } };
    return this.#session.command({ case: 'streamingQueryListenerBusCommand', value: remove });
  }
}

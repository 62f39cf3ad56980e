/** What the typed client knows beside documents: messages, subscriptions, connections, operations, SQL, events. */
import { type ServerSentEvent, serverSentEvents } from './event-source.js';
import type {
  BrowsedMessage,
  MessageInput,
  MoveInput,
  Operation,
  Page,
  RedriveInput,
  Subscription,
} from './messages.js';
import type { SqlAnalysis, SqlCompletions } from './sql.js';

export interface PageOptions {
  /** 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
  /** A field, downwards with `-` before it. Default: by name. */
  readonly sort?: string;
  /** Conditions such as `stored>100`: all must hold. */
  readonly filter?: readonly string[];
  /** Only documents with all of these labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Also how many there are in all. Default: false. */
  readonly total?: boolean;
}

export interface SqlPreviewOptions {
  readonly from?: 'stored' | 'new';
  readonly onError?: 'fail' | 'skip';
  readonly rows?: number;
  readonly seconds?: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

export interface EventOptions {
  /** Of the last event that was seen: goes on behind it. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal;
}

export interface ResourceClient {
  /** A page of what a queue stores, oldest first, without consuming. */
  messages(address: string, options?: Omit<PageOptions, 'sort' | 'labels' | 'total'>): Promise<Page<BrowsedMessage>>;
  message(address: string, id: number): Promise<BrowsedMessage>;
  deleteMessage(address: string, id: number): Promise<void>;
  /** As `send`; the same key and message again are not sent again. */
  sendOnce(address: string, message: MessageInput, idempotencyKey: string): Promise<void>;
  /** @param waitSeconds how long the answer waits for the end, 0 to 30. Default: 5 */
  move(address: string, input: MoveInput, waitSeconds?: number): Promise<Operation>;
  /** Back to where they came from. */
  redrive(address: string, input?: RedriveInput, waitSeconds?: number): Promise<Operation>;
  operations(): Promise<readonly Operation[]>;
  operation(id: string, waitSeconds?: number): Promise<Operation>;
  cancelOperation(id: string): Promise<void>;
  subscriptions(options?: PageOptions): Promise<Page<Subscription>>;
  subscription(name: string): Promise<Subscription>;
  deleteSubscription(name: string, options?: { readonly force?: boolean }): Promise<void>;
  checkSql(sql: string): Promise<SqlAnalysis>;
  completeSql(sql: string, offset: number): Promise<SqlCompletions>;
  /** The events to the end: `started`, `rows`, `progress`, `end`. */
  previewSql(sql: string, options?: SqlPreviewOptions): Promise<AsyncIterable<ServerSentEvent>>;
  /** Topics as in the reference. A 410 says that all must be asked for anew. */
  events(topics: readonly string[], options?: EventOptions): Promise<AsyncIterable<ServerSentEvent>>;
}

export interface Requests {
  readonly get: <T>(path: string) => Promise<T>;
  readonly post: <T>(path: string, body: unknown, headers?: Readonly<Record<string, string>>) => Promise<T>;
  readonly remove: (path: string) => Promise<void>;
  readonly query: (parameters: Readonly<Record<string, QueryValue>>) => string;
  readonly stream: (request: StreamRequest) => Promise<AsyncIterable<Uint8Array>>;
}

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface StreamRequest {
  readonly path: string;
  readonly accept: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** With it the request is a POST. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

const EVENT_STREAM = 'text/event-stream';

export function pageQuery({ labels, ...options }: PageOptions): Readonly<Record<string, QueryValue>> {
  return { ...options, labels: Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`) };
}

export function createResourceClient({ get, post, remove, query, stream }: Requests): ResourceClient {
  const messages = (address: string) => `/v1/addresses/${encodeURIComponent(address)}/messages`;
  const named = (collection: string, name: string) => `/v1/${collection}/${encodeURIComponent(name)}`;
  return {
    messages: (address, options = {}) => get(messages(address) + query(pageQuery(options))),
    message: (address, id) => get(`${messages(address)}/${id}`),
    deleteMessage: (address, id) => remove(`${messages(address)}/${id}`),
    sendOnce: async (address, message, idempotencyKey) => {
      await post(messages(address), message, { 'idempotency-key': idempotencyKey });
    },
    move: (address, input, wait) => post(`${messages(address)}:move${query({ wait })}`, input),
    redrive: (address, input = {}, wait) => post(`${messages(address)}:redrive${query({ wait })}`, input),
    operations: async () => (await get<Page<Operation>>('/v1/operations?limit=1000')).items,
    operation: (id, wait) => get(named('operations', id) + query({ wait })),
    cancelOperation: (id) => remove(named('operations', id)),
    subscriptions: (options = {}) => get(`/v1/subscriptions${query(pageQuery(options))}`),
    subscription: (name) => get(named('subscriptions', name)),
    deleteSubscription: (name, { force } = {}) => remove(named('subscriptions', name) + query({ force })),
    checkSql: (sql) => post('/v1/sql:check', { sql }),
    completeSql: (sql, offset) => post('/v1/sql:complete', { sql, offset }),
    previewSql: async (sql, { signal, ...options } = {}) => {
      const body = { sql, ...options };
      return serverSentEvents(await stream({ path: '/v1/sql:preview', accept: EVENT_STREAM, body, signal }));
    },
    events: async (topics, { lastEventId, signal } = {}) => {
      const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const path = `/v1/events${query({ topics: topics.join(',') })}`;
      return serverSentEvents(await stream({ path, accept: EVENT_STREAM, headers, signal }));
    },
  };
}

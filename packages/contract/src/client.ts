/** A typed client of the control API over fetch. Every failure is a ProblemError with an exit code (DESIGN §2). */
import type { ApplyAnswer } from './apply.js';
import type { DocumentChange } from './document-diff.js';
import type {
  AddressDocument,
  AddressInput,
  Document,
  DocumentInput,
  JobDocument,
  JobInput,
  Kind,
  UserDocument,
  UserInput,
} from './envelope.js';
import type { BrowsedMessage, Connection, JobResultRow, MessageInput, Page, ServerStatus } from './messages.js';
import { PROBLEM_MEDIA_TYPE, type Problem, ProblemError, problemOf } from './problem.js';
import {
  createResourceClient,
  type PageOptions,
  pageQuery,
  type QueryValue,
  type ResourceClient,
  type StreamRequest,
} from './resource-client.js';

/** A listing is read to its end, but not for ever. */
const PAGES_MAX = 10_000;
const PAGE_SIZE = 500;
const TIMEOUT_MS = 30_000;

export interface ClientOptions {
  /** Such as `http://127.0.0.1:8080`. */
  readonly server: string;
  readonly token?: string | undefined;
  /** Used when there is no token (RFC 7617). */
  readonly login?: { readonly username: string; readonly password: string } | undefined;
  /** For one request. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Default: the global fetch. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export type ListOptions = Pick<PageOptions, 'labels' | 'filter' | 'sort'>;

export interface PutOptions {
  /** Checks everything and changes nothing. Default: false. */
  readonly dryRun?: boolean;
  /** Only if its ETag is still this one. */
  readonly ifMatch?: string;
  /** Only if there is none of that name. Default: false. */
  readonly createOnly?: boolean;
  /** Also when stored messages are lost by it. Default: false. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly ifMatch?: string;
}

export interface ApplyOptions {
  /** The set that the documents belong to. */
  readonly set?: string;
  /** Deletes what the set applied before and has no longer. Default: false. */
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  /** Also when stored messages are lost by it. Default: false. */
  readonly force?: boolean;
}

export type PutOutcome = 'created' | 'changed' | 'unchanged';

export interface PutResult<D> {
  readonly document: D;
  readonly outcome: PutOutcome;
  readonly etag: string;
  /** Of a dry run: what would change. */
  readonly changes?: readonly DocumentChange[];
}

export interface DocumentsClient<D extends Document, I extends DocumentInput> {
  /** All pages. */
  list(options?: ListOptions): Promise<readonly D[]>;
  /** One page, as the server has it. */
  page(options?: PageOptions): Promise<Page<D>>;
  get(name: string): Promise<D>;
  put(document: I, options?: PutOptions): Promise<PutResult<D>>;
  /** RFC 7396: null takes a key away. */
  patch(name: string, patch: Readonly<Record<string, unknown>>, options?: PutOptions): Promise<PutResult<D>>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
}

export interface JobsClient extends DocumentsClient<JobDocument, JobInput> {
  pause(name: string): Promise<JobDocument>;
  resume(name: string): Promise<JobDocument>;
  results(name: string): Promise<readonly JobResultRow[]>;
}

export interface Client extends ResourceClient {
  readonly addresses: DocumentsClient<AddressDocument, AddressInput>;
  readonly jobs: JobsClient;
  readonly users: DocumentsClient<UserDocument, UserInput>;
  /** Creates or replaces a document of whatever kind. */
  apply(document: DocumentInput, options?: PutOptions): Promise<PutResult<Document>>;
  /** Many at once, all or none; with a set, what it applied before can be pruned. */
  applyAll(documents: readonly DocumentInput[], options?: ApplyOptions): Promise<ApplyAnswer>;
  /** @returns how many messages were deleted */
  purge(address: string): Promise<number>;
  /** Oldest first, without consuming. */
  browse(
    address: string,
    options?: { readonly limit?: number; readonly after?: number },
  ): Promise<readonly BrowsedMessage[]>;
  /** Resolves when the message was accepted. */
  send(address: string, message: MessageInput): Promise<void>;
  connections(): Promise<readonly Connection[]>;
  /** @param reason what its peer is told */
  closeConnection(id: string, reason?: string): Promise<void>;
  status(): Promise<ServerStatus>;
  /**
   * All that the server had accepted when it was asked, as `millrace restore` takes it. The chunks are to be read to the
   * end, or left by `break`; a server that says nothing for the time-out is an error, however long it all takes.
   */
  backup(options?: { readonly signal?: AbortSignal }): Promise<AsyncIterable<Uint8Array>>;
}

export function createClient(options: ClientOptions): Client {
  const send = requester(options);
  const addresses = documentsClient<AddressDocument, AddressInput>(send, '/v1/addresses');
  const users = documentsClient<UserDocument, UserInput>(send, '/v1/users');
  const jobDocuments = documentsClient<JobDocument, JobInput>(send, '/v1/jobs');
  const jobPath = (name: string) => `/v1/jobs/${encodeURIComponent(name)}`;
  const messagesPath = (address: string) => `/v1/addresses/${encodeURIComponent(address)}/messages`;
  const jobs: JobsClient = {
    ...jobDocuments,
    pause: async (name) => (await send<JobDocument>('POST', `${jobPath(name)}:pause`)).body,
    resume: async (name) => (await send<JobDocument>('POST', `${jobPath(name)}:resume`)).body,
    results: async (name) => (await send<Page<JobResultRow>>('GET', `${jobPath(name)}/results`)).body.items,
  };
  const resources = createResourceClient({
    get: async <T>(path: string) => (await send<T>('GET', path)).body,
    post: async <T>(path: string, body: unknown, headers = {}) => (await send<T>('POST', path, { body, headers })).body,
    remove: async (path) => {
      await send('DELETE', path);
    },
    query: queryOf,
    stream: (request) => download(options, request),
  });
  return {
    ...resources,
    addresses,
    jobs,
    users,
    apply: (document, putOptions): Promise<PutResult<Document>> => {
      switch (document.kind) {
        case 'Address':
          return addresses.put(document, putOptions);
        case 'Job':
          return jobs.put(document, putOptions);
        case 'User':
          return users.put(document, putOptions);
      }
    },
    applyAll: async (documents, { set, prune, dryRun, force } = {}) => {
      const path = `/v1/documents:apply${queryOf({ applySet: set, prune, dryRun, force })}`;
      return (await send<ApplyAnswer>('POST', path, { body: { documents } })).body;
    },
    purge: async (address) => (await send<{ purged: number }>('DELETE', messagesPath(address))).body.purged,
    browse: async (address, { limit, after } = {}) => {
      const path = messagesPath(address) + queryOf({ limit, after });
      return (await send<Page<BrowsedMessage>>('GET', path)).body.items;
    },
    send: async (address, message) => {
      await send('POST', messagesPath(address), { body: message });
    },
    connections: () => listAll<Connection>(send, '/v1/connections', {}),
    closeConnection: async (id, reason) => {
      await send('DELETE', `/v1/connections/${encodeURIComponent(id)}${queryOf({ reason })}`);
    },
    status: async () => (await send<ServerStatus>('GET', '/v1/status')).body,
    backup: ({ signal } = {}) => download(options, { path: '/v1/backup', accept: 'application/octet-stream', signal }),
  };
}

/** The path of a kind's collection. */
export const COLLECTIONS: Readonly<Record<Kind, string>> = {
  Address: '/v1/addresses',
  Job: '/v1/jobs',
  User: '/v1/users',
};

interface Sent<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

interface Content {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Send = <T>(method: string, path: string, content?: Content) => Promise<Sent<T>>;

function documentsClient<D extends Document, I extends DocumentInput>(send: Send, path: string): DocumentsClient<D, I> {
  const one = (name: string) => `${path}/${encodeURIComponent(name)}`;
  return {
    list: (options = {}) => listAll<D>(send, path, options),
    page: async (options = {}) => (await send<Page<D>>('GET', path + queryOf(pageQuery(options)))).body,
    get: async (name) => (await send<D>('GET', one(name))).body,
    put: async (document, options = {}) => {
      const query = queryOf({ dryRun: options.dryRun, force: options.force });
      const headers = preconditions(options);
      return putResult<D>(await send<D>('PUT', one(document.metadata.name) + query, { body: document, headers }));
    },
    patch: async (name, patch, options = {}) => {
      const query = queryOf({ dryRun: options.dryRun, force: options.force });
      const headers = preconditions(options);
      const contentType = 'application/merge-patch+json';
      return putResult<D>(await send<D>('PATCH', one(name) + query, { body: patch, contentType, headers }));
    },
    delete: async (name, options = {}) => {
      const query = queryOf({ dryRun: options.dryRun, force: options.force });
      await send('DELETE', one(name) + query, { headers: preconditions(options) });
    },
  };
}

async function listAll<D>(send: Send, path: string, options: ListOptions): Promise<readonly D[]> {
  const items: D[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = queryOf({ limit: PAGE_SIZE, cursor, ...pageQuery(options) });
    const { body } = await send<Page<D>>('GET', path + query);
    for (const item of body.items) items.push(item);
    if (body.next === undefined) return items;
    cursor = body.next;
  }
  throw new ProblemError(problemOf('internal', `the listing ${path} did not end after ${PAGES_MAX} pages`));
}

function putResult<D>({ body, headers }: Sent<D>): PutResult<D> {
  const outcome = (headers.get('millrace-outcome') ?? 'changed') as PutOutcome;
  const { changes, ...document } = body as D & { readonly changes?: readonly DocumentChange[] };
  const result = { document: document as D, outcome, etag: headers.get('etag') ?? '' };
  return changes === undefined ? result : { ...result, changes };
}

function preconditions(options: { readonly ifMatch?: string; readonly createOnly?: boolean }): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  if (options.createOnly === true) headers['if-none-match'] = '*';
  return headers;
}

function queryOf(parameters: Readonly<Record<string, QueryValue>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value === undefined || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(key, String(one));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function baseOf({ server }: ClientOptions): string {
  return server.replace(/\/+$/, '');
}

function authorize(headers: Headers, { token, login }: ClientOptions): void {
  if (token !== undefined) {
    headers.set('authorization', `Bearer ${token}`);
  } else if (login !== undefined) {
    const bytes = new TextEncoder().encode(`${login.username}:${login.password}`);
    headers.set('authorization', `Basic ${btoa(String.fromCharCode(...bytes))}`);
  }
}

function requester(options: ClientOptions): Send {
  const base = baseOf(options);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const fetchRequest = options.fetch ?? ((request: Request) => fetch(request));
  return async <T>(method: string, path: string, content: Content = {}): Promise<Sent<T>> => {
    const headers = new Headers({ accept: 'application/json', ...content.headers });
    authorize(headers, options);
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    if (content.body !== undefined) {
      headers.set('content-type', content.contentType ?? 'application/json');
      init.body = JSON.stringify(content.body);
    }
    const response = await answered(base, timeoutMs, () => fetchRequest(new Request(base + path, init)));
    const text = await answered(base, timeoutMs, () => response.text());
    if (!response.ok) throw new ProblemError(readProblem(response, text));
    return { status: response.status, headers: response.headers, body: readJson<T>(text, base) };
  };
}

/** A body of any length, chunk for chunk as it comes. */
async function download(options: ClientOptions, asked: StreamRequest): Promise<AsyncIterable<Uint8Array>> {
  const { path, accept, body, signal } = asked;
  const base = baseOf(options);
  const { fetch: fetchRequest = fetch, timeoutMs = TIMEOUT_MS } = options;
  const headers = new Headers({ accept, ...asked.headers });
  if (body !== undefined) headers.set('content-type', 'application/json');
  const content = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  authorize(headers, options);
  const silence = new AbortController();
  const ended = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
  /** One step that must come to something within the time-out. */
  const heard = async <T>(step: () => Promise<T>, fault?: 'broke off its answer'): Promise<T> => {
    const timer = setTimeout(() => silence.abort(new DOMException('silence', 'TimeoutError')), timeoutMs);
    try {
      return await answered(base, timeoutMs, step, fault);
    } finally {
      clearTimeout(timer);
    }
  };
  const response = await heard(() => fetchRequest(new Request(base + path, { ...content, headers, signal: ended })));
  if (!response.ok) throw new ProblemError(readProblem(response, await heard(() => response.text())));
  return chunksOf(response.body, (step) => heard(step, 'broke off its answer'));
}

async function* chunksOf(
  body: ReadableStream<Uint8Array> | null,
  heard: <T>(step: () => Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array, void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await heard(() => reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Runs one step of a request; a socket that fails or is silent is a problem like the others. */
async function answered<T>(
  base: string,
  timeoutMs: number,
  step: () => Promise<T>,
  fault: 'cannot be reached' | 'broke off its answer' = 'cannot be reached',
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new ProblemError(problemOf('timed-out', `${base} did not answer within ${timeoutMs} ms`), { cause: error });
    }
    const detail = `${base} ${fault}: ${reasonOf(error)}`;
    throw new ProblemError({ type: 'about:blank', title: 'Not reachable', status: 0, detail }, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  // Node gives an AggregateError with an empty message when it tried several addresses.
  const code = (cause as { code?: unknown }).code;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'there is no host of that name';
  return cause.message === '' ? String(code ?? cause.name) : cause.message;
}

function readProblem(response: Response, text: string): Problem {
  if (response.headers.get('content-type')?.startsWith(PROBLEM_MEDIA_TYPE) === true) {
    try {
      return JSON.parse(text) as Problem;
    } catch {
      // Falls through: a truncated body is told by its status alone.
    }
  }
  const detail = `the server answered ${response.status} ${response.statusText}`.trim();
  return { type: 'about:blank', title: response.statusText, status: response.status, detail };
}

function readJson<T>(text: string, base: string): T {
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new ProblemError(problemOf('internal', `${base} did not answer with JSON: is it a Millrace server?`), {
      cause: error,
    });
  }
}

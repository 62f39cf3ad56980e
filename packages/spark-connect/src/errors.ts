/**
 * The three ways a call can fail:
 *
 * - `SparkClientError`: the call was wrong before anything was sent.
 * - `SparkConnectionError`: no answer of Spark came: the server is not reachable, the token is refused, a limit is hit.
 * - `SparkError`: Spark answered with an error condition of its own.
 */
export type AnySparkError = SparkClientError | SparkConnectionError | SparkError;

/** What the caller passed cannot be sent or what the server sent cannot be read by this client. */
export class SparkClientError extends Error {
  override readonly name = 'SparkClientError';
}

/** The names of gRPC's status codes, in the order of their numbers. */
export const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type StatusName = (typeof STATUS_NAMES)[number];

export interface SparkConnectionErrorInit {
  readonly status: StatusName;
  /** How often the call was tried. */
  readonly attempts: number;
  readonly cause?: unknown;
}

/** The call did not reach Spark, or did not come back. */
export class SparkConnectionError extends Error {
  override readonly name = 'SparkConnectionError';
  /** The gRPC status, such as `UNAVAILABLE` or `UNAUTHENTICATED`. */
  readonly status: StatusName;
  readonly attempts: number;

  constructor(message: string, init: SparkConnectionErrorInit) {
    super(message, { cause: init.cause });
    this.status = init.status;
    this.attempts = init.attempts;
  }
}

/** Characters of a text, `end` not among them, in JavaScript's counting (UTF-16 code units). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The place an error speaks of. */
export interface ErrorContext {
  /** `sql`: a piece of a SQL text. `dataFrame`: a call that was made through the data frame interface. */
  readonly kind: 'sql' | 'dataFrame';
  /** What the text belongs to, such as `VIEW`. Empty for the text that was sent. */
  readonly objectType: string;
  readonly objectName: string;
  /** First and last character as Spark counts: code points from 0, both included; -1 if unknown. */
  readonly startIndex: number;
  readonly stopIndex: number;
  /** The piece of text itself. */
  readonly fragment: string;
  readonly callSite: string;
  readonly summary: string;
}

export interface SparkErrorInit {
  readonly errorClass?: string | undefined;
  readonly sqlState?: string | undefined;
  readonly messageParameters?: Readonly<Record<string, string>> | undefined;
  readonly contexts?: readonly ErrorContext[] | undefined;
  readonly exceptionClasses?: readonly string[] | undefined;
  readonly serverStackTrace?: readonly string[] | undefined;
  readonly span?: Span | undefined;
  readonly cause?: unknown;
}

/** The server was started anew, or the session was ended or timed out. */
const SESSION_GONE = ['SESSION_NOT_FOUND', 'SESSION_CHANGED', 'SESSION_CLOSED'].map((name) => `INVALID_HANDLE.${name}`);

/** Spark refused or failed. */
export class SparkError extends Error {
  override readonly name = 'SparkError';
  /** Spark's error condition, such as `UNRESOLVED_COLUMN.WITH_SUGGESTION`; undefined for errors that have none. */
  readonly errorClass: string | undefined;
  /** The five characters of the SQL standard, such as `42703`. */
  readonly sqlState: string | undefined;
  readonly messageParameters: Readonly<Record<string, string>>;
  readonly contexts: readonly ErrorContext[];
  /** Java class names, the most special first. */
  readonly exceptionClasses: readonly string[];
  /** Where in the SQL text that was sent, if Spark says so. */
  readonly span: Span | undefined;
  /** Long and seldom wanted, so it is not among what a logger prints of an error. */
  readonly #serverStackTrace: readonly string[];

  constructor(message: string, init: SparkErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.errorClass = init.errorClass;
    this.sqlState = init.sqlState;
    this.messageParameters = init.messageParameters ?? {};
    this.contexts = init.contexts ?? [];
    this.exceptionClasses = init.exceptionClasses ?? [];
    this.#serverStackTrace = init.serverStackTrace ?? [];
    this.span = init.span;
  }

  /** One line a frame; empty unless the server sends them (`spark.sql.connect.serverStacktrace.enabled`). */
  get serverStackTrace(): readonly string[] {
    return this.#serverStackTrace;
  }

  /** The session is not on the server any more, nor are its views, artifacts and queries: connect anew. */
  get sessionIsGone(): boolean {
    return this.errorClass !== undefined && SESSION_GONE.includes(this.errorClass);
  }

  /** The same error with the place in a text, which only the sender of the text can count out. */
  withSpan(span: Span | undefined): SparkError {
    if (span === undefined) return this;
    const located = new SparkError(this.message, {
      ...this,
      span,
      serverStackTrace: this.#serverStackTrace,
      cause: this.cause,
    });
    if (this.stack !== undefined) located.stack = this.stack;
    return located;
  }

  /** Whether the condition is this one or one below it: `is('INVALID_HANDLE')` holds for `INVALID_HANDLE.SESSION_CLOSED`. */
  is(condition: string): boolean {
    return this.errorClass === condition || (this.errorClass?.startsWith(`${condition}.`) ?? false);
  }
}

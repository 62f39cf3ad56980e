/**
 * Errors as REST gives them: application/problem+json (RFC 9457). The table is the whole list; docs/reference/errors.md
 * has one section for each slug, and a test compares the two.
 */

export const PROBLEM_TYPE_BASE = 'https://millrace.dev/errors/';
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** In the order of the status. */
export const PROBLEMS = {
  'malformed-body': { status: 400, title: 'The body cannot be read' },
  'invalid-parameter': { status: 400, title: 'A parameter of the URL is not valid' },
  'malformed-name': { status: 400, title: 'The name in the path cannot be decoded' },
  unauthenticated: { status: 401, title: 'Say who you are' },
  'not-allowed': { status: 403, title: 'Not allowed' },
  'foreign-host': { status: 403, title: 'This server does not answer to that host name' },
  'foreign-origin': { status: 403, title: 'Requests from other sites are refused' },
  'no-such-path': { status: 404, title: 'No such path' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed here' },
  'would-lose-messages': { status: 409, title: 'Stored messages would be lost' },
  conflict: { status: 409, title: 'Conflict' },
  'events-gone': { status: 410, title: 'The events since then are gone' },
  'precondition-failed': { status: 412, title: 'It has changed, or exists, since you looked' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'idempotency-mismatch': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'invalid-document': { status: 422, title: 'The document is not valid' },
  'invalid-sql': { status: 422, title: 'The SQL is not valid' },
  'not-supported': { status: 422, title: 'This set-up cannot do that' },
  'too-many-streams': { status: 429, title: 'Too many streams are open' },
  internal: { status: 500, title: 'Internal error' },
  'plane-unavailable': { status: 503, title: 'The messaging or processing plane does not answer' },
  'store-failed': { status: 503, title: 'The store has failed' },
  busy: { status: 503, title: 'Too many at once' },
  'not-ready': { status: 503, title: 'Not ready yet' },
  'timed-out': { status: 504, title: 'No answer in time' },
  'address-full': { status: 507, title: 'The address is full' },
  'store-full': { status: 507, title: 'The store is full' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;

export type ProblemSlug = keyof typeof PROBLEMS;

/** Half-open range of characters. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** One fault in what was sent. */
export interface ProblemDetail {
  /** JSON pointer (RFC 6901) into the body; '' for the whole of it. */
  readonly pointer: string;
  /** Stable word for programs: `required`, `type`, `unknown-key`, `value`, `format`, `range`, `name`, `sql`, … */
  readonly code: string;
  /** A sentence for people: what is wrong and what would be right. */
  readonly detail: string;
  /** The values that are allowed, where these are a list. */
  readonly allowed?: readonly string[];
  /** In the SQL text. */
  readonly span?: TextSpan;
  /** What would be right, in words, most likely first. */
  readonly fixes?: readonly string[];
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly ProblemDetail[];
}

/** An error that has a problem document. Thrown by the controller and the client alike. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.problem = problem;
  }

  /** `not-found` and so on; the last part of the type URL. */
  get slug(): string {
    return this.problem.type.slice(this.problem.type.lastIndexOf('/') + 1);
  }

  /** What a command line tool ends with for this error (DESIGN §2). */
  get exitCode(): number {
    return exitCodeOf(this.problem);
  }
}

export function problemOf(slug: ProblemSlug, detail: string, errors: readonly ProblemDetail[] = []): Problem {
  const { status, title } = PROBLEMS[slug];
  const problem = { type: PROBLEM_TYPE_BASE + slug, title, status, detail };
  return errors.length === 0 ? problem : { ...problem, errors };
}

export function problemError(slug: ProblemSlug, detail: string, errors: readonly ProblemDetail[] = []): ProblemError {
  return new ProblemError(problemOf(slug, detail, errors));
}

/** 4 not found, 5 conflict, 6 not allowed, 7 not reachable, 8 timed out, 1 for the others. */
export function exitCodeOf(problem: Problem): number {
  switch (problem.status) {
    case 0:
    case 502:
    case 503:
      return 7;
    case 401:
    case 403:
      return 6;
    case 404:
    case 410:
      return 4;
    case 408:
    case 504:
      return 8;
    case 409:
    case 412:
      return 5;
    default:
      return 1;
  }
}

/** One step of a JSON pointer, escaped (RFC 6901 §3). */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

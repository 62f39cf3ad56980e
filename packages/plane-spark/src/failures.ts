/** What Spark and the way to it can answer, as a reason and a sentence that says what to do. Pure. */
import { parseConnectionString, SparkConnectionError, SparkError } from '@millrace/spark-connect';
import type { Span } from '@millrace/sql';
import type { JobQuery } from './submission.js';

export interface Failure {
  /** CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

/** Where the server is, without the token that may stand in the connection string. */
export function serverName(connect: string): string {
  const { host, port } = parseConnectionString(connect);
  return `sc://${host}:${port}`;
}

export const VERSION_MIN = 4;

export function tooOld(connect: string, version: string): Failure | undefined {
  if (Number.parseInt(version, 10) >= VERSION_MIN) return undefined;
  const message = `${serverName(connect)} runs Spark ${version}: jobs need Spark ${VERSION_MIN} or newer`;
  return { reason: 'SparkTooOld', message };
}

/** Why there is no session. */
export function connectFailure(connect: string, error: unknown): Failure {
  const server = serverName(connect);
  if (error instanceof SparkConnectionError) {
    if (error.status === 'UNAUTHENTICATED' || error.status === 'PERMISSION_DENIED') {
      const message = `${server} refuses the token, or wants one: give it in the address, ${server}/;token=…`;
      return { reason: 'SparkRefusesToken', message };
    }
    const message = `no Spark Connect server answers at ${server} (${error.message}); it is tried again until one does`;
    return { reason: 'SparkNotReachable', message };
  }
  return { reason: 'SparkRefuses', message: `${server} gives no session: ${messageOf(error)}` };
}

/** Whether the session is what is at fault, not the job. */
export function isOfConnection(error: unknown): boolean {
  return error instanceof SparkConnectionError || (error instanceof SparkError && error.sessionIsGone);
}

export type Verdict =
  /** Passes by itself or by mending something that is not the job: tried again. */
  | ({ readonly kind: 'transient' } & Failure)
  /** Comes again with each try: waits for an edit, or for `resume`. */
  | ({ readonly kind: 'permanent' } & Failure)
  /** The server lacks the connector: another server may have it. */
  | ({ readonly kind: 'of-server' } & Failure)
  /** The checkpoint's state is of another shape. */
  | { readonly kind: 'state-unusable' };

const STATE_CONDITIONS = ['STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE', 'STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE'];
/** Of the connector and of Spark, when a part of the set-up is away for a while. */
const PASSING: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/no connection with|cannot be reached|did not answer|without a reason|amqp:connection:forced/, 'BrokerNotReachable'],
  [/took none of|amqp:resource-limit-exceeded/, 'ResultsRefused'],
  [
    /amqp:not-found|does not let (?:receive|send)|amqp:unauthorized-access|refuses user|is not trusted/,
    'BrokerRefuses',
  ],
  [/is in use by another query/, 'LogInUse'],
  [
    /ExecutorLostFailure|SparkContext was shut down|Executor heartbeat timed out|FetchFailed|Master removed our/,
    'SparkLost',
  ],
];

/** Why a query could not be started, or has ended. */
export function judgeFailure(error: unknown, query: JobQuery): Verdict {
  const message = messageOf(error);
  const errorClass = error instanceof SparkError ? error.errorClass : undefined;
  if (error instanceof SparkError && STATE_CONDITIONS.some((condition) => error.is(condition))) {
    return { kind: 'state-unusable' };
  }
  if (errorClass === 'DATA_SOURCE_NOT_FOUND' && /\bamqp\b/.test(message)) {
    const what = 'the Spark Connect server does not know the data source amqp';
    return {
      kind: 'of-server',
      reason: 'ConnectorMissing',
      message: `${what}: start it with --jars spark-amqp-0.1.0.jar (connectors/spark-amqp)`,
    };
  }
  const passing = PASSING.find(([pattern]) => pattern.test(message));
  if (passing !== undefined) return { kind: 'transient', reason: passing[1], message: firstCause(message) };
  return { kind: 'permanent', ...userFailure(error, query) };
}

function userFailure(error: unknown, query: JobQuery): Failure {
  if (!(error instanceof SparkError)) return { reason: 'QueryFailed', message: firstCause(messageOf(error)) };
  const { errorClass } = error;
  const reason = errorClass === undefined ? 'QueryFailed' : camelCase(errorClass);
  const span = error.span ?? spanInText(error.message, query.statement);
  const place = span === undefined ? '' : placeOf(span, query);
  const text = firstCause(error.message);
  const named = errorClass === undefined || text.includes(errorClass) ? text : `[${errorClass}] ${text}`;
  return { reason, message: `${named}${place}` };
}

/** The piece of the job's own text. */
function placeOf(span: Span, { sql, originalSpan }: JobQuery): string {
  const { start, end } = originalSpan(span);
  return end > start ? ` In: ${sql.slice(start, end)}` : '';
}

/** The failure of a query that ran has its place in the text only: a line of the SQL with marks under it. */
const MARKED = /== SQL[^\n]*\(line (\d+), position (\d+)\) ==\n[^\n]*\n *(\^+)/;

function spanInText(message: string, statement: string): Span | undefined {
  const [, line, position, marks] = MARKED.exec(message) ?? [];
  if (line === undefined || position === undefined || marks === undefined) return undefined;
  const before = statement.split('\n').slice(0, Number(line) - 1);
  const start = before.reduce((length, text) => length + text.length + 1, 0) + Number(position) - 1;
  return { start, end: start + marks.length };
}

const MESSAGE_LENGTH_MAX = 1_000;

/** Spark adds the query, its plan and the frames of its stack, behind the name of the Java class. */
function firstCause(message: string): string {
  const [text = ''] = message.split(/\n(?:== SQL|=== Streaming Query|\s+at |Driver stacktrace)/);
  return text
    .replace(/^(?:[a-z]+\.)+[A-Z]\w*(?:Exception|Error): /, '')
    .trim()
    .slice(0, MESSAGE_LENGTH_MAX);
}

/** `CAST_INVALID_INPUT` → `CastInvalidInput`: reasons of conditions are words without marks. */
export function camelCase(errorClass: string): string {
  return errorClass
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A checked job as what Spark is asked to run. Pure. */
import { createHash } from 'node:crypto';
import { aggregationOf, type JobPlan, needsHeartbeats, type Span, sparkStatement } from '@millrace/sql';
import { type SchemaSelection, schemaSelection } from './schema-selection.js';
import { isLocal, type SparkPlaneOptions } from './settings.js';

export type OptionTexts = Readonly<Record<string, string>>;

/** What a job's query is, wherever its checkpoint turns out to be. */
export interface JobQuery {
  readonly job: string;
  /** As the user wrote it. */
  readonly sql: string;
  /** Name of the query on Spark. */
  readonly name: string;
  /** Name of the temporary view that has the source's rows. */
  readonly view: string;
  readonly source: OptionTexts;
  /** Renames the connector's heartbeat column, so that a column of the job's own may have its name. */
  readonly hasHeartbeats: boolean;
  /** What is selected beside the connector's columns before the SELECT: columns of the address' schema. */
  readonly schemaColumns: SchemaSelection | undefined;
  /** The SELECT. */
  readonly statement: string;
  readonly originalSpan: (span: Span) => Span;
  readonly sink: OptionTexts;
  readonly triggerMs: number;
  /** Directory of the job's checkpoints. */
  readonly directory: string;
  /** Names what is in the write-ahead log: jobs that read another address have another one. */
  readonly sourceKey: string;
  /** Names what state means: another one cannot go on with it. */
  readonly stateKey: string;
}

/** The query with its checkpoint. */
export interface Submission {
  readonly query: JobQuery;
  readonly checkpoint: string;
  readonly walDirectory: string;
  /** `sequence` at which a new checkpoint begins to read the log. */
  readonly walStart: number;
  /** Of all that is submitted: a running query of another revision is not what is wished. */
  readonly revision: string;
}

export const QUERY_PREFIX = 'millrace-';
export const HEARTBEAT_COLUMN = '_millrace_heartbeat';
const DEFAULT_TRIGGER_MS = 500;

export function jobQuery(
  job: string,
  plan: JobPlan,
  options: Omit<SparkPlaneOptions, 'log'> & { readonly brokerUrl: string },
): JobQuery {
  const view = `millrace_${digest(job)}`;
  const { text: statement, originalSpan } = sparkStatement(plan, { view, heartbeatColumn: HEARTBEAT_COLUMN });
  return {
    job,
    sql: plan.sql,
    name: `${QUERY_PREFIX}${job}`,
    view,
    source: { ...brokerOptions(options), address: sourceAddress(job, plan, options), ...heartbeatOptions(plan) },
    hasHeartbeats: needsHeartbeats(plan),
    schemaColumns: schemaSelection(plan.source),
    statement,
    originalSpan,
    sink: { ...brokerOptions(options), address: plan.target },
    triggerMs: options.triggerMs ?? DEFAULT_TRIGGER_MS,
    directory: joinLocation(options.checkpoints, encodeURIComponent(job)),
    sourceKey: digest(plan.source.address),
    stateKey: stateKey(plan, statement),
  };
}

/** State that was gathered of other columns means something else, though the text is the same. */
function stateKey(plan: JobPlan, statement: string): string {
  if (aggregationOf(plan) === undefined) return 'stateless';
  const columns = schemaSelection(plan.source);
  return digest(columns === undefined ? statement : JSON.stringify([statement, columns]));
}

function brokerOptions({
  brokerUrl,
  user,
  password,
}: {
  brokerUrl: string;
  user?: string;
  password?: string;
}): OptionTexts {
  return {
    url: brokerUrl,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

/** `TOPIC::NAME` is the durable subscription of that name, as Artemis and Millrace write it. */
function sourceAddress(job: string, { source }: JobPlan, { isTopic }: Pick<SparkPlaneOptions, 'isTopic'>): string {
  const { address } = source;
  return /[+#]/.test(address) || isTopic?.(address) === true ? `${address}::job/${job}` : address;
}

function heartbeatOptions(plan: JobPlan): OptionTexts {
  const window = aggregationOf(plan)?.window;
  if (window === undefined || !needsHeartbeats(plan)) return {};
  // Windows end at multiples of this, also where the length is no multiple of the slide.
  const intervalUs = greatestCommonDivisor(window.sizeUs, window.slideUs);
  return { heartbeatInterval: `${intervalUs / 1000} ms`, heartbeatHorizon: `${window.sizeUs / 1000} ms` };
}

export function submission(
  query: JobQuery,
  { checkpoint, walStart }: Pick<Submission, 'checkpoint' | 'walStart'>,
  options: Pick<SparkPlaneOptions, 'walDirectory'>,
): Submission {
  const walDirectory =
    options.walDirectory === undefined
      ? joinLocation(pathOf(query.directory), `wal-${query.sourceKey}`)
      : joinLocation(options.walDirectory, encodeURIComponent(query.job), `wal-${query.sourceKey}`);
  return { query, checkpoint, walStart, walDirectory, revision: revisionOf(query) };
}

/** The checkpoint is left out: it follows from the rest. */
export function revisionOf({ statement, source, sink, triggerMs, directory, schemaColumns }: JobQuery): string {
  const parts = [statement, source, sink, triggerMs, directory];
  return digest(JSON.stringify(schemaColumns === undefined ? parts : [...parts, schemaColumns]));
}

export function joinLocation(base: string, ...parts: readonly string[]): string {
  return [base.replace(/\/+$/, ''), ...parts].join('/');
}

/** A local location without `file:`. */
export function pathOf(location: string): string {
  return isLocal(location) ? location.replace(/^file:\/*/, '/') : location;
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

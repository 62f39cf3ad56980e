/** Rows as a test writes them, as batches; jobs from SQL text. */
import { type Catalogue, checkJob, type JobPlan } from '@millrace/sql';
import { compileJob, type InputBatch, type Job, type JobOptions, type OutputRow } from '../../src/index.js';

export interface Row {
  /** ms since the epoch. Default: 0. */
  readonly time?: number;
  /** Default: NULL. */
  readonly body?: string | Uint8Array | null;
  /** Default: "source". */
  readonly address?: string;
  /** The other columns. What is absent is NULL, `properties` empty. */
  readonly [column: string]: unknown;
}

export function planOf(sql: string, catalogue: Catalogue = {}): JobPlan {
  const checked = checkJob(sql, { catalogue });
  if (checked.plan === undefined) throw new Error(JSON.stringify(checked.diagnostics, null, 2));
  return checked.plan;
}

export function jobOf(sql: string, options: Partial<JobOptions> = {}): Job {
  return compileJob(planOf(sql), { onError: 'fail', ...options });
}

/** One reader: its dictionary of addresses grows from batch to batch. */
export class Reader {
  private readonly names: string[] = [];

  batch(job: Job, rows: readonly Row[]): InputBatch {
    const bodies = rows.map(({ body }) => (body === null || body === undefined ? Buffer.alloc(0) : Buffer.from(body)));
    const offsets = new Int32Array(rows.length + 1);
    bodies.forEach((body, row) => {
      offsets[row + 1] = offsets[row]! + body.length;
    });
    const isNull = rows.map(({ body }) => (body === null || body === undefined ? 1 : 0));
    const others = job.columns
      .filter((name) => !['time', 'body', 'body_bytes', 'address'].includes(name))
      .map((name) => [name, rows.map((row) => row[name] ?? (name === 'properties' ? {} : null))] as const);
    return {
      count: rows.length,
      times: Float64Array.from(rows, ({ time }) => time ?? 0),
      body: { bytes: Buffer.concat(bodies), offsets, nulls: isNull.includes(1) ? Uint8Array.from(isNull) : undefined },
      addresses: Int32Array.from(rows, ({ address }) => this.idOf(address ?? 'source')),
      addressNames: this.names,
      others: new Map(others),
    };
  }

  private idOf(address: string): number {
    const known = this.names.indexOf(address);
    return known === -1 ? this.names.push(address) - 1 : known;
  }
}

/** All outputs of the rows given as one batch, then of the clock going on to `untilMs`. */
export function run(job: Job, rows: readonly Row[], untilMs?: number): OutputRow[] {
  job.process(new Reader().batch(job, rows));
  if (untilMs !== undefined) job.advance(untilMs);
  return job.takeOutputs();
}

/** Bodies as text, NULL as `NULL`, for short assertions. */
export function bodies(outputs: readonly OutputRow[]): string[] {
  return outputs.map(({ message: { body } }) => {
    if (body === null) return 'NULL';
    return typeof body === 'string' ? body : Buffer.from(body).toString();
  });
}

/** Pieces and steps so small that tests see change records, and pieces written again. */
export const SMALL_STATE: Partial<JobOptions> = { keepsState: true, stateSizes: { pieceGroups: 2, stepBytes: 1 } };

export type Records = Map<string, Uint8Array>;

/** What a store would hold after this. */
export function keep(job: Job, records: Records): Records {
  for (const { key, bytes } of job.takeStateChanges()) {
    if (bytes === undefined) records.delete(key);
    else records.set(key, bytes);
  }
  return records;
}

export function restore(job: Job, records: Records): Job {
  const restoring = job.restore(records);
  while (restoring.step());
  return job;
}

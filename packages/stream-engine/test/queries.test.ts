/**
 * queries/NAME.sql, read as the rest of the file says:
 *
 *     -- what it is about
 *     -- onError: skip                 options, each on a line
 *     the statement
 *     -- input
 *     {"time": 1000, "body": "20"}     a row a line; a number alone advances the clock to that time, ms
 *     -- output
 *     {…}                              the messages, then the counters that are not 0; or the error, the text it points
 *                                      at and the row
 *
 * Each file runs three times: its rows as one batch, each as a batch of its own, and each as a batch with the job restored
 * from its state between them. All three give the same.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileJob, type Job, JobError, type OutputRow } from '../src/index.js';
import { keep, planOf, Reader, type Records, type Row, restore, SMALL_STATE } from './support/harness.js';

const FOLDER = new URL('queries/', import.meta.url);
const MARK = /^-- (input|output)$/m;

interface Query {
  readonly sql: string;
  readonly options: { readonly onError: 'fail' | 'skip'; readonly stateRowsMax?: number };
  readonly input: readonly (Row | number)[];
  readonly output: string;
}

function readQuery(name: string): Query {
  const [head = '', , input = '', , output = ''] = readFileSync(new URL(name, FOLDER), 'utf8').split(MARK);
  const option = (key: string): string | undefined => new RegExp(`^-- ${key}: (.*)$`, 'm').exec(head)?.[1];
  const stateRowsMax = option('stateRowsMax');
  return {
    sql: head.replace(/^--.*\n/gm, '').trim(),
    options: {
      onError: option('onError') === 'skip' ? 'skip' : 'fail',
      ...(stateRowsMax === undefined ? {} : { stateRowsMax: Number(stateRowsMax) }),
    },
    input: input
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row | number),
    output: output.trim(),
  };
}

type Step = (job: Job, rows: readonly Row[], reader: Reader) => Job;

function takeIn(query: Query, job: Job, step: Step): { job: Job; outputs: OutputRow[] } {
  const reader = new Reader();
  const outputs: OutputRow[] = [];
  let current = job;
  let waiting: Row[] = [];
  const flush = (): void => {
    if (waiting.length > 0) current = step(current, waiting, reader);
    outputs.push(...current.takeOutputs());
    waiting = [];
  };
  for (const item of query.input) {
    if (typeof item !== 'number') {
      waiting.push(item);
      continue;
    }
    flush();
    current.advance(item);
    outputs.push(...current.takeOutputs());
  }
  flush();
  return { job: current, outputs };
}

function showMessage({ body, ...rest }: OutputRow['message']): string {
  const shown = body === null || typeof body === 'string' ? body : { hex: Buffer.from(body).toString('hex') };
  return JSON.stringify({ ...rest, body: shown });
}

function describeRun(query: Query, step: Step): string {
  const plan = planOf(query.sql);
  try {
    const { job, outputs } = takeIn(query, compileJob(plan, { ...query.options, ...SMALL_STATE }), step);
    const counters = Object.entries(job.counters).filter(([, count]) => count > 0);
    return [...outputs.map(({ message }) => showMessage(message)), JSON.stringify(Object.fromEntries(counters))].join(
      '\n',
    );
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    const { span } = error;
    return `${error.message}\n${span === undefined ? '' : query.sql.slice(span.start, span.end)}\n${error.row ?? ''}`.trim();
  }
}

const asOneBatch: Step = (job, rows, reader) => {
  job.process(reader.batch(job, rows));
  return job;
};

const rowByRow: Step = (job, rows, reader) => {
  for (const row of rows) job.process(reader.batch(job, [row]));
  return job;
};

function restoring(query: Query): Step {
  const plan = planOf(query.sql);
  const records: Records = new Map();
  return (job, rows, reader) => {
    let current = job;
    if (!current.hasState) return rowByRow(job, rows, reader);
    for (const row of rows) {
      current.process(reader.batch(current, [row]));
      const next = compileJob(plan, { ...query.options, ...SMALL_STATE });
      restore(next, keep(current, records));
      // Outputs that were not taken are no part of the state.
      const made = current.takeOutputs();
      current = next;
      const take = next.takeOutputs.bind(next);
      next.takeOutputs = () => [...made.splice(0), ...take()];
    }
    return current;
  };
}

describe('queries', () => {
  for (const name of readdirSync(FOLDER))
    test(name, () => {
      const query = readQuery(name);
      expect(describeRun(query, asOneBatch)).toBe(query.output);
      expect(describeRun(query, rowByRow)).toBe(query.output);
      expect(describeRun(query, restoring(query))).toBe(query.output);
    });
});

import { readdirSync, readFileSync } from 'node:fs';
import {
  type Catalogue,
  type CatalogueColumn,
  type CatalogueSchema,
  type Checked,
  checkJob,
  checkQuery,
  type DataType,
  parseDataType,
  type QueryPlan,
} from '../src/index.js';

/**
 * A golden query: `queries/NAME.sql`. Its first line says what comes of it, `-- plan` or `-- error CODE …`; lines behind
 * it may give columns of a source's schema (`-- column s v INT`), its format (`-- format s json`) and event time with the
 * delay in seconds (`-- event-time s v 10`), declared addresses (`-- addresses a, b`), or say that
 * the text is checked as a job although it has no INSERT INTO (`-- job`). The text keeps these lines: they are comments.
 */
export interface GoldenQuery {
  readonly name: string;
  readonly sql: string;
  /** Undefined: a plan is expected. */
  readonly errors: readonly string[] | undefined;
  readonly catalogue: Catalogue;
  readonly job: boolean;
}

const FOLDER = new URL('./queries/', import.meta.url);

export function goldenQueries(): readonly GoldenQuery[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => readQuery(file.slice(0, -'.sql'.length), readFileSync(new URL(file, FOLDER), 'utf8')));
}

function readQuery(name: string, sql: string): GoldenQuery {
  const [first = '', ...rest] = sql.split('\n');
  const header = rest.filter((line) => line.startsWith('-- '));
  const columns: Record<string, CatalogueColumn[]> = {};
  for (const line of header) {
    const match = /^-- column (\S+) (\S+) (.+)$/.exec(line);
    if (match === null) continue;
    const [, source = '', column = '', type = ''] = match;
    columns[source] = [...(columns[source] ?? []), { name: column, type: readType(type) }];
  }
  const declared = header.find((line) => line.startsWith('-- addresses '))?.slice('-- addresses '.length);
  const schemas: Record<string, CatalogueSchema> = {};
  for (const line of header) {
    const [, what, source = '', first = '', second] =
      /^-- (format|event-time) (\S+) (\S+)(?: (\d+))?$/.exec(line) ?? [];
    if (what === 'format') schemas[source] = { ...schemas[source], format: first as 'json' | 'csv' };
    if (what === 'event-time') {
      schemas[source] = { ...schemas[source], eventTime: { column: first, delayUs: Number(second) * 1e6 } };
    }
  }
  const catalogue = { columns, schemas, ...(declared === undefined ? {} : { addresses: declared.split(', ') }) };
  const errors = first.startsWith('-- error ') ? first.slice('-- error '.length).split(' ') : undefined;
  if (errors === undefined && first !== '-- plan')
    throw new Error(`${name}.sql: the first line is -- plan or -- error CODE`);
  return { name, sql, errors, catalogue, job: header.includes('-- job') || /INSERT/.test(sql) };
}

function readType(text: string): DataType {
  const type = parseDataType(text);
  if (type === undefined) throw new Error(`${text} is no type`);
  return type;
}

export function run({ sql, job, catalogue }: GoldenQuery): Checked<QueryPlan> {
  return job ? checkJob(sql, { catalogue }) : checkQuery(sql, { catalogue });
}

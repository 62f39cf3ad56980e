/** The job documents, for one engine or the other: they differ in where they send to, and in nothing else. */
import { readdirSync, readFileSync } from 'node:fs';

export type Engine = 'embedded' | 'spark';

const VERSION = 'millrace.dev/v1';
const FOLDER = new URL('jobs/', import.meta.url);
const TARGET = /\bengine\/[\w-]+/g;

export interface ComparedJob {
  readonly name: string;
  /** With targets that begin with `engine/`. */
  readonly sql: string;
  /** Without `engine/`. */
  readonly targets: readonly string[];
}

export function comparedJobs(words: readonly string[]): readonly ComparedJob[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => {
      const sql = readFileSync(new URL(file, FOLDER), 'utf8');
      const targets = [...new Set(sql.match(TARGET))].map((target) => target.slice('engine/'.length));
      return { name: file.slice(0, -'.sql'.length), sql, targets };
    })
    .filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
}

export function sqlFor(engine: Engine, { sql }: ComparedJob): string {
  return sql.replaceAll(TARGET, (target) => target.replace('engine', engine));
}

/** A job reads by a subscription of its name: the two have different ones. */
export function jobName(engine: Engine, { name }: ComparedJob): string {
  return `${engine}-${name}`;
}

export function jobDocument(engine: Engine, job: ComparedJob): object {
  const metadata = { name: jobName(engine, job) };
  return { apiVersion: VERSION, kind: 'Job', metadata, spec: { sql: sqlFor(engine, job) } };
}

export function targetDocuments(engine: Engine, { targets }: ComparedJob): readonly object[] {
  return targets.map((target) => ({
    apiVersion: VERSION,
    kind: 'Address',
    metadata: { name: `${engine}/${target}` },
    spec: { type: 'queue' },
  }));
}

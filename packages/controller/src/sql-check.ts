/** What the controller needs of a SQL checker: a text and what is known of the addresses → a plan, or what is wrong. */
import type { MessageSchema } from '@millrace/contract';
import type { JobPlan, Span } from '@millrace/sql';

export interface SqlFault {
  readonly code: string;
  readonly message: string;
  /** What would be right; may be empty. */
  readonly hint: string;
  readonly span: Span;
  readonly line: number;
  readonly column: number;
}

export type SqlChecked =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly faults: readonly SqlFault[] };

/** What addresses say of the columns of their messages, by the address' name. Those that say nothing are not in it. */
export type AddressSchemas = ReadonlyMap<string, MessageSchema>;

/** An address that is not declared is no fault here: a job waits for it. */
export type SqlCheck = (sql: string, schemas: AddressSchemas) => SqlChecked;

/** Parser and checker are heavy, and a server without jobs needs neither: they are loaded when first asked for. */
export type LoadSqlCheck = () => Promise<SqlCheck>;

export const loadSparkSqlCheck: LoadSqlCheck = async () => (await import('./spark-sql-check.js')).sparkSqlCheck;

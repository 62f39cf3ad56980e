/** What the controller needs of a SQL checker: a text and what is known of the addresses → a plan, or what is wrong. */
import type { AddressSpec } from '@millrace/contract';
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

/** Finds what is declared of an address; undefined for one that is not declared (yet), or a topic filter. */
export type AddressLookup = (name: string) => AddressSpec | undefined;

export type SqlCheck = (sql: string, lookup: AddressLookup) => SqlChecked;

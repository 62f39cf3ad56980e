/** What goes wrong while rows are computed: where it is noted, and how it is told. */
import type { Span } from '@millrace/sql';

/** Spark's error conditions, as far as a running job can raise them; the last two are this engine's own. */
export type ErrorCondition =
  | 'ARITHMETIC_OVERFLOW'
  | 'CANNOT_PARSE_TIMESTAMP'
  | 'CAST_INVALID_INPUT'
  | 'CAST_OVERFLOW'
  | 'DATETIME_OVERFLOW'
  | 'DIVIDE_BY_ZERO'
  | 'INVALID_INDEX_OF_ZERO'
  | 'INVALID_PARAMETER_VALUE'
  | 'NULL_MAP_KEY'
  | 'DUPLICATED_MAP_KEY'
  | 'NUMERIC_VALUE_OUT_OF_RANGE'
  | 'REMAINDER_BY_ZERO'
  | 'INVALID_OUTPUT'
  | 'STATE_LIMIT_EXCEEDED';

/** Thrown by a function for one row. Never leaves the engine: it becomes a mark in `RowErrors`. */
export class RowError extends Error {
  override readonly name = 'RowError';
  readonly condition: ErrorCondition;

  constructor(condition: ErrorCondition, message: string) {
    super(message);
    this.condition = condition;
  }
}

/** Why a job stops. `row` is an example of a row that failed, as JSON text. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly condition: ErrorCondition;
  readonly span: Span | undefined;
  readonly row: string | undefined;

  constructor(
    condition: ErrorCondition,
    message: string,
    where: { readonly span?: Span | undefined; readonly row?: string | undefined } = {},
  ) {
    super(`[${condition}] ${message}`);
    this.condition = condition;
    this.span = where.span;
    this.row = where.row;
  }
}

/** A place in an expression that can fail. The text is made only when it is told. */
export interface ErrorSite {
  readonly condition: ErrorCondition;
  readonly span: Span;
  describe(row: number): string;
}

/**
 * The rows of one batch that failed, each with the first place that failed it. Rows are computed as whole columns, so a
 * branch that is not taken is computed too: who guards a branch collects its errors apart and keeps those of taken rows.
 */
export class RowErrors {
  /** Rows marked, in no particular order. */
  readonly rows: number[] = [];
  private readonly sites: ErrorSite[] = [];
  private readonly marked = new Set<number>();

  get count(): number {
    return this.rows.length;
  }

  reset(): void {
    if (this.rows.length === 0) return;
    this.rows.length = 0;
    this.sites.length = 0;
    this.marked.clear();
  }

  has(row: number): boolean {
    return this.marked.has(row);
  }

  mark(row: number, site: ErrorSite): void {
    if (this.marked.has(row)) return;
    this.marked.add(row);
    this.rows.push(row);
    this.sites.push(site);
  }

  /** Takes over the errors of rows for which `taken[row]` is 1; undefined: of all. */
  takeFrom(guarded: RowErrors, taken: Uint8Array | undefined): void {
    for (let index = 0; index < guarded.rows.length; index++) {
      const row = guarded.rows[index]!;
      if (taken === undefined || taken[row] === 1) this.mark(row, guarded.sites[index]!);
    }
  }

  /** The failed row that came first, with its place. */
  first(): { readonly row: number; readonly site: ErrorSite } | undefined {
    let best = -1;
    for (let index = 0; index < this.rows.length; index++)
      if (best === -1 || this.rows[index]! < this.rows[best]!) best = index;
    return best === -1 ? undefined : { row: this.rows[best]!, site: this.sites[best]! };
  }
}

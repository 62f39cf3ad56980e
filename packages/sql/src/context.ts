import { type Diagnostic, type DiagnosticCode, diagnose } from './diagnostic.js';
import { childrenOf } from './expression-tools.js';
import { LIMITS } from './limits.js';
import type { DataType, Expression, SourceSchema, Span } from './plan.js';

/** What the caller knows beside the text. */

export interface CatalogueColumn {
  readonly name: string;
  readonly type: DataType;
  /** Default: true. */
  readonly nullable?: boolean;
}

export interface Catalogue {
  /** Columns that an address' schema adds to a message's own, by the name of the address or topic filter. Default: none. */
  readonly columns?: Readonly<Record<string, readonly CatalogueColumn[]>>;
  /** Every declared address. With it a source that is neither in it nor a topic filter is refused. Default: not known. */
  readonly addresses?: readonly string[];
  /** What else is known of the addresses that `columns` names. Default: nothing. */
  readonly schemas?: Readonly<Record<string, CatalogueSchema>>;
}

export interface CatalogueSchema {
  /** How a body becomes the columns. Default: not known, and whoever runs the job has to know. */
  readonly format?: SourceSchema['format'];
  /** The event time of a window over this column without WATERMARK in the text. Default: none. */
  readonly eventTime?: { readonly column: string; readonly delayUs: number };
}

export interface CheckOptions {
  /** Default: message columns only. */
  readonly catalogue?: Catalogue;
}

/** One check: collects diagnostics and counts what the statement may use up. */
export class CheckContext {
  readonly sql: string;
  readonly catalogue: Catalogue;
  readonly diagnostics: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #expressions = 0;
  #depth = 0;

  constructor(sql: string, catalogue: Catalogue) {
    this.sql = sql;
    this.catalogue = catalogue;
  }

  /** Says the same thing about the same place once, however often an alias is written out. */
  report(code: DiagnosticCode, span: Span, text: readonly [string, string?]): undefined {
    const key = `${code} ${span.start} ${span.end} ${text[0]}`;
    if (this.#seen.has(key) || this.diagnostics.length >= LIMITS.diagnosticsMax) return undefined;
    this.#seen.add(key);
    this.diagnostics.push(diagnose(this.sql, code, span, text));
    return undefined;
  }

  /** Counts one expression node; false, with a diagnostic, beyond the bound. */
  spend(span: Span): boolean {
    if (++this.#expressions <= LIMITS.expressionsMax) return true;
    this.report('TOO_LARGE', span, [
      `the statement has more than ${LIMITS.expressionsMax} expressions, aliases written out`,
      'split it into several jobs',
    ]);
    return false;
  }

  /** One level of an expression; an alias that is written out is inside the expression that names it. */
  deeper<Result>(span: Span, check: () => Result): Result | undefined {
    if (this.#depth >= LIMITS.expressionDepthMax) {
      return this.report('TOO_LARGE', span, [
        `the expression is deeper than ${LIMITS.expressionDepthMax} levels, aliases written out`,
        'split it with a subquery in FROM, or use IN for a long list',
      ]);
    }
    this.#depth++;
    const result = check();
    this.#depth--;
    return result;
  }

  /** Counts what stands in the plan a second time, because a rule writes its operand out twice. */
  spendCopy(expression: Expression): boolean {
    return this.spend(expression.span) && childrenOf(expression).every((child) => this.spendCopy(child));
  }

  schemaOf(address: string): CatalogueSchema | undefined {
    const { schemas = {} } = this.catalogue;
    return Object.hasOwn(schemas, address) ? schemas[address] : undefined;
  }

  text(span: Span): string {
    return this.sql.slice(span.start, span.end);
  }
}

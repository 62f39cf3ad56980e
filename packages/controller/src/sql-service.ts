/**
 * SQL for people who write it: what is wrong and what would be right, what may stand at a place, the shape of the result and
 * the plan; nothing is run. The checker is loaded at the first call.
 */
import type { SqlAnalysis, SqlDiagnostic, SqlFix } from '@millrace/contract';
import type { Catalogue, Checked, Completions, JobPlan, QueryPlan, Span } from '@millrace/sql';
import type { Controller } from './controller.js';

type Sql = typeof import('@millrace/sql');
type Tools = Sql & Pick<typeof import('./spark-sql-check.js'), 'catalogueOf'>;
/** Whether an address may be seen by who asks. */
export type CanView = (address: string) => boolean;

const ADDRESSES_MAX = 1000;

export class SqlService {
  readonly #controller: Controller;
  #tools: Promise<Tools> | undefined;

  constructor(controller: Controller) {
    this.#controller = controller;
  }

  async check(sql: string, canView: CanView): Promise<SqlAnalysis> {
    const tools = await this.#load();
    const kind = isJob(sql) ? 'job' : 'query';
    const catalogue = this.#catalogue(tools, canView);
    const checked: Checked<JobPlan | QueryPlan> =
      kind === 'job' ? tools.checkJob(sql, { catalogue }) : tools.checkQuery(sql, { catalogue });
    if (checked.plan === undefined) return { valid: false, kind, diagnostics: checked.diagnostics.map(diagnosticOf) };
    const { plan } = checked;
    const refused = 'target' in plan ? this.#refusals(plan) : [];
    const missing = this.#missing(plan, canView);
    return {
      valid: refused.length === 0,
      kind,
      diagnostics: [...refused, ...missing],
      source: plan.source.address,
      ...('target' in plan ? { target: plan.target } : {}),
      columns: plan.root.output.map(({ name, type, nullable }) => ({ name, type: tools.typeText(type), nullable })),
      plan: tools.explain(plan),
    };
  }

  async complete(sql: string, offset: number, canView: CanView): Promise<Completions> {
    const tools = await this.#load();
    const { columns = {} } = this.#catalogue(tools, canView);
    return tools.completeSql(sql, offset, {
      addresses: this.#controller.names('Address').filter(canView).slice(0, ADDRESSES_MAX),
      columns: (address) => (Object.hasOwn(columns, address) ? columns[address]! : []),
    });
  }

  /** What a preview runs: of a job without its target. @returns the diagnostics of a text that is none */
  async query(sql: string, canView: CanView): Promise<QueryPlan | readonly SqlDiagnostic[]> {
    const tools = await this.#load();
    const checked = tools.checkQuery(sql, { catalogue: this.#catalogue(tools, canView) });
    return checked.plan ?? checked.diagnostics.map(diagnosticOf);
  }

  #load(): Promise<Tools> {
    this.#tools ??= Promise.all([import('@millrace/sql'), import('./spark-sql-check.js')]).then(
      ([sql, { catalogueOf }]) => ({ ...sql, catalogueOf }),
    );
    return this.#tools;
  }

  /** The columns of an address are its document's: who may not see that may not see them. */
  #catalogue({ catalogueOf }: Tools, canView: CanView): Catalogue {
    return catalogueOf(new Map([...this.#controller.schemas].filter(([address]) => canView(address))));
  }

  #refusals(plan: JobPlan): readonly SqlDiagnostic[] {
    return this.#controller.processing.admit(plan).map(({ message, start, end }) => ({
      code: 'NOT_SUPPORTED',
      severity: 'error',
      message,
      span: { start, end },
      ...placeOf(plan.sql, start),
      fixes: [],
    }));
  }

  /** A job waits for addresses that are not there: no fault, and worth knowing. */
  #missing(plan: JobPlan | QueryPlan, canView: CanView): readonly SqlDiagnostic[] {
    const names = 'target' in plan ? [plan.source.address, plan.target] : [plan.source.address];
    return names
      .filter((name) => !/[+#]/.test(name) && canView(name) && this.#controller.declared('Address', name) === undefined)
      .map((name) => {
        const start = Math.max(0, plan.sql.indexOf(name));
        return {
          code: 'UNDECLARED_ADDRESS',
          severity: 'warning',
          message: `there is no address ${name} yet: the job waits until it is declared`,
          span: { start, end: start + name.length },
          ...placeOf(plan.sql, start),
          fixes: [],
        };
      });
  }
}

function isJob(sql: string): boolean {
  return /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*insert\b/i.test(sql.slice(0, 10_000));
}

function placeOf(sql: string, offset: number): { readonly line: number; readonly column: number } {
  const before = sql.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

interface Found {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly span: Span;
  readonly line: number;
  readonly column: number;
}

function diagnosticOf({ hint, ...found }: Found): SqlDiagnostic {
  return { ...found, severity: 'error', fixes: hint === '' ? [] : [fixOf(hint, found.span)] };
}

/** What a hint names as the right word takes the place of the wrong one. */
function fixOf(hint: string, span: Span): SqlFix {
  const [, text] = /^did you mean (\S+)\?$/.exec(hint) ?? /^write (`[^`]+`)$/.exec(hint) ?? [];
  return text === undefined ? { title: hint } : { title: hint, edit: { span, text } };
}

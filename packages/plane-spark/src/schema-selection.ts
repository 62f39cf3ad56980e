/**
 * The columns of an address' schema as Spark reads them out of bodies. A message is judged by what the job reads of it, as on
 * the embedded engine: JSON is asked for those columns and no others, and CSV, where a value is known by where it stands,
 * takes the rest as text.
 *
 * Mode FAILFAST: what is no row of the schema ends the query. Spark knows no other place for it.
 */
import type { JobPlan } from '@millrace/sql';
import { typeofText } from '@millrace/sql';

export interface SchemaSelection {
  /** An expression that makes one column of the body, a struct. */
  readonly decoded: string;
  /** All columns of before, and that struct's own. */
  readonly columns: readonly string[];
}

const STRUCT = '_millrace_body';

export function schemaSelection({ schema, output }: JobPlan['source']): SchemaSelection | undefined {
  if (schema === undefined) return undefined;
  const read = schema.columns.filter(({ name }) => output.some((field) => field.name === name));
  if (read.length === 0) return undefined;
  const decoded = schema.format === 'csv' ? schema.columns : read;
  const typeOf = (column: (typeof read)[number]): string =>
    read.includes(column) ? typeofText(column.type) : 'string';
  const types = decoded.map((column) => `${quoted(column.name)} ${typeOf(column)}`).join(', ');
  const options = "map('mode', 'FAILFAST')";
  return {
    decoded: `from_${schema.format}(nullif(body, ''), '${types.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}', ${options}) AS ${STRUCT}`,
    columns: [`* EXCEPT (${STRUCT})`, ...read.map(({ name }) => `${STRUCT}.${quoted(name)} AS ${quoted(name)}`)],
  };
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

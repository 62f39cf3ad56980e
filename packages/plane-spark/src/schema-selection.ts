/**
 * The columns of an address' schema as Spark reads them out of bodies. JSON is asked for the columns that the job reads and
 * no others, so that a message is judged by what is read of it, as on the embedded engine; CSV needs all of them, since a
 * value is known by where it stands.
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
  const types = decoded.map(({ name, type }) => `${quoted(name)} ${typeofText(type)}`).join(', ');
  const options = "map('mode', 'FAILFAST')";
  return {
    decoded: `from_${schema.format}(nullif(body, ''), '${types.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}', ${options}) AS ${STRUCT}`,
    columns: [`* EXCEPT (${STRUCT})`, ...read.map(({ name }) => `${STRUCT}.${quoted(name)} AS ${quoted(name)}`)],
  };
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

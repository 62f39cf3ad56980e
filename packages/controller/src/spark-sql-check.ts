/** The checker of @millrace/sql, with the schemas of addresses as its catalogue. */
import type { MessageSchema } from '@millrace/contract';
import { type Catalogue, type CatalogueColumn, checkJob, parseDataType } from '@millrace/sql';
import type { AddressSchemas, SqlCheck } from './sql-check.js';

export const sparkSqlCheck: SqlCheck = (sql, schemas) => {
  const { plan, diagnostics } = checkJob(sql, { catalogue: catalogueOf(schemas) });
  return plan === undefined ? { ok: false, faults: diagnostics } : { ok: true, plan };
};

export function catalogueOf(schemas: AddressSchemas): Catalogue {
  const columns = [...schemas].map(([address, schema]) => [address, schemaColumns(schema)] as const);
  return { columns: Object.fromEntries(columns) };
}

/** A type that SQL does not know, such as DECIMAL(99), leaves its column out: a text that reads it is told so. */
function schemaColumns({ columns }: MessageSchema): readonly CatalogueColumn[] {
  return (columns ?? []).flatMap(({ name, type }) => {
    const dataType = parseDataType(type);
    return dataType === undefined ? [] : [{ name, type: dataType }];
  });
}

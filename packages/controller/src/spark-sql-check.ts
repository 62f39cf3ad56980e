/** The checker of @millrace/sql, with the schemas of addresses as its catalogue. */
import type { MessageSchema } from '@millrace/contract';
import { type Catalogue, type CatalogueColumn, type CatalogueSchema, checkJob, parseDataType } from '@millrace/sql';
import type { AddressSchemas, SqlCheck } from './sql-check.js';

export const sparkSqlCheck: SqlCheck = (sql, schemas) => {
  const { plan, diagnostics } = checkJob(sql, { catalogue: catalogueOf(schemas) });
  return plan === undefined ? { ok: false, faults: diagnostics } : { ok: true, plan };
};

export function catalogueOf(schemas: AddressSchemas): Catalogue {
  const columns = [...schemas].map(([address, schema]) => [address, schemaColumns(schema)] as const);
  const rest = [...schemas].map(([address, schema]) => [address, catalogueSchema(schema)] as const);
  return { columns: Object.fromEntries(columns), schemas: Object.fromEntries(rest) };
}

const MICROSECONDS = 1000;

function catalogueSchema({ format, columns = [], eventTime, watermark = 0 }: MessageSchema): CatalogueSchema {
  // A column that is left out would make the next one stand in its place.
  const isWhole = columns.every(({ type }) => parseDataType(type) !== undefined);
  return {
    ...((format === 'json' || format === 'csv') && isWhole ? { format } : {}),
    ...(eventTime === undefined ? {} : { eventTime: { column: eventTime, delayUs: watermark * MICROSECONDS } }),
  };
}

/** A type that SQL does not know, such as DECIMAL(99), leaves its column out: a text that reads it is told so. */
function schemaColumns({ columns }: MessageSchema): readonly CatalogueColumn[] {
  return (columns ?? []).flatMap(({ name, type }) => {
    const dataType = parseDataType(type);
    return dataType === undefined ? [] : [{ name, type: dataType }];
  });
}

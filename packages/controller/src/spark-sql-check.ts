/** The checker of @millrace/sql, with the schemas of addresses as its catalogue. */
import type { MessageSchema } from '@millrace/contract';
import { type CatalogueColumn, checkJob, type DataType } from '@millrace/sql';
import type { AddressSchemas, SqlCheck } from './sql-check.js';

/** Spark's, where DECIMAL has none of its own. */
const DECIMAL_PRECISION = 10;

export const sparkSqlCheck: SqlCheck = (sql, schemas) => {
  const { plan, diagnostics } = checkJob(sql, { catalogue: { columns: columnsOf(schemas) } });
  return plan === undefined ? { ok: false, faults: diagnostics } : { ok: true, plan };
};

function columnsOf(schemas: AddressSchemas): Readonly<Record<string, readonly CatalogueColumn[]>> {
  const entries = [...schemas].map(([address, schema]) => [address, schemaColumns(schema)] as const);
  return Object.fromEntries(entries);
}

function schemaColumns({ columns }: MessageSchema): readonly CatalogueColumn[] {
  return (columns ?? []).map(({ name, type }) => ({ name, type: dataTypeOf(type) }));
}

/** The contract has let through only what is written here. */
function dataTypeOf(text: string): DataType {
  const [, name = '', precision, scale] = /^(\w+)(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(text.toUpperCase()) ?? [];
  if (name !== 'DECIMAL') return { name } as DataType;
  return { name, precision: Number(precision ?? DECIMAL_PRECISION), scale: Number(scale ?? 0) };
}

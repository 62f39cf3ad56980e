import { Int32, Table, tableToIPC, vectorFromArray } from 'apache-arrow';

/** An Arrow IPC stream with the one column `id`. */
export function rowsAsArrow(ids: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(tableToIPC(new Table({ id: vectorFromArray([...ids], new Int32()) }), 'stream'));
}

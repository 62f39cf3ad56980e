/**
 * Bytes kept under a kind and a key, or that they are gone. Of one key the highest version holds, in whatever order the
 * records come: a value may be moved within the journal while a transaction that is to replace it is under way.
 *
 *     kept        0  version f64
 *                 8  kind         u16 length, UTF-8
 *                    key          u16 length, UTF-8
 *                    value        to the end of the record
 *     forgotten   the same without a value
 *     state       as kept, of a kind that begins with $state
 */
import type { LateRecord, RecordPlace } from './late-record.js';
import type { RecordReader } from './record-reader.js';
import { NOWHERE, RecordType } from './record-type.js';
import { type RecordWriter, textBytesMax } from './record-writer.js';

export class KeyedRecord implements LateRecord {
  readonly kind: string;
  readonly key: string;
  version = 0;
  /** Undefined: gone. */
  bytes: Uint8Array | undefined = undefined;
  superseded = false;
  replaces: RecordPlace[] | undefined = undefined;
  takenBackBy: ReadonlySet<LateRecord> | undefined = undefined;
  position = NOWHERE;
  length = 0;

  constructor(kind: string, key: string) {
    this.kind = kind;
    this.key = key;
  }

  write(writer: RecordWriter) {
    if (this.superseded) return undefined;
    const { kind, key, bytes } = this;
    writer.begin(8 + textBytesMax(kind) + textBytesMax(key) + (bytes?.length ?? 0));
    writer.f64(this.version);
    writer.text(kind);
    writer.text(key);
    if (bytes === undefined) return { type: RecordType.forgotten, lives: false };
    writer.copy(bytes, 0, bytes.length);
    return { type: isState(kind) ? RecordType.state : RecordType.kept, lives: true };
  }
}

/** Kind under which the states of jobs are kept, and beginning of such kinds. */
export const STATE_KIND = '$state';

export function isState(kind: string): boolean {
  return kind.startsWith(STATE_KIND);
}

/** Kind, key and version; the reader then stands at the value. */
export function readKeyed(reader: RecordReader): KeyedRecord {
  const version = reader.f64();
  const kind = reader.text();
  const record = new KeyedRecord(kind, reader.text());
  record.version = version;
  return record;
}

/** The records in a backup, read as anybody would: its segments laid out, and gone through batch for batch. */
import { BackupReader } from '../../src/index.js';
import { SegmentWalk } from '../../src/segment-walk.js';
import { decode, type Entry } from './ledger.js';

export class CopiedRecords {
  private readonly reader = new BackupReader();
  private readonly segments = new Map<number, Buffer[]>();

  take(chunk: Uint8Array): void {
    for (const { bytes, segment } of this.reader.take(chunk)) {
      const parts = this.segments.get(segment) ?? [];
      parts.push(Buffer.from(bytes));
      this.segments.set(segment, parts);
    }
  }

  finish(): Entry[] {
    const { records } = this.reader.finish();
    const { seed } = this.reader.header!;
    const entries: Entry[] = [];
    let last: SegmentWalk['last'];
    for (const [segment, parts] of this.segments) {
      const bytes = Buffer.concat(parts);
      const walk = new SegmentWalk({ bytes, end: bytes.length, segment, seed }, last);
      while (walk.next()) {
        const cursor = walk.records(0);
        while (cursor.next()) {
          const { end, start, type } = cursor.view;
          entries.push({ ...decode(type, bytes, start, end), position: 0 });
        }
      }
      if (walk.offset !== bytes.length) throw new Error(`segment ${segment} is longer than its log`);
      last = walk.last;
    }
    if (records !== entries.length) throw new Error(`the backup counts ${records} records of ${entries.length}`);
    return entries;
  }
}

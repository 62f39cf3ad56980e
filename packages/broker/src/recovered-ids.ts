/** The windows of duplicates while the journal is read: blocks by number, whatever order their records come in. */
import { type IdBlock, readIdBlock, readIdsGone } from './log/id-block.js';
import type { RecordReader } from './log/record-reader.js';

export class RecoveredIds {
  /** Highest number that any record names. */
  lastNumber = 0;
  private readonly byNumber = new Map<number, IdBlock>();
  private readonly useless: (position: number, length: number) => void;

  /** @param useless hears of each record that is not needed */
  constructor(useless: (position: number, length: number) => void) {
    this.useless = useless;
  }

  replayBlock(reader: RecordReader, position: number, length: number): void {
    const block = readIdBlock(reader);
    block.position = position;
    block.length = length;
    const before = this.byNumber.get(block.number);
    if (before !== undefined) this.useless(before.position, before.length);
    this.byNumber.set(block.number, block);
    this.lastNumber = Math.max(this.lastNumber, block.number);
  }

  replayGone(reader: RecordReader): void {
    const { address, number } = readIdsGone(reader);
    this.lastNumber = Math.max(this.lastNumber, number);
    for (const block of this.byNumber.values()) {
      if (block.address !== address || block.number > number) continue;
      this.useless(block.position, block.length);
      this.byNumber.delete(block.number);
    }
  }

  /** In the order in which they came to be. */
  blocks(): IdBlock[] {
    return [...this.byNumber.values()].sort((a, b) => a.number - b.number);
  }

  clear(): void {
    this.byNumber.clear();
  }
}

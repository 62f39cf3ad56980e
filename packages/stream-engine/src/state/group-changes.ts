/** Which groups of a pane have taken in rows since that was last asked: each once, however many rows there were. */
import { grown } from '../aggregate/accumulator.js';

export class GroupChanges {
  private marks = new Uint8Array(0);
  private groups = new Int32Array(0);
  private size = 0;

  get count(): number {
    return this.size;
  }

  /**
   * The rows from..to went into these groups.
   *
   * @param groups undefined: all into group 0
   * @param groupCount groups that the pane has now
   */
  note(groups: Int32Array | undefined, from: number, to: number, groupCount: number): void {
    if (this.marks.length < groupCount) {
      this.marks = grown(this.marks, groupCount);
      this.groups = grown(this.groups, groupCount);
    }
    const { marks } = this;
    const list = this.groups;
    let { size } = this;
    if (groups === undefined) {
      if (marks[0] === 0) {
        marks[0] = 1;
        list[size++] = 0;
      }
    } else {
      for (let row = from; row < to; row++) {
        const group = groups[row]!;
        if (marks[group] === 1) continue;
        marks[group] = 1;
        list[size++] = group;
      }
    }
    this.size = size;
  }

  /** Their numbers, rising. Valid until the next `note`. */
  take(): Int32Array {
    const taken = this.groups.subarray(0, this.size).sort();
    for (let index = 0; index < taken.length; index++) this.marks[taken[index]!] = 0;
    this.size = 0;
    return taken;
  }
}

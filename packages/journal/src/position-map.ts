/**
 * Where positions lie. A position counts the bytes of batches since the journal was opened, so that it is known when a
 * record is appended, and rises whatever becomes of the batch; which segment the batch goes to is settled when it is
 * committed. Mostly one run of positions a segment; one more for each failure.
 */
export class PositionMap {
  private readonly starts: number[] = [];
  private readonly segments: number[] = [];
  private readonly offsets: number[] = [];
  /** Where the last search ended: records are given up much in the order they came. */
  private recent = 0;

  /** From this position on, bytes lie in this segment from this offset on. Positions rise from call to call. */
  add(position: number, segment: number, offset: number): void {
    const last = this.starts.length - 1;
    if (last >= 0 && this.segments[last] === segment) {
      if (segment === 0 || this.offsets[last]! - this.starts[last]! === offset - position) return;
    }
    this.starts.push(position);
    this.segments.push(segment);
    this.offsets.push(offset);
  }

  /** Positions from here on came to nothing. */
  withdraw(position: number): void {
    let length = this.starts.length;
    while (length > 0 && this.starts[length - 1]! >= position) length--;
    this.starts.length = length;
    this.segments.length = length;
    this.offsets.length = length;
    this.recent = Math.min(this.recent, Math.max(0, length - 1));
    this.add(position, 0, 0);
  }

  /** @returns 0 when nothing lies there */
  segmentOf(position: number): number {
    const index = this.find(position);
    return index < 0 ? 0 : this.segments[index]!;
  }

  /** Offset in the segment that `segmentOf` names. */
  offsetOf(position: number): number {
    const index = this.find(position);
    return index < 0 ? 0 : this.offsets[index]! + position - this.starts[index]!;
  }

  /** Position up to which bytes follow each other on disk as their positions do. */
  reach(position: number): number {
    const index = this.find(position);
    return index < 0 ? position : (this.starts[index + 1] ?? Number.POSITIVE_INFINITY);
  }

  /** The position of what lies there. @returns 0 when nothing does */
  positionAt(segment: number, offset: number): number {
    for (let index = this.starts.length - 1; index >= 0; index--) {
      const within = offset - this.offsets[index]!;
      if (this.segments[index] === segment && within >= 0) return this.starts[index]! + within;
    }
    return 0;
  }

  /** Segments before this one are gone. */
  dropBefore(segment: number): void {
    let count = 0;
    while (count < this.segments.length - 1 && this.segments[count]! < segment) count++;
    if (count === 0) return;
    this.starts.splice(0, count);
    this.segments.splice(0, count);
    this.offsets.splice(0, count);
    this.recent = Math.max(0, this.recent - count);
  }

  private find(position: number): number {
    const { starts } = this;
    const { recent } = this;
    if (recent < starts.length && starts[recent]! <= position) {
      if (recent + 1 >= starts.length || starts[recent + 1]! > position) return recent;
    }
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= position) low = middle + 1;
      else high = middle;
    }
    if (low > 0) this.recent = low - 1;
    return low - 1;
  }
}

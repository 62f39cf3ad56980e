/**
 * How many stores hold a record, where that is more than one and their messages are not all in memory: messages count
 * their holders themselves until one of those is paged out. Four bytes a record:
 *
 *     bucket: 1 MiB of positions     words, by offset:  offset in the bucket << 12 | holders
 */
const BUCKET_BYTES = 2 ** 20;
const COUNT_BITS = 12;
const COUNT_MASK = 2 ** COUNT_BITS - 1;
/** As a count: more than fit, they are counted in a map. */
const MANY = COUNT_MASK;
const FIRST_WORDS = 16;

/** `Message.recordHolders` of a message that is counted here. */
export const COUNTED_APART = 0x3fff_ffff;

class Bucket {
  words = new Uint32Array(FIRST_WORDS);
  length = 0;

  /** Where this offset stands, or where it would stand. */
  find(offset: number): number {
    const { words } = this;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[middle]! >>> COUNT_BITS < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  holds(at: number, offset: number): boolean {
    return at < this.length && this.words[at]! >>> COUNT_BITS === offset;
  }

  insert(at: number, word: number): void {
    if (this.length === this.words.length) {
      const words = new Uint32Array(this.length * 2);
      words.set(this.words);
      this.words = words;
    }
    this.words.copyWithin(at + 1, at, this.length);
    this.words[at] = word;
    this.length++;
  }

  remove(at: number): void {
    this.words.copyWithin(at, at + 1, this.length);
    this.length--;
  }
}

export class SharedRecords {
  private readonly buckets = new Map<number, Bucket>();
  private readonly many = new Map<number, number>();

  /** @returns 0 when it is not counted here */
  holders(position: number): number {
    const bucket = this.buckets.get(Math.floor(position / BUCKET_BYTES));
    if (bucket === undefined) return 0;
    const offset = position % BUCKET_BYTES;
    const at = bucket.find(offset);
    const count = bucket.holds(at, offset) ? bucket.words[at]! & COUNT_MASK : 0;
    return count === MANY ? this.many.get(position)! : count;
  }

  /** Counts a record that is not counted here yet. */
  add(position: number, holders: number): void {
    const number = Math.floor(position / BUCKET_BYTES);
    const offset = position % BUCKET_BYTES;
    let bucket = this.buckets.get(number);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.buckets.set(number, bucket);
    }
    const count = Math.min(holders, MANY);
    if (count === MANY) this.many.set(position, holders);
    bucket.insert(bucket.find(offset), ((offset << COUNT_BITS) | count) >>> 0);
  }

  /** One holder less. @returns how many are left; 0 when it was not counted here */
  giveUp(position: number): number {
    const bucket = this.buckets.get(Math.floor(position / BUCKET_BYTES));
    if (bucket === undefined) return 0;
    const offset = position % BUCKET_BYTES;
    const at = bucket.find(offset);
    if (!bucket.holds(at, offset)) return 0;
    const count = bucket.words[at]! & COUNT_MASK;
    const left = (count === MANY ? this.many.get(position)! : count) - 1;
    if (left >= MANY) this.many.set(position, left);
    else if (left > 0) {
      if (count === MANY) this.many.delete(position);
      bucket.words[at] = bucket.words[at]! - count + left;
    } else this.removeAt(position, bucket, at);
    return left;
  }

  /** The record lies elsewhere now. */
  move(from: number, to: number): void {
    const holders = this.holders(from);
    if (holders === 0) return;
    const bucket = this.buckets.get(Math.floor(from / BUCKET_BYTES))!;
    this.removeAt(from, bucket, bucket.find(from % BUCKET_BYTES));
    this.add(to, holders);
  }

  private removeAt(position: number, bucket: Bucket, at: number): void {
    this.many.delete(position);
    bucket.remove(at);
    if (bucket.length === 0) this.buckets.delete(Math.floor(position / BUCKET_BYTES));
  }
}

/**
 * What was found out about the names of a dictionary, kept from batch to batch: a source brings the same array each time,
 * and names are only ever added to it.
 */
export class NameMemo {
  private names: readonly string[] | undefined;
  private answers = new Int8Array(0);

  /** One entry a name: 0 or 1 as answered before, -1 not yet. The caller fills in what it finds out. */
  of(names: readonly string[]): Int8Array {
    if (this.names === names && this.answers.length >= names.length) return this.answers;
    const answers = new Int8Array(Math.max(16, names.length * 2)).fill(-1);
    if (this.names === names) answers.set(this.answers);
    this.names = names;
    this.answers = answers;
    return answers;
  }
}

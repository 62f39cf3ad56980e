/** count(*), count(x) and count_if(x): which rows count is decided before, so all three count what is included. */
import type { GroupRun, StateReader, StateWriter } from '../state-bytes.js';
import { type Longs, Result, type Vector } from '../vector.js';
import { type Accumulator, grown, type Rows } from './accumulator.js';

export class CountAccumulator implements Accumulator {
  private counts = new Float64Array(0);

  reserve(groups: number): void {
    this.counts = grown(this.counts, groups);
  }

  update(_argument: Vector | undefined, rows: Rows): void {
    const { from, to, groups, include } = rows;
    const { counts } = this;
    if (groups === undefined) {
      let count = to - from;
      if (include !== undefined) {
        count = 0;
        for (let row = from; row < to; row++) count += include[row]!;
      }
      counts[0]! += count;
    } else if (include === undefined) {
      for (let row = from; row < to; row++) counts[groups[row]!]!++;
    } else {
      for (let row = from; row < to; row++) counts[groups[row]!]! += include[row]!;
    }
  }

  merge(other: CountAccumulator, from: number, to: number): void {
    this.counts[to]! += other.counts[from]!;
  }

  result(groups: number): Vector {
    const vector = new Result<Longs>('longs').begin(groups);
    for (let group = 0; group < groups; group++) vector.values[group] = BigInt(this.counts[group]!);
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.counts, run);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.counts, run);
  }
}

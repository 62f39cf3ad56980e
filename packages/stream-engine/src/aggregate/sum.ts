/**
 * sum and avg. Sums of whole numbers are exact however many rows there are and in whatever order they come: only a result
 * that does not fit BIGINT is an error, not one on the way to it. Sums of DOUBLE add in the order of arrival.
 */
import type { DataType } from '@millrace/sql';
import { divideRounded, fits } from '../expression/decimal.js';
import { type GroupRun, StateError, type StateReader, type StateWriter } from '../state-bytes.js';
import { type Doubles, type Ints, type Longs, Result, type Values, type Vector } from '../vector.js';
import { type Accumulator, grown, type ResultErrors, type Rows } from './accumulator.js';

/** Below this a row of INT can be added without losing a digit. */
const EXACT = 2 ** 52;

/** sum(INT): numbers as long as they are exact, what goes beyond is moved to a bigint. */
export class IntSumAccumulator implements Accumulator {
  private sums = new Float64Array(0);
  private counts = new Float64Array(0);
  private readonly spilled = new Map<number, bigint>();

  reserve(groups: number): void {
    this.sums = grown(this.sums, groups);
    this.counts = grown(this.counts, groups);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { values } = argument as Ints;
    const { from, to, groups, include } = rows;
    const { sums, counts } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      const sum = sums[group]! + values[row]!;
      sums[group] = sum;
      counts[group]!++;
      if (sum > EXACT || sum < -EXACT) this.spill(group);
    }
  }

  merge(other: IntSumAccumulator, from: number, to: number): void {
    this.sums[to]! += other.sums[from]!;
    this.counts[to]! += other.counts[from]!;
    const wide = other.spilled.get(from);
    if (wide !== undefined) this.spilled.set(to, (this.spilled.get(to) ?? 0n) + wide);
    if (Math.abs(this.sums[to]!) > EXACT) this.spill(to);
  }

  result(groups: number, errors: ResultErrors): Vector {
    const result = new Result<Longs>('longs');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      if (this.counts[group] === 0) result.setNull(group);
      else storeLong(result, group, BigInt(this.sums[group]!) + (this.spilled.get(group) ?? 0n), errors);
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.sums, run);
    state.column(this.counts, run);
    const { spilled } = this;
    const at = state.length;
    state.unsigned(0);
    if (spilled.size === 0) return;
    let count = 0;
    for (let index = run.from; index < run.to; index++) {
      const wide = spilled.get(run.groups[index]!);
      if (wide === undefined) continue;
      count++;
      state.unsigned(index - run.from);
      state.text(wide.toString());
    }
    state.patch(at, count);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.sums, run);
    state.column(this.counts, run);
    // What was spilled is never taken back, so that the groups without an entry had none before.
    for (let left = state.unsigned(); left > 0; left--) {
      const index = run.from + state.unsigned();
      this.spilled.set(groupAt(run, index), BigInt(state.text()));
    }
  }

  private spill(group: number): void {
    this.spilled.set(group, (this.spilled.get(group) ?? 0n) + BigInt(this.sums[group]!));
    this.sums[group] = 0;
  }
}

function groupAt({ groups, to }: GroupRun, index: number): number {
  if (index >= to) throw new StateError('damaged', 'the state has more sums than groups');
  return groups[index]!;
}

function storeLong(result: Result<Longs>, group: number, exact: bigint, errors: ResultErrors): void {
  if (BigInt.asIntN(64, exact) === exact) {
    result.vector.values[group] = exact;
    return;
  }
  result.setNull(group);
  errors.mark(group, 'ARITHMETIC_OVERFLOW', `the sum ${exact} does not fit in BIGINT; cast to DECIMAL or DOUBLE`);
}

/** sum(BIGINT): 64 bits that wrap, and beside them how often they did. */
export class LongSumAccumulator implements Accumulator {
  private sums = new BigInt64Array(0);
  private carries = new Float64Array(0);
  private counts = new Float64Array(0);

  reserve(groups: number): void {
    this.sums = grown(this.sums, groups);
    this.carries = grown(this.carries, groups);
    this.counts = grown(this.counts, groups);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { values } = argument as Longs;
    const { from, to, groups, include } = rows;
    const { sums, counts, carries } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      const left = sums[group]!;
      const right = values[row]!;
      const sum = BigInt.asIntN(64, left + right);
      if (((left ^ sum) & (right ^ sum)) < 0n) carries[group]! += left < 0n ? -1 : 1;
      sums[group] = sum;
      counts[group]!++;
    }
  }

  merge(other: LongSumAccumulator, from: number, to: number): void {
    const left = this.sums[to]!;
    const right = other.sums[from]!;
    const sum = BigInt.asIntN(64, left + right);
    if (((left ^ sum) & (right ^ sum)) < 0n) this.carries[to]! += left < 0n ? -1 : 1;
    this.sums[to] = sum;
    this.carries[to]! += other.carries[from]!;
    this.counts[to]! += other.counts[from]!;
  }

  result(groups: number, errors: ResultErrors): Vector {
    const result = new Result<Longs>('longs');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      if (this.counts[group] === 0) result.setNull(group);
      else storeLong(result, group, this.sums[group]! + (BigInt(this.carries[group]!) << 64n), errors);
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.sums, run);
    state.column(this.carries, run);
    state.column(this.counts, run);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.sums, run);
    state.column(this.carries, run);
    state.column(this.counts, run);
  }
}

/** sum of FLOAT and DOUBLE, and avg of every number but DECIMAL, which Spark too computes in DOUBLE. */
export class DoubleSumAccumulator implements Accumulator {
  private readonly mode: 'sum' | 'avg';
  private sums = new Float64Array(0);
  private counts = new Float64Array(0);

  constructor(mode: 'sum' | 'avg') {
    this.mode = mode;
  }

  reserve(groups: number): void {
    this.sums = grown(this.sums, groups);
    this.counts = grown(this.counts, groups);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    if (argument?.form === 'ints') this.addInts(argument.values, rows);
    else if (argument?.form === 'longs') this.addLongs(argument.values, rows);
    else this.addDoubles((argument as Doubles).values, rows);
  }

  merge(other: DoubleSumAccumulator, from: number, to: number): void {
    this.sums[to]! += other.sums[from]!;
    this.counts[to]! += other.counts[from]!;
  }

  result(groups: number): Vector {
    const result = new Result<Doubles>('doubles');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      const count = this.counts[group]!;
      if (count === 0) result.setNull(group);
      else vector.values[group] = this.mode === 'sum' ? this.sums[group]! : this.sums[group]! / count;
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.sums, run);
    state.column(this.counts, run);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.sums, run);
    state.column(this.counts, run);
  }

  private addInts(values: Int32Array, rows: Rows): void {
    const { from, to, groups, include } = rows;
    const { sums, counts } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      sums[group]! += values[row]!;
      counts[group]!++;
    }
  }

  private addLongs(values: BigInt64Array, rows: Rows): void {
    const { from, to, groups, include } = rows;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      this.sums[group]! += Number(values[row]!);
      this.counts[group]!++;
    }
  }

  private addDoubles(values: Float64Array, rows: Rows): void {
    const { from, to, groups, include } = rows;
    const { sums, counts } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      sums[group]! += values[row]!;
      counts[group]!++;
    }
  }
}

/** sum and avg of DECIMAL: an exact sum; avg is divided to the scale of its type, rounded half up. */
export class DecimalSumAccumulator implements Accumulator {
  private readonly mode: 'sum' | 'avg';
  private readonly from: Extract<DataType, { name: 'DECIMAL' }>;
  private readonly to: Extract<DataType, { name: 'DECIMAL' }>;
  private sums: bigint[] = [];
  private counts = new Float64Array(0);

  constructor(mode: 'sum' | 'avg', from: DataType, to: DataType) {
    if (from.name !== 'DECIMAL' || to.name !== 'DECIMAL') throw new Error('a DECIMAL sum is of DECIMALs');
    this.mode = mode;
    this.from = from;
    this.to = to;
  }

  reserve(groups: number): void {
    this.counts = grown(this.counts, groups);
    while (this.sums.length < groups) this.sums.push(0n);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { values } = argument as Values;
    const { from, to, groups, include } = rows;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      this.sums[group]! += values[row] as bigint;
      this.counts[group]!++;
    }
  }

  merge(other: DecimalSumAccumulator, from: number, to: number): void {
    this.sums[to]! += other.sums[from]!;
    this.counts[to]! += other.counts[from]!;
  }

  result(groups: number, errors: ResultErrors): Vector {
    const result = new Result<Values>('values');
    const vector = result.begin(groups);
    const raise = 10n ** BigInt(Math.max(0, this.to.scale - this.from.scale));
    for (let group = 0; group < groups; group++) {
      const count = this.counts[group]!;
      if (count === 0) {
        result.setNull(group);
        continue;
      }
      const sum = this.sums[group]! * raise;
      const value = this.mode === 'sum' ? sum : divideRounded(sum, BigInt(count));
      vector.values[group] = value;
      if (fits(value, this.to.precision)) continue;
      result.setNull(group);
      errors.mark(group, 'ARITHMETIC_OVERFLOW', `the ${this.mode} does not fit in DECIMAL(${this.to.precision},…)`);
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.counts, run);
    for (let index = run.from; index < run.to; index++) state.text(this.sums[run.groups[index]!]!.toString());
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.counts, run);
    for (let index = run.from; index < run.to; index++) this.sums[run.groups[index]!] = BigInt(state.text());
  }
}

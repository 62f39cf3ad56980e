/** min and max. NaN is greater than any other number; NULLs are skipped; without a row the result is NULL. */
import type { DataType } from '@millrace/sql';
import { compareValues } from '../expression/comparison.js';
import type { GroupRun, StateReader, StateWriter } from '../state-bytes.js';
import {
  type Doubles,
  type Ints,
  type Longs,
  Result,
  readValue,
  type Value,
  type Values,
  type Vector,
} from '../vector.js';
import { type Accumulator, grown, type Rows } from './accumulator.js';
import { KeyWriter, readKeys } from './key-bytes.js';

/** As a key (key-bytes.ts). */
const NULL = Uint8Array.of(0);

export type Direction = 'min' | 'max';

/** Of BOOLEAN and INT, whose values fit 32 bits. */
export class IntExtreme implements Accumulator {
  private readonly isMax: boolean;
  private readonly type: DataType;
  private best = new Int32Array(0);
  private seen = new Uint8Array(0);

  constructor(direction: Direction, type: DataType) {
    this.isMax = direction === 'max';
    this.type = type;
  }

  reserve(groups: number): void {
    this.best = grown(this.best, groups);
    this.seen = grown(this.seen, groups);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { values } = argument as Ints;
    if (rows.groups === undefined) this.updateOne(values, rows);
    else this.updateGroups(values, rows.groups, rows);
  }

  merge(other: IntExtreme, from: number, to: number): void {
    if (other.seen[from] === 1) this.offer(to, other.best[from]!);
  }

  result(groups: number): Vector {
    const result = new Result<Ints>(this.type.name === 'BOOLEAN' ? ('flags' as 'ints') : 'ints');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      if (this.seen[group] === 0) result.setNull(group);
      else vector.values[group] = this.best[group]!;
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.best, run);
    state.column(this.seen, run);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.best, run);
    state.column(this.seen, run);
  }

  private offer(group: number, value: number): void {
    const better = this.isMax ? value > this.best[group]! : value < this.best[group]!;
    if (this.seen[group] === 1 && !better) return;
    this.best[group] = value;
    this.seen[group] = 1;
  }

  private updateOne(values: Int32Array, rows: Rows): void {
    const { from, to, include } = rows;
    const { isMax } = this;
    let best = this.best[0]!;
    let seen = this.seen[0]!;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const value = values[row]!;
      if (seen === 0 || (isMax ? value > best : value < best)) best = value;
      seen = 1;
    }
    this.best[0] = best;
    this.seen[0] = seen;
  }

  private updateGroups(values: Int32Array, groups: Int32Array, rows: Rows): void {
    const { from, to, include } = rows;
    const { isMax, best, seen } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups[row]!;
      const value = values[row]!;
      if (seen[group] === 0 || (isMax ? value > best[group]! : value < best[group]!)) best[group] = value;
      seen[group] = 1;
    }
  }
}

/** Of FLOAT, DOUBLE and TIMESTAMP. */
export class DoubleExtreme implements Accumulator {
  private readonly isMax: boolean;
  private best = new Float64Array(0);
  private seen = new Uint8Array(0);

  constructor(direction: Direction) {
    this.isMax = direction === 'max';
  }

  reserve(groups: number): void {
    this.best = grown(this.best, groups);
    this.seen = grown(this.seen, groups);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { values } = argument as Doubles;
    const { from, to, groups, include } = rows;
    const { best, seen, isMax } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      const value = values[row]!;
      if (seen[group] === 0 || (isMax ? isAbove(value, best[group]!) : isAbove(best[group]!, value)))
        best[group] = value;
      seen[group] = 1;
    }
  }

  merge(other: DoubleExtreme, from: number, to: number): void {
    if (other.seen[from] === 0) return;
    const value = other.best[from]!;
    const best = this.best[to]!;
    if (this.seen[to] === 0 || (this.isMax ? isAbove(value, best) : isAbove(best, value))) this.best[to] = value;
    this.seen[to] = 1;
  }

  result(groups: number): Vector {
    const result = new Result<Doubles>('doubles');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      if (this.seen[group] === 0) result.setNull(group);
      else vector.values[group] = this.best[group]!;
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.best, run);
    state.column(this.seen, run);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.best, run);
    state.column(this.seen, run);
  }
}

function isAbove(left: number, right: number): boolean {
  return left > right || (Number.isNaN(left) && !Number.isNaN(right));
}

/** Of BIGINT. */
export class LongExtreme implements Accumulator {
  private readonly isMax: boolean;
  private best = new BigInt64Array(0);
  private seen = new Uint8Array(0);

  constructor(direction: Direction) {
    this.isMax = direction === 'max';
  }

  reserve(groups: number): void {
    this.best = grown(this.best, groups);
    this.seen = grown(this.seen, groups);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { values } = argument as Longs;
    const { from, to, groups, include } = rows;
    const { best, seen, isMax } = this;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      const group = groups === undefined ? 0 : groups[row]!;
      const value = values[row]!;
      if (seen[group] === 0 || (isMax ? value > best[group]! : value < best[group]!)) best[group] = value;
      seen[group] = 1;
    }
  }

  merge(other: LongExtreme, from: number, to: number): void {
    if (other.seen[from] === 0) return;
    const value = other.best[from]!;
    if (this.seen[to] === 0 || (this.isMax ? value > this.best[to]! : value < this.best[to]!)) this.best[to] = value;
    this.seen[to] = 1;
  }

  result(groups: number): Vector {
    const result = new Result<Longs>('longs');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      if (this.seen[group] === 0) result.setNull(group);
      else vector.values[group] = this.best[group]!;
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    state.column(this.best, run);
    state.column(this.seen, run);
  }

  read(state: StateReader, run: GroupRun): void {
    state.column(this.best, run);
    state.column(this.seen, run);
  }
}

/** Of STRING, BINARY, DECIMAL and WINDOW. */
export class ValueExtreme implements Accumulator {
  private readonly sign: 1 | -1;
  private readonly type: DataType;
  private best: Value[] = [];

  constructor(direction: Direction, type: DataType) {
    this.sign = direction === 'max' ? 1 : -1;
    this.type = type;
  }

  reserve(groups: number): void {
    while (this.best.length < groups) this.best.push(null);
  }

  update(argument: Vector | undefined, rows: Rows): void {
    const { from, to, groups, include } = rows;
    for (let row = from; row < to; row++) {
      if (include !== undefined && include[row] === 0) continue;
      this.offer(groups === undefined ? 0 : groups[row]!, readValue(argument!, this.type, row));
    }
  }

  merge(other: ValueExtreme, from: number, to: number): void {
    this.offer(to, other.best[from]!);
  }

  result(groups: number): Vector {
    const result = new Result<Values>('values');
    const vector = result.begin(groups);
    for (let group = 0; group < groups; group++) {
      if (this.best[group] === null) result.setNull(group);
      else vector.values[group] = this.best[group];
    }
    return vector;
  }

  write(state: StateWriter, run: GroupRun): void {
    const writer = new KeyWriter();
    const column: Values = { form: 'values', values: this.best, nulls: undefined };
    for (let index = run.from; index < run.to; index++) {
      const group = run.groups[index]!;
      if (this.best[group] === null) {
        state.bytes(NULL);
        continue;
      }
      writer.write([column], [this.type], group);
      state.bytes(writer.buffer.subarray(0, writer.length));
    }
  }

  read(state: StateReader, run: GroupRun): void {
    for (let index = run.from; index < run.to; index++) {
      const [column] = readKeys([this.type], state.bytes(), new Int32Array(1), 1);
      this.best[run.groups[index]!] = readValue(column!, this.type, 0);
    }
  }

  private offer(group: number, value: Value): void {
    if (value === null) return;
    const best = this.best[group]!;
    if (best !== null && compareValues(value, best) * this.sign <= 0) return;
    // Bytes of a batch are gone after it.
    this.best[group] = value instanceof Uint8Array ? Uint8Array.prototype.slice.call(value) : value;
  }
}

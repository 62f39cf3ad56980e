/**
 * A stretch of time that belongs to the same windows as a whole: a tumbling window itself, or the greatest common divisor
 * of size and slide. It keeps the groups and what their aggregates have gathered.
 */
import type { AggregateCall, DataType } from '@millrace/sql';
import type { StateReader, StateWriter } from '../state-bytes.js';
import type { Vector } from '../vector.js';
import type { Accumulator, ResultErrors, Rows } from './accumulator.js';
import { GroupTable } from './group-table.js';
import type { KeyWriter } from './key-bytes.js';
import { makeAccumulator } from './make-accumulator.js';

/** What all panes of an operator have in common. */
export interface PaneShape {
  readonly keyTypes: readonly DataType[];
  readonly aggregates: readonly AggregateCall[];
  readonly argumentTypes: readonly (DataType | undefined)[];
  readonly keyWriter: KeyWriter;
}

export class Pane {
  readonly startUs: number;
  private readonly table: GroupTable | undefined;
  private readonly accumulators: readonly Accumulator[];
  private groupCount = 0;

  constructor(shape: PaneShape, startUs: number) {
    this.startUs = startUs;
    this.table = shape.keyTypes.length === 0 ? undefined : new GroupTable(shape.keyTypes, shape.keyWriter);
    this.accumulators = shape.aggregates.map((aggregate, index) =>
      makeAccumulator(aggregate, shape.argumentTypes[index]),
    );
    if (this.table === undefined) this.reserve(1);
  }

  get groups(): number {
    return this.groupCount;
  }

  /** Numbers of the groups of the rows from..to, new ones made. Without grouping columns: undefined, all are group 0. */
  resolve(keys: readonly Vector[], from: number, to: number, scratch: Int32Array): Int32Array | undefined {
    if (this.table === undefined) return undefined;
    this.table.resolve(keys, from, to, scratch);
    if (this.table.size > this.groupCount) this.reserve(this.table.size);
    return scratch;
  }

  update(aggregate: number, argument: Vector | undefined, rows: Rows): void {
    this.accumulators[aggregate]!.update(argument, rows);
  }

  /** Takes in everything that another pane of the same shape has gathered. */
  merge(other: Pane): void {
    for (let from = 0; from < other.groupCount; from++) {
      const to = this.table === undefined ? 0 : this.table.adopt(other.table!, from);
      if (to >= this.groupCount) this.reserve(to + 1);
      for (let index = 0; index < this.accumulators.length; index++)
        this.accumulators[index]!.merge(other.accumulators[index]!, from, to);
    }
  }

  keys(): readonly Vector[] {
    return this.table?.keys() ?? [];
  }

  result(aggregate: number, errors: ResultErrors): Vector {
    return this.accumulators[aggregate]!.result(this.groupCount, errors);
  }

  write(state: StateWriter): void {
    state.double(this.startUs);
    this.table?.write(state);
    for (const accumulator of this.accumulators) accumulator.write(state, this.groupCount);
  }

  /** Reads what `write` wrote after the start. */
  read(state: StateReader): void {
    if (this.table !== undefined) {
      this.table.read(state);
      this.reserve(this.table.size);
    }
    for (const accumulator of this.accumulators) accumulator.read(state, this.groupCount);
  }

  private reserve(groups: number): void {
    this.groupCount = groups;
    for (const accumulator of this.accumulators) accumulator.reserve(groups);
  }
}

/**
 * A stretch of time that belongs to the same windows as a whole: a tumbling window itself, or the greatest common divisor
 * of size and slide. It keeps the groups and what their aggregates have gathered.
 */
import type { AggregateCall, DataType } from '@millrace/sql';
import { type GroupRun, StateError, type StateReader, type StateWriter } from '../state-bytes.js';
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

  /** Writes the keys of the groups from..to; none without grouping columns. */
  writeKeys(state: StateWriter, from: number, to: number): void {
    this.table?.write(state, from, to);
  }

  /** Reads the keys of the next `count` groups. */
  readKeys(state: StateReader, count: number): void {
    if (this.table === undefined) {
      if (count > 1) throw new StateError('damaged', 'a pane without grouping columns has several groups');
      return;
    }
    this.table.read(state, count);
    this.reserve(this.table.size);
  }

  writeValues(state: StateWriter, run: GroupRun): void {
    for (const accumulator of this.accumulators) accumulator.write(state, run);
  }

  readValues(state: StateReader, run: GroupRun): void {
    for (const accumulator of this.accumulators) accumulator.read(state, run);
  }

  /** Makes room in a pane that is empty, so that nothing is moved while its groups are read. */
  expect(groups: number): void {
    if (this.table === undefined) return;
    this.table.reserve(groups);
    for (const accumulator of this.accumulators) accumulator.reserve(groups);
  }

  private reserve(groups: number): void {
    this.groupCount = groups;
    for (const accumulator of this.accumulators) accumulator.reserve(groups);
  }
}

/**
 * What an aggregate keeps for the groups of one pane: arrays by the number of the group. Every accumulator can take in
 * another one of its kind, so that sliding windows are put together from panes.
 */
import type { ErrorCondition } from '../errors.js';
import type { GroupRun, StateReader, StateWriter } from '../state-bytes.js';
import { capacityFor, type Vector } from '../vector.js';

/** The rows to take in. */
export interface Rows {
  readonly from: number;
  readonly to: number;
  /** Number of the group of each row. Undefined: one group, number 0. */
  readonly groups: Int32Array | undefined;
  /** One byte a row, 1 = counts. Undefined: all do. */
  readonly include: Uint8Array | undefined;
}

export interface ResultErrors {
  mark(group: number, condition: ErrorCondition, message: string): void;
}

export interface Accumulator {
  /** Makes room for that many groups, new ones empty. */
  reserve(groups: number): void;
  /** Takes in rows. The argument is undefined for counts, which only look at `include`. */
  update(argument: Vector | undefined, rows: Rows): void;
  /** Takes in group `from` of another accumulator of the same aggregate. */
  merge(other: Accumulator, from: number, to: number): void;
  /** The results of the first `groups` groups. */
  result(groups: number, errors: ResultErrors): Vector;
  /** Writes what it keeps for these groups. */
  write(state: StateWriter, run: GroupRun): void;
  /** Puts what `write` wrote in the place of what it has for as many groups, for which there is room. */
  read(state: StateReader, run: GroupRun): void;
}

type Growing = Int32Array | Float64Array | BigInt64Array | Uint8Array;

/** The same array, or a longer copy with room for `count`. */
export function grown<T extends Growing>(array: T, count: number): T {
  if (array.length >= count) return array;
  const larger = new (array.constructor as new (length: number) => T)(capacityFor(count));
  larger.set(array as never);
  return larger;
}

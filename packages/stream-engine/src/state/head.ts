/**
 * What a job's state is of, and where it stands: the record `head`, written with every commit.
 *
 *     magic "MRJS" · version · SHA-256 of the shape, with its length          4 + 4 + 4 + 32
 *     commit · first change record that is needed                             f64 each
 *     change records from there on · panes · groups in all · groups a piece   u32 each
 *     watermark over `time` (ms) · rows in, out, late, failed                 f64 each
 *     what each operator keeps: watermarks (µs)                               f64 each
 *
 * The shape is the kind of time, windows, groups and aggregates. A job whose text was edited elsewhere (its SELECT list,
 * WHERE, HAVING, the delay of its WATERMARK) goes on with the state it has. The version is that of all records.
 */
import { createHash } from 'node:crypto';
import type { JobPlan, PlanNode } from '@millrace/sql';
import type { Counters } from '../operator/operator.js';
import { StateError, type StateReader, type StateWriter } from '../state-bytes.js';

/** "MRJS" as it is read little-endian. */
const MAGIC = 0x534a524d;
const VERSION = 1;

/** What the records beside the head must add up to. */
export interface StateTotals {
  /** Number of the commit that wrote the head; the first is 1. */
  readonly commit: number;
  /** Older change records are not needed any more. */
  readonly firstChange: number;
  readonly changeRecords: number;
  readonly panes: number;
  readonly groups: number;
  /** Groups of one piece at most: where one ends and the next begins. */
  readonly pieceGroups: number;
}

export interface JobFigures {
  readonly reachedMs: number;
  readonly counters: Counters;
}

export function writeHead(state: StateWriter, shape: Uint8Array, totals: StateTotals, figures: JobFigures): void {
  state.unsigned(MAGIC);
  state.unsigned(VERSION);
  state.bytes(shape);
  state.double(totals.commit);
  state.double(totals.firstChange);
  state.unsigned(totals.changeRecords);
  state.unsigned(totals.panes);
  state.unsigned(totals.groups);
  state.unsigned(totals.pieceGroups);
  const { rowsIn, rowsOut, rowsLate, rowsFailed } = figures.counters;
  for (const number of [figures.reachedMs, rowsIn, rowsOut, rowsLate, rowsFailed]) state.double(number);
}

/** @throws StateError */
export function readHead(state: StateReader, shape: Uint8Array): StateTotals & JobFigures {
  if (state.unsigned() !== MAGIC) throw new StateError('damaged', 'these bytes are no state of a job');
  const version = state.unsigned();
  if (version !== VERSION) {
    const message = `the state has format version ${version}, this engine reads version ${VERSION}`;
    throw new StateError('version', message);
  }
  if (!state.bytes().equals(shape))
    throw new StateError('other', 'the state is of other windows, groups or aggregates than the job has now');
  return {
    commit: state.double(),
    firstChange: state.double(),
    changeRecords: state.unsigned(),
    panes: state.unsigned(),
    groups: state.unsigned(),
    pieceGroups: state.unsigned(),
    reachedMs: state.double(),
    counters: {
      rowsIn: state.double(),
      rowsOut: state.double(),
      rowsLate: state.double(),
      rowsFailed: state.double(),
    },
  };
}

/** The same for two plans whose state means the same, wherever their columns stand and their text comes from. */
export function stateShape(plan: JobPlan): Uint8Array {
  const aggregates: unknown[] = [];
  for (let node: PlanNode = plan.root; node.kind !== 'source'; node = node.input)
    if (node.kind === 'aggregate') aggregates.push([node.window, node.groups, node.aggregates]);
  const time = plan.watermark === undefined ? 'time' : 'event time';
  return createHash('sha256')
    .update(JSON.stringify([time, aggregates], withoutPlace))
    .digest();
}

function withoutPlace(name: string, value: unknown): unknown {
  if (name === 'span' || name === 'index') return undefined;
  return typeof value === 'bigint' ? `${value}n` : value;
}

/**
 * The head of a snapshot:
 *
 *     magic "MRJS" (4) · version (4) · SHA-256 of the shape, with its length (4 + 32)
 *
 * The shape is what the state is of: the kind of time, windows, groups and aggregates. A job whose text was edited
 * elsewhere (its SELECT list, WHERE, HAVING, the delay of its WATERMARK) goes on with the state it has.
 */
import { createHash } from 'node:crypto';
import type { JobPlan, PlanNode } from '@millrace/sql';
import { StateError, type StateReader, type StateWriter } from './state-bytes.js';

/** "MRJS" as it is read little-endian. */
const MAGIC = 0x534a524d;
const VERSION = 1;

export function writeHeader(state: StateWriter, shape: Uint8Array): void {
  state.unsigned(MAGIC);
  state.unsigned(VERSION);
  state.bytes(shape);
}

/** @throws StateError */
export function readHeader(state: StateReader, shape: Uint8Array): void {
  if (state.unsigned() !== MAGIC) throw new StateError('these bytes are no state of a job');
  const version = state.unsigned();
  if (version !== VERSION)
    throw new StateError(`the state has format version ${version}, this engine reads version ${VERSION}`);
  if (!state.bytes().equals(shape))
    throw new StateError('the state is of other windows, groups or aggregates than the job has now');
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

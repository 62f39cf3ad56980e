/**
 * What a journal was given, and what it must therefore have after a crash: each record of each accepted batch, in order,
 * from some record on before which nothing is needed; after the accepted ones perhaps the first of those that were not
 * reported, each as a whole; and nothing else.
 *
 * Records are `put` (a key has this version now) and `remove` (a key is not there any more).
 */
export const PUT = 1;
export const REMOVE = 2;

const HEAD = 16;

export interface Entry {
  readonly id: number;
  readonly type: typeof PUT | typeof REMOVE;
  readonly key: number;
  readonly version: number;
  readonly size: number;
  position: number;
}

export interface Batch {
  readonly entries: Entry[];
  outcome: 'open' | 'accepted' | 'doubtful';
  /** Batches with the same number were reported together. */
  report: number;
}

/** The bytes of an entry: they tell all of it, and are right to the last one. */
export function encode({ id, key, size, version }: Entry): Buffer {
  const bytes = Buffer.alloc(size, id % 251);
  bytes.writeUInt32LE(id, 0);
  bytes.writeUInt32LE(key, 4);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(size, 12);
  return bytes;
}

export function decode(type: number, bytes: Uint8Array, start: number, end: number): Omit<Entry, 'position'> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  const id = view.readUInt32LE(0);
  const size = view.readUInt32LE(12);
  if (size !== view.length) throw new Error(`record ${id} has ${view.length} bytes, not ${size}`);
  for (let at = HEAD; at < size; at++) if (view[at] !== id % 251) throw new Error(`record ${id} has other bytes`);
  if (type !== PUT && type !== REMOVE) throw new Error(`record ${id} is of type ${type}`);
  return { id, type, key: view.readUInt32LE(4), version: view.readUInt32LE(8), size };
}

export const ENTRY_BYTES_MIN = HEAD;

export class Ledger {
  /** All since the store was made, but for those that the journal said it refused. */
  private batches: Batch[] = [];
  private recoveries = 0;

  add(batch: Batch): void {
    this.batches.push(batch);
  }

  refused(batch: Batch): void {
    this.batches.splice(this.batches.indexOf(batch), 1);
  }

  /**
   * Compares it with what was replayed, and takes that for what was accepted from now on.
   * @param rotten one bit was wrong: the last write may then look as if it had been torn
   */
  check(replayed: readonly Entry[], rotten: boolean): void {
    const all = this.batches.flatMap(({ entries }) => entries);
    const from = replayed.length === 0 ? all.length : all.findIndex(({ id }) => id === replayed[0]!.id);
    if (from < 0) throw new Error(`record ${replayed[0]!.id} was never accepted`);
    let end = from;
    for (const entry of replayed) {
      const expected = all[end++];
      if (expected === undefined) throw new Error(`record ${entry.id} was never accepted`);
      if (expected.id !== entry.id) throw new Error(`record ${entry.id} stands where ${expected.id} should`);
      if (expected.type !== entry.type) throw new Error(`record ${entry.id} is of type ${entry.type}`);
    }
    if (replayed.length === 0) end = this.endWithNothing(rotten);
    this.keep(end, rotten);
    sameState(fold(all.slice(0, end)), fold(replayed));
    this.takeOver(end);
  }

  /** @returns what compares a copy of the log, made whenever, with what is accepted now */
  acceptedSoFar(): (copied: readonly Entry[]) => void {
    const all = this.batches.filter(({ outcome }) => outcome === 'accepted').flatMap(({ entries }) => entries);
    return (copied) => {
      const from = copied.length === 0 ? all.length : all.findIndex(({ id }) => id === copied[0]!.id);
      const expected = from < 0 ? [] : all.slice(from);
      for (let at = 0; at < Math.max(copied.length, expected.length); at++) {
        if (copied[at]?.id !== expected[at]?.id) {
          throw new Error(`record ${copied[at]?.id} stands where ${expected[at]?.id} should`);
        }
      }
      sameState(fold(all), fold(copied));
    };
  }

  /** What was not reported went in one write. */
  private takeOver(end: number): void {
    this.recoveries++;
    let at = 0;
    this.batches = this.batches.filter((batch) => {
      at += batch.entries.length;
      if (batch.outcome !== 'accepted') batch.report = -this.recoveries;
      batch.outcome = 'accepted';
      return at <= end;
    });
  }

  private endWithNothing(rotten: boolean): number {
    let end = 0;
    let kept = 0;
    const last = this.lastReport();
    for (const { entries, outcome, report } of this.batches) {
      end += entries.length;
      if (outcome === 'accepted' && !(rotten && report === last)) kept = end;
    }
    return kept;
  }

  private lastReport(): number | undefined {
    return this.batches.findLast(({ outcome }) => outcome === 'accepted')?.report;
  }

  /** What is there ends with a batch, and no accepted one is behind that. */
  private keep(end: number, rotten: boolean): void {
    const last = this.lastReport();
    let at = 0;
    for (const { entries, outcome, report } of this.batches) {
      at += entries.length;
      if (at <= end) continue;
      if (at - entries.length < end) throw new Error(`a batch is there in part, up to record ${entries[0]!.id}…`);
      if (outcome === 'accepted' && entries.length > 0 && !(rotten && report === last)) {
        throw new Error(`record ${entries[0]!.id} was accepted and is not there`);
      }
    }
  }
}

/** Which version each key has. */
function fold(entries: readonly Entry[]): Map<number, number> {
  const state = new Map<number, number>();
  for (const { key, type, version } of entries) {
    if (type === PUT) state.set(key, version);
    else state.delete(key);
  }
  return state;
}

function sameState(expected: Map<number, number>, found: Map<number, number>): void {
  for (const [key, version] of expected) {
    if (found.get(key) !== version) throw new Error(`key ${key} has version ${found.get(key)}, not ${version}`);
  }
  for (const [key, version] of found) {
    if (!expected.has(key)) throw new Error(`key ${key} came back, with version ${version}`);
  }
}

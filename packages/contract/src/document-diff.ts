/** What differs between two documents of one name: labels and spec, as far down as they are objects. */
import type { Labels } from './envelope.js';
import { pointerOf } from './problem.js';

export interface DocumentChange {
  /** JSON pointer into the document. */
  readonly pointer: string;
  /** Absent: it was not there. */
  readonly before?: unknown;
  /** Absent: it is there no longer. */
  readonly after?: unknown;
}

interface Declared {
  readonly metadata: { readonly labels: Labels };
  readonly spec: object;
}

/** In the order of the keys. @param before undefined: it is created, and all of it is new */
export function documentChanges(before: Declared | undefined, after: Declared): readonly DocumentChange[] {
  const changes: DocumentChange[] = [];
  compare(before?.metadata.labels ?? {}, after.metadata.labels, ['metadata', 'labels'], changes);
  compare(before?.spec ?? {}, after.spec, ['spec'], changes);
  return changes;
}

function compare(before: object, after: object, path: readonly string[], changes: DocumentChange[]): void {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const key of [...keys].sort()) {
    const old: unknown = Object.hasOwn(before, key) ? before[key as keyof typeof before] : undefined;
    const now: unknown = Object.hasOwn(after, key) ? after[key as keyof typeof after] : undefined;
    if (isObject(old) && isObject(now)) compare(old, now, [...path, key], changes);
    else if (JSON.stringify(old) !== JSON.stringify(now)) {
      changes.push({
        pointer: pointerOf([...path, key]),
        ...(old === undefined ? {} : { before: old }),
        ...(now === undefined ? {} : { after: now }),
      });
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A metric as data: what it is called, and how its samples are read from a snapshot. The documentation is made from it. */
import type { Snapshot } from './sources.js';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** `noun_unit`, and `_total` for what only rises. */
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (snapshot: Snapshot) => Iterable<Sample>;
}

export function gauge(name: string, help: string, read: (snapshot: Snapshot) => number | undefined): Metric {
  return { name, kind: 'gauge', help, labels: [], read: one(read) };
}

export function counter(name: string, help: string, read: (snapshot: Snapshot) => number | undefined): Metric {
  return { name, kind: 'counter', help, labels: [], read: one(read) };
}

/** What is not known has no sample: 0 would be a lie. */
function one(read: (snapshot: Snapshot) => number | undefined): Metric['read'] {
  return (snapshot) => {
    const value = read(snapshot);
    return value === undefined ? [] : [{ labels: {}, value }];
  };
}

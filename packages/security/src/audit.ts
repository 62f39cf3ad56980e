/** Who did what, from where, and what came of it: one record each, for people who must find out later. */
import type { Clock } from './clock.js';

export interface AuditRecord {
  /** `login`: somebody says who they are. `refusal`: a right was missing. `change`: of documents, messages, connections. */
  readonly event: 'login' | 'refusal' | 'change';
  readonly outcome: 'success' | 'failure';
  readonly user: string;
  readonly protocol?: string | undefined;
  readonly host?: string | undefined;
  /** How a login was tried. */
  readonly mechanism?: string | undefined;
  readonly verb?: string | undefined;
  readonly address?: string | undefined;
  /** What was asked for: method and path, or the like. */
  readonly action?: string | undefined;
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
}

/** Takes one line of JSON, without its end. Must not throw. */
export type AuditSink = (line: string) => void;

/** Records of one kind: this many in a row, and this many a second in the long run. */
const BURST = 1_000;
const PER_SECOND = 100;
const TEXT_LENGTH_MAX = 256;

interface Bucket {
  tokens: number;
  filledAt: number;
  dropped: number;
}

/**
 * JSON lines at a bounded rate. Each kind of record has its own bound, so a flood of failed logins hides no change of a
 * document; what was left out is counted in the next line of that kind.
 */
export class AuditLog {
  private readonly sink: AuditSink | undefined;
  private readonly clock: Clock;
  private readonly buckets = new Map<string, Bucket>();

  constructor(sink: AuditSink | undefined, clock: Clock) {
    this.sink = sink;
    this.clock = clock;
  }

  write(record: AuditRecord): void {
    const { sink } = this;
    if (sink === undefined) return;
    const bucket = this.bucketOf(`${record.event} ${record.outcome}`);
    if (bucket.tokens < 1) {
      bucket.dropped += 1;
      return;
    }
    bucket.tokens -= 1;
    const time = new Date(this.clock.now()).toISOString();
    const dropped = bucket.dropped === 0 ? {} : { dropped: bucket.dropped };
    bucket.dropped = 0;
    sink(JSON.stringify({ time, ...record, ...dropped }, bounded));
  }

  private bucketOf(kind: string): Bucket {
    const now = this.clock.now();
    let bucket = this.buckets.get(kind);
    if (bucket === undefined) {
      bucket = { tokens: BURST, filledAt: now, dropped: 0 };
      this.buckets.set(kind, bucket);
    }
    bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.filledAt) / 1000) * PER_SECOND);
    bucket.filledAt = now;
    return bucket;
  }
}

/** What clients call themselves may be long. */
function bounded(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > TEXT_LENGTH_MAX
    ? `${value.slice(0, TEXT_LENGTH_MAX - 1)}…`
    : value;
}

/** Spark's reports of batches as the numbers of a job's status. Pure. */
import type { StreamingQueryProgress } from '@millrace/spark-connect';
import { aggregationOf, type JobPlan } from '@millrace/sql';

export interface SourceState {
  /** Whether there was a connection with the broker since the run began. */
  readonly wasConnected: boolean;
  /** Why there is no connection with the broker; undefined when there is one. */
  readonly problem: string | undefined;
  /** Whether `time` is when the broker accepted a message, or when it arrived at Spark. */
  readonly timeIs: 'accepted' | 'arrived' | undefined;
}

const NOTHING_KNOWN: SourceState = { wasConnected: false, problem: undefined, timeIs: undefined };

/** Since this process has looked at the job: a report says what one batch did, and Spark keeps the last few only. */
export class ProgressCounts {
  rowsIn = 0;
  rowsOut = 0;
  rowsLate = 0;
  backlog = 0;
  stateRows = 0;
  watermarkMs: number | undefined;
  source: SourceState = NOTHING_KNOWN;
  /** The newest batch that is counted, of `runId`. */
  lastBatch = -1;
  #runId = '';
  #newestEventMs: number | undefined;
  /** Heartbeats that the source wrote and no batch has read yet: they are rows to Spark, and none to the user. */
  #beatsUnread = 0;
  #beatsTotal: number | undefined;

  /** A run that was begun by us has had no batch yet; one that was found again has reports which nobody counted. */
  follow(runId: string): void {
    if (runId === this.#runId) return;
    this.#runId = runId;
    this.lastBatch = -1;
    this.#beatsTotal = undefined;
    this.#beatsUnread = 0;
    this.source = NOTHING_KNOWN;
  }

  /** @param reports oldest first; those that were counted are passed over */
  add(reports: readonly StreamingQueryProgress[]): void {
    for (const report of reports) {
      if (report.runId !== this.#runId) continue;
      // A query that waits reports too, under the number that its next batch will have.
      if (report.batchId > this.lastBatch && 'addBatch' in report.durationMs) {
        this.#count(report);
        this.lastBatch = report.batchId;
      }
      this.#show(report);
    }
  }

  #count(report: StreamingQueryProgress): void {
    const beats = Number(report.sources[0]?.metrics.heartbeatsTotal ?? 0);
    if (this.#beatsTotal !== undefined) this.#beatsUnread += Math.max(0, beats - this.#beatsTotal);
    // The first report of a run is of its first batch, or of one we have not seen the ones before of.
    else this.#beatsUnread = report.batchId === 0 ? beats : 0;
    this.#beatsTotal = beats;
    const beatsRead = Math.min(this.#beatsUnread, report.numInputRows);
    this.#beatsUnread -= beatsRead;
    this.rowsIn += report.numInputRows - beatsRead;
    this.rowsOut += Math.max(0, report.sink.numOutputRows);
    for (const { numRowsDroppedByWatermark } of report.stateOperators) this.rowsLate += numRowsDroppedByWatermark;
  }

  #show(report: StreamingQueryProgress): void {
    const metrics = report.sources[0]?.metrics ?? {};
    const problem = metrics.connectedTo === '' ? (metrics.problem ?? 'there is no connection') : undefined;
    const { timeIs } = metrics;
    const wasConnected = Number(metrics.connectionsTotal ?? 0) > 0;
    this.source = { wasConnected, problem, timeIs: timeIs === 'accepted' || timeIs === 'arrived' ? timeIs : undefined };
    this.backlog = Number(metrics.rowsWaiting ?? 0);
    this.stateRows = report.stateOperators.reduce((sum, { numRowsTotal }) => sum + numRowsTotal, 0);
    const watermarkMs = Date.parse(report.eventTime.watermark ?? '');
    // Before the first row Spark has the epoch.
    if (watermarkMs > 0) this.watermarkMs = watermarkMs;
    const newestMs = Date.parse(report.eventTime.max ?? '');
    if (!Number.isNaN(newestMs)) this.#newestEventMs = Math.max(newestMs, this.#newestEventMs ?? newestMs);
  }

  /** At most: Spark counts groups, not windows. A group that only a heartbeat opened is one of them. */
  openWindows(plan: JobPlan): number {
    const aggregation = aggregationOf(plan);
    if (aggregation === undefined || this.stateRows === 0) return 0;
    if (aggregation.groups.length === 0 || this.watermarkMs === undefined) return this.stateRows;
    const { sizeUs, slideUs } = aggregation.window;
    const reachMs = (this.#newestEventMs ?? this.watermarkMs) - this.watermarkMs + sizeUs / 1000;
    return Math.min(this.stateRows, Math.max(1, Math.ceil(reachMs / (slideUs / 1000))));
  }
}

import { SparkClientError } from '../errors.js';

/** What one batch of a streaming query did, as Spark reports it. Rates are rows a second. */
export interface StreamingQueryProgress {
  readonly id: string;
  readonly runId: string;
  readonly name: string | null;
  /** When the batch began, ISO 8601. */
  readonly timestamp: string;
  readonly batchId: number;
  readonly batchDuration: number;
  readonly numInputRows: number;
  readonly inputRowsPerSecond: number;
  readonly processedRowsPerSecond: number;
  /** Milliseconds by the step of the batch: `addBatch`, `triggerExecution` and so on. */
  readonly durationMs: Readonly<Record<string, number>>;
  /** ISO 8601: `watermark`, and `min`, `max`, `avg` of the event times in the batch. Empty without a watermark. */
  readonly eventTime: Readonly<Record<string, string>>;
  readonly stateOperators: readonly StateOperatorProgress[];
  readonly sources: readonly SourceProgress[];
  readonly sink: SinkProgress;
  readonly observedMetrics: Readonly<Record<string, unknown>>;
}

export interface SourceProgress {
  readonly description: string;
  /** Offsets in the source's own form. */
  readonly startOffset: unknown;
  readonly endOffset: unknown;
  readonly latestOffset: unknown;
  readonly numInputRows: number;
  readonly inputRowsPerSecond: number;
  readonly processedRowsPerSecond: number;
  /** What the source adds of its own. */
  readonly metrics: Readonly<Record<string, string>>;
}

export interface SinkProgress {
  readonly description: string;
  /** -1 if the sink does not count. */
  readonly numOutputRows: number;
  readonly metrics: Readonly<Record<string, string>>;
}

export interface StateOperatorProgress {
  readonly operatorName: string;
  readonly numRowsTotal: number;
  readonly numRowsUpdated: number;
  readonly numRowsRemoved: number;
  readonly numRowsDroppedByWatermark: number;
  readonly memoryUsedBytes: number;
  readonly customMetrics: Readonly<Record<string, number>>;
}

type Fields = Readonly<Record<string, unknown>>;

function toFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Spark writes rates that are not numbers (0 rows in 0 seconds) as null, or leaves them out. */
function toNumber(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function toList(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(toFields) : [];
}

function toSource(source: Fields): SourceProgress {
  return {
    description: toText(source.description),
    startOffset: source.startOffset ?? null,
    endOffset: source.endOffset ?? null,
    latestOffset: source.latestOffset ?? null,
    numInputRows: toNumber(source.numInputRows),
    inputRowsPerSecond: toNumber(source.inputRowsPerSecond),
    processedRowsPerSecond: toNumber(source.processedRowsPerSecond),
    metrics: toFields(source.metrics) as Record<string, string>,
  };
}

function toStateOperator(operator: Fields): StateOperatorProgress {
  return {
    operatorName: toText(operator.operatorName),
    numRowsTotal: toNumber(operator.numRowsTotal),
    numRowsUpdated: toNumber(operator.numRowsUpdated),
    numRowsRemoved: toNumber(operator.numRowsRemoved),
    numRowsDroppedByWatermark: toNumber(operator.numRowsDroppedByWatermark),
    memoryUsedBytes: toNumber(operator.memoryUsedBytes),
    customMetrics: toFields(operator.customMetrics) as Record<string, number>,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Reads the JSON of one report. Totals that the server leaves out are the sum over the sources. */
export function parseProgress(json: string): StreamingQueryProgress {
  let report: Fields;
  try {
    report = toFields(JSON.parse(json));
  } catch (cause) {
    throw new SparkClientError('the progress of the query is not JSON', { cause });
  }
  const sources = toList(report.sources).map(toSource);
  const sink = toFields(report.sink);
  return {
    id: toText(report.id),
    runId: toText(report.runId),
    name: typeof report.name === 'string' ? report.name : null,
    timestamp: toText(report.timestamp),
    batchId: toNumber(report.batchId),
    batchDuration: toNumber(report.batchDuration),
    numInputRows: toNumber(report.numInputRows, sum(sources.map((source) => source.numInputRows))),
    inputRowsPerSecond: toNumber(report.inputRowsPerSecond, sum(sources.map((source) => source.inputRowsPerSecond))),
    processedRowsPerSecond: toNumber(
      report.processedRowsPerSecond,
      sum(sources.map((source) => source.processedRowsPerSecond)),
    ),
    durationMs: toFields(report.durationMs) as Record<string, number>,
    eventTime: toFields(report.eventTime) as Record<string, string>,
    stateOperators: toList(report.stateOperators).map(toStateOperator),
    sources,
    sink: {
      description: toText(sink.description),
      numOutputRows: toNumber(sink.numOutputRows, -1),
      metrics: toFields(sink.metrics) as Record<string, string>,
    },
    observedMetrics: toFields(report.observedMetrics),
  };
}

export { ResultBatch } from './arrow/result-batch.js';
export type { Artifact } from './artifacts.js';
export { type ConnectionSettings, parseConnectionString } from './connection-string.js';
export { DataFrame, type DeduplicateOptions, type ShowOptions, type TempViewOptions } from './data-frame.js';
export type { DataFrameReader } from './data-frame-reader.js';
export type { DataFrameWriter } from './data-frame-writer.js';
export {
  type AnySparkError,
  type ErrorContext,
  type Span,
  SparkClientError,
  SparkConnectionError,
  SparkError,
  type StatusName,
} from './errors.js';
export type { OperationProgress, StageProgress } from './operation-progress.js';
export type { OperationTags } from './operation-tags.js';
export type { OptionValue } from './option-values.js';
export { DEFAULT_RETRY_POLICY, type RetryClock, type RetryPolicy } from './retry-policy.js';
export type { ConfigValue, RuntimeConfig } from './runtime-config.js';
export { type SessionOptions, SparkSession, type SqlArguments } from './session.js';
export type { OperationOptions } from './session-context.js';
export type { DataStreamWriter } from './streaming/data-stream-writer.js';
export type {
  SinkProgress,
  SourceProgress,
  StateOperatorProgress,
  StreamingQueryProgress,
} from './streaming/progress.js';
export type { StreamingQueryEvent } from './streaming/query-event.js';
export type { StreamingQuery, StreamingQueryIdentity, StreamingQueryStatus } from './streaming/streaming-query.js';
export type { StreamingQueryManager } from './streaming/streaming-query-manager.js';
export type { OutputMode, Trigger } from './streaming/trigger.js';
export type { TlsOptions } from './transport.js';
export {
  type ArrayType,
  type DataType,
  type MapType,
  type StructField,
  type StructType,
  schemaText,
  typeText,
} from './types/data-type.js';
export { type LiteralValue, literal } from './values/literal.js';
export {
  CalendarInterval,
  DayTimeInterval,
  LocalTimestamp,
  Timestamp,
  YearMonthInterval,
} from './values/time.js';
export type { Row, Value } from './values/value.js';

export { settingsTable } from './configuration/reference.js';
export {
  type ConfigurationFault,
  type ConfigurationSources,
  describeConfigurationFault,
  describeOrigin,
  type Origin,
  type Resolved,
  resolveConfiguration,
} from './configuration/resolve.js';
export type { Configuration } from './configuration/schema.js';
export { serverOptionsOf } from './configuration/server-options.js';
export { changedSettings, SETTINGS, type Setting, valueAt, variableOf } from './configuration/settings.js';
export { ExposureError, exposureOf } from './exposure.js';
export { type Log, type LogDetails, type LogFormat, type LogLevel, openLog, type ServerLog } from './log/log.js';
export type { SeriesLimits } from './metrics/series-limits.js';
export type { ServerOptions } from './options.js';
export type { LiveOptions, RunningServer } from './running-server.js';
export { startServer } from './server.js';

/** The tables of docs/reference/metrics.md. */
export async function metricsTables(): Promise<string> {
  return (await import('./metrics/reference.js')).metricsTables();
}
export type { SecurityOptions } from './access/create-access.js';
export { HTTP_DEFAULTS, type HttpLimits } from './http/start-http.js';
export type { SparkProcessing } from './spark-processing.js';
export { TlsFileError, type TlsOptions } from './tls/tls-options.js';
export type { TransportObservation } from './transport-observation.js';

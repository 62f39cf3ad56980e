export type { SecurityOptions } from './access/create-access.js';
export { HTTP_DEFAULTS, type HttpLimits } from './http/start-http.js';
export { ExposureError, type RunningServer, type ServerOptions, startServer } from './server.js';
export type { SparkProcessing } from './spark-processing.js';
export { TlsFileError, type TlsOptions } from './tls/tls-options.js';
export type { TransportObservation } from './transport-observation.js';

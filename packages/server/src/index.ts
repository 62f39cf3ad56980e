export {
  ExposureError,
  type RunningServer,
  type ServerOptions,
  type SparkProcessing,
  startServer,
} from './server.js';

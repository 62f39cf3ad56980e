export type { SecurityOptions } from './access/create-access.js';
export { ExposureError, type RunningServer, type ServerOptions, startServer } from './server.js';

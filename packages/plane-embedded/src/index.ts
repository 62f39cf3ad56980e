export type { AmqpService, ServiceRequest, ServiceResponse } from './amqp/amqp-service.js';
export { EmbeddedPlane, type EmbeddedPlaneOptions } from './embedded-plane.js';
export type { ListenerFigures, PlaneFigures } from './plane-figures.js';
export { openStore, type Store, type StoreOptions } from './store.js';

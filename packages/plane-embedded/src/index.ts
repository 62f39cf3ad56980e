export type { AmqpService, ServiceRequest, ServiceResponse } from './amqp/amqp-service.js';
export { EmbeddedPlane, type EmbeddedPlaneOptions, type ListenerView, type TlsListening } from './embedded-plane.js';
export { type AdoptedStream, ListenerCounters } from './listener.js';
export type { ListenerFigures, PlaneFigures } from './plane-figures.js';
export { openStore, type Store, type StoreOptions } from './store.js';
export { clientCertificateIn, hasForeignCertificate, type TlsTerms } from './tls-entrance.js';
export { TRANSPORT_DEFAULTS, type TransportLimits } from './transport-limits.js';

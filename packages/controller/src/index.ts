export { type AddressRequest, type AddressResponse, AddressService } from './address-service.js';
export type { DocumentEvent, DocumentListener } from './change-feed.js';
export {
  Controller,
  type ControllerOptions,
  type DocumentByKind,
  type JobEnds,
  type WriteResult,
} from './controller.js';
export {
  type DocumentStore,
  MemoryDocumentStore,
  type StoreChange,
  type StoredAddress,
  type StoredByKind,
  type StoredDocument,
  type StoredJob,
  type StoredUser,
} from './document-store.js';
export type { WriteOptions } from './document-writer.js';
export { AddressMessages } from './messages.js';
export type * from './ports/message-access.js';
export {
  type AddressObservation,
  type ConnectionObservation,
  type Endpoint,
  type LinkObservation,
  type MessageToSend,
  type MessagingCapabilities,
  type MessagingPlane,
  PlaneRefusal,
  type ReadableMessage,
} from './ports/messaging-plane.js';
export type * from './ports/processing-plane.js';
export {
  type AddressSchemas,
  type LoadSqlCheck,
  loadSparkSqlCheck,
  type SqlCheck,
  type SqlChecked,
  type SqlFault,
} from './sql-check.js';
export { SYSTEM_TIMERS, type Timers } from './timers.js';
export * from './v3-addresses.js';

export { type AddressRequest, type AddressResponse, AddressService } from './address-service.js';
export type { JobEnds } from './admission.js';
export type { DocumentChangeNote, DocumentEvent, DocumentListener } from './change-feed.js';
export {
  Controller,
  type ControllerOptions,
  type DocumentByKind,
  type WriteResult,
} from './controller.js';
export { type ApplyOptions, applyDocuments } from './document-sets.js';
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
export type { PreparedChange, WriteOptions } from './document-writer.js';
export type { TransferOptions } from './message-transfer.js';
export { AddressMessages } from './messages.js';
export { type Operation, type OperationKind, type OperationState, Operations } from './operations.js';
export type * from './ports/message-access.js';
export {
  type AddressFigures,
  type AddressObservation,
  type ConnectionObservation,
  type Endpoint,
  type LinkObservation,
  type MessageMove,
  type MessageToSend,
  type MessagingCapabilities,
  type MessagingPlane,
  PlaneRefusal,
  type ReadableMessage,
  type SubscriptionObservation,
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
export { type CanView, SqlService } from './sql-service.js';
export { SYSTEM_TIMERS, type Timers } from './timers.js';
export * from './v3-addresses.js';

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

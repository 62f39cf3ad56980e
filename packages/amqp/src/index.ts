export { AmqpError, Condition, type ErrorScope } from './amqp-error.js';
export { AmqpConnection, type ConnectOptions, connect } from './client/amqp-connection.js';
export { AmqpReceiver, ReceivedMessage, type ReceiverOptions } from './client/receiver.js';
export { AmqpSender, type SenderOptions } from './client/sender.js';
export { Decoder } from './codec/decoder.js';
export { Encoder } from './codec/encoder.js';
export {
  AmqpArray,
  AmqpSymbol,
  type AmqpValue,
  Decimal,
  Described,
  type Fields,
  type PrimitiveType,
  symbol,
  Typed,
  Uuid,
} from './codec/values.js';
export { Connection, type ConnectionState } from './engine/connection.js';
export { ConnectionHandler } from './engine/connection-handler.js';
export type { ConnectionBounds, ConnectionOptions } from './engine/connection-options.js';
export type { IncomingDelivery } from './engine/incoming-delivery.js';
export type { AttachOptions, DetachOptions, Link, LinkState } from './engine/link.js';
export { GrowingOutput, type Output } from './engine/output.js';
export { ReceiverLink } from './engine/receiver-link.js';
export { parsePlain, type SaslMechanism, saslAnonymous, saslExternal, saslPlain } from './engine/sasl-mechanism.js';
export { type ScramOptions, saslScramSha256 } from './engine/sasl-scram.js';
export { OutgoingDelivery, SenderLink } from './engine/sender-link.js';
export type { Session, SessionState } from './engine/session.js';
export type { Spool } from './engine/spool.js';
export { AddedAnnotations } from './message/added-annotations.js';
export { HEADER_SIZE_MAX, Header, PRIORITY_DEFAULT } from './message/header.js';
export {
  type AmqpMessage,
  dataBody,
  decodeBody,
  decodeMapSection,
  decodeMessage,
  decodeProperties,
  encodeMessage,
  type MessageBody,
  type MessageHeader,
  type MessageId,
  type MessageProperties,
  valueBody,
} from './message/message.js';
export { PropertyIndex, propertyPosition } from './message/property-position.js';
export { BodyContent, type BodyKind, MessageSections, Section } from './message/sections.js';
export {
  ACCEPTED,
  type DeliveryState,
  type ErrorRecord,
  isOutcome,
  type Outcome,
  RELEASED,
} from './performatives/delivery-state.js';
export {
  type Attach,
  type Open,
  ReceiverSettleMode,
  SenderSettleMode,
} from './performatives/performatives.js';
export { SaslCode, type SaslInit } from './performatives/sasl-frames.js';
export { type Source, type Target, TerminusDurability } from './performatives/terminus.js';

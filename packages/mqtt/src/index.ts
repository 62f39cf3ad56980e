export { connect, type MqttClient } from './client.js';
export type * from './client-options.js';
export * from './connection.js';
export type * from './connection-options.js';
export { MqttError } from './error.js';
export type { ExchangeSteps } from './exchange-steps.js';
export { OutgoingState, type RestoredEntry } from './outgoing-window.js';
export { GrowingOutput, type Output } from './output.js';
export type { ProtocolVersion, QoS } from './packet-type.js';
export { encodeProperties } from './packet-writer.js';
export type * from './packets.js';
export { type MqttProperties, PropertyPlace } from './property.js';
export { decodeProperties } from './property-reader.js';
export { OutgoingPublication, Publication } from './publication.js';
export { FAILURE, ReasonCode, reasonName } from './reason-code.js';
export { MqttSession, type SessionKeeper } from './session.js';
export type { Spool } from './spool.js';
export {
  hasWildcard,
  isTopicFilter,
  isTopicName,
  matchesTopic,
  parseSharedFilter,
  type SharedFilter,
} from './topic.js';
export type { TopicEntry } from './topic-cache.js';
export { isEncodable } from './utf8.js';

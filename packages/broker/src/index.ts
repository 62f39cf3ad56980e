export {
  ADDRESS_TYPES,
  type AddressSettings,
  type AddressSettingsInput,
  type AddressType,
  DEFAULT_SETTINGS,
  type Limits,
  LOSSLESS_SETTINGS,
  UNDECLARED_SETTINGS,
  type WhenFull,
} from './address-settings.js';
export { Arena } from './arena.js';
export { Broker, type BrokerOptions, type ProducerOptions } from './broker.js';
export type { Journal, JournalOwner, JournalRecord } from './journal-port.js';
export {
  describeRecord,
  type MessageHolder,
  type RecordBytes,
  type RecordDescription,
} from './log/describe-record.js';
export { RecordError, TAKING_BACK } from './log/record-type.js';
export { Message, type MessageArena, MessageFormat } from './message.js';
export type {
  AddressFigures,
  AddressView,
  AdministrationRefusal,
  BrowsedMessage,
  Counters,
  SubscriptionView,
} from './observation.js';
export { Outcome, type RefusalReason } from './outcome.js';
export type { PagingOptions } from './pager.js';
export type * from './ports.js';
export { Recovery, type RecoveryOptions } from './recovery.js';

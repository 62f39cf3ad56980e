export { Message, type MessageArena, MessageFormat } from './message.js';
export { Outcome, type RefusalReason } from './outcome.js';
export type * from './ports.js';

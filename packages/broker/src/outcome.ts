/** What became of a message, in AMQP's terms (AMQP 1.0 §3.4); MQTT knows only accepted and not accepted. */
export const Outcome = {
  accepted: 0,
  rejected: 1,
  released: 2,
  /** Given back as tried without success: counts against the redelivery limit. */
  modifiedFailed: 3,
  /** Given back as not for this consumer: never delivered to it again; no other consumer → dead letters. */
  modifiedUndeliverable: 4,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Why a send was refused: one list, mapped by each listener to its protocol's condition. */
export type RefusalReason =
  | 'not-found'
  | 'resource-limit-exceeded'
  | 'message-too-large'
  | 'not-allowed'
  /** There is no room on disk: passes by itself, when enough is settled or the disk has room again. */
  | 'journal-full'
  /** A write failed: nothing durable is taken until the next start. */
  | 'journal-failed'
  | 'no-receiver'
  | 'deleted';

/** Types of the broker's records in the journal. Numbers are part of the file format: never give one a new meaning. */
export const RecordType = {
  stored: 1,
  settled: 2,
  deliveryCount: 3,
  storeOpened: 4,
  storeGone: 5,
  retained: 6,
  retainedGone: 7,
  kept: 8,
  forgotten: 9,
  ids: 12,
  idsGone: 13,
  /** As `kept`, of a job's state: what it comes of is consumed with it. */
  state: 20,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/**
 * Those that take something back, and need no room for long: a journal that is full takes them still. A job's state is
 * among them, as without it a job could not consume, and what only it reads would fill the journal for good.
 */
export const TAKING_BACK: readonly RecordType[] = [
  RecordType.settled,
  RecordType.deliveryCount,
  RecordType.storeGone,
  RecordType.retainedGone,
  RecordType.forgotten,
  RecordType.idsGone,
  RecordType.state,
];

/** Position of what has no record in the journal. */
export const NOWHERE = -1;

/** A record that cannot be what this program wrote: a newer one did, or the journal handed over wrong bytes. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** What can be set on an address, and what is true of one that nobody set. */
import type { Deduplication } from './id-window.js';

export const ADDRESS_TYPES = ['queue', 'topic', 'anycast', 'multicast'] as const;
export type AddressType = (typeof ADDRESS_TYPES)[number];

export type WhenFull = 'block' | 'reject' | 'dropOldest';

export interface Limits {
  /** Messages stored at once; on a topic by each subscription. */
  readonly messages: number;
  /** Content bytes stored at once; on a topic by each subscription. */
  readonly bytes: number;
  /** Content bytes of one message. */
  readonly messageBytes: number;
}

export interface AddressSettings {
  readonly type: AddressType;
  /** `always`: every stored message is durable, whatever its sender says. */
  readonly durability: 'message' | 'always';
  readonly limits: Limits;
  readonly whenFull: WhenFull;
  /** Address for messages that were rejected or failed too often; '' = they are dropped and counted. */
  readonly deadLetter: string;
  /** Address for expired messages; '' = they are dropped and counted. */
  readonly expiry: string;
  /** Upper bound, and default, of a message's time to live, ms; 0 = none. */
  readonly ttlMs: number;
  /** Failed deliveries after which a message is a dead letter. */
  readonly maxDeliveries: number;
  /** Queues and topics: a message whose id is in this window is answered as accepted, and not stored. */
  readonly deduplication: Deduplication | undefined;
}

/** Settings as they are passed to `declare`: what is left out is taken from `DEFAULT_SETTINGS`. */
export type AddressSettingsInput = Partial<Omit<AddressSettings, 'type' | 'limits'>> & {
  readonly type: AddressType;
  readonly limits?: Partial<Limits>;
};

export const DEFAULT_LIMITS: Limits = { messages: 1_000_000, bytes: 1024 ** 3, messageBytes: 10 * 1024 ** 2 };

export const DEFAULT_SETTINGS: Omit<AddressSettings, 'type'> = {
  durability: 'message',
  limits: DEFAULT_LIMITS,
  whenFull: 'block',
  deadLetter: 'dead-letters',
  expiry: '',
  ttlMs: 0,
  maxDeliveries: 10,
  deduplication: undefined,
};

/**
 * What holds for a topic that no document describes, and for subscriptions by a filter with wildcards. A slow
 * subscriber of such a topic loses its oldest messages; nobody else is held up.
 */
export const UNDECLARED_SETTINGS: AddressSettings = {
  ...DEFAULT_SETTINGS,
  type: 'topic',
  limits: { messages: 100_000, bytes: 64 * 1024 ** 2, messageBytes: DEFAULT_LIMITS.messageBytes },
  whenFull: 'dropOldest',
};

/**
 * The same for a durable subscription that blocks or rejects, as jobs do: nothing of it may be dropped, so it has room
 * for a while of load, but no more than a quarter of what the broker stores in all: one paused job is not to hold up
 * addresses that it does not read.
 */
export const LOSSLESS_SETTINGS: AddressSettings = {
  ...UNDECLARED_SETTINGS,
  limits: { ...DEFAULT_LIMITS, bytes: DEFAULT_LIMITS.bytes / 4 },
};

export function completeSettings(input: AddressSettingsInput): AddressSettings {
  return { ...DEFAULT_SETTINGS, ...input, limits: { ...DEFAULT_LIMITS, ...input.limits } };
}

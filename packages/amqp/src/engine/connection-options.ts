import type { Fields } from '../codec/values.js';
import type { ConnectionHandler } from './connection-handler.js';
import type { Output } from './output.js';
import type { SaslMechanism } from './sasl-mechanism.js';
import type { Spool } from './spool.js';

export interface ConnectionOptions {
  /** Who waits for the other's protocol header: a listener does, a client speaks first. */
  readonly role: 'listener' | 'client';
  readonly containerId: string;
  readonly output: Output;
  readonly handler: ConnectionHandler;
  /** Host that a client wants. Default: none. */
  readonly hostname?: string | undefined;
  /** Largest frame that is taken, bytes; at least 512. Default: 65,536. */
  readonly frameSizeMax?: number;
  /** Highest channel number. Default: 255. */
  readonly channelMax?: number;
  /** Highest handle in each session. Default: 255. */
  readonly handleMax?: number;
  /** Transfers that a session takes before it renews its window. Default: 65,535. */
  readonly incomingWindow?: number;
  /** Largest message, bytes. Default: 16 MiB. */
  readonly messageSizeMax?: number;
  /** Bytes held in all for messages of which transfers are still to come. Default: 64 MiB, or four messages. */
  readonly partialBytesMax?: number;
  /** Where messages are kept that have more than 1 MiB and still come. Default: in memory, with the others. */
  readonly openSpool?: () => Spool;
  /** How long the peer may be silent, ms; 0: for ever. Half of it is told to the peer (§2.4.5). Default: 0. */
  readonly idleTimeoutMs?: number;
  /** How long the peer's close is waited for, ms. Default: 5,000. */
  readonly closeTimeoutMs?: number;
  /** Listener: mechanisms offered. Default: none, SASL is not offered. */
  readonly saslMechanisms?: readonly string[];
  /** Listener: whether a client may leave SASL out. Default: `optional`. */
  readonly sasl?: 'optional' | 'required';
  /** Client: mechanisms by preference. Default: none, SASL is left out. */
  readonly saslClient?: readonly SaslMechanism[];
  readonly offeredCapabilities?: readonly string[];
  readonly desiredCapabilities?: readonly string[];
  /** Default: none. */
  readonly properties?: Fields;
}

/** The bounds of the options, with defaults filled in. */
export interface ConnectionBounds {
  readonly frameSizeMax: number;
  readonly channelMax: number;
  readonly handleMax: number;
  readonly incomingWindow: number;
  readonly messageSizeMax: number;
  readonly partialBytesMax: number;
  readonly idleTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

/** Smallest max-frame-size that a peer may name (AMQP 1.0 §2.4.1). */
export const FRAME_SIZE_MIN = 512;

export function boundsOf(options: ConnectionOptions): ConnectionBounds {
  const messageSizeMax = options.messageSizeMax ?? 16 * 1024 * 1024;
  return {
    frameSizeMax: Math.max(FRAME_SIZE_MIN, options.frameSizeMax ?? 65_536),
    channelMax: options.channelMax ?? 255,
    handleMax: options.handleMax ?? 255,
    incomingWindow: options.incomingWindow ?? 65_535,
    messageSizeMax,
    partialBytesMax: options.partialBytesMax ?? Math.max(64 * 1024 * 1024, messageSizeMax * 4),
    idleTimeoutMs: options.idleTimeoutMs ?? 0,
    closeTimeoutMs: options.closeTimeoutMs ?? 5_000,
  };
}

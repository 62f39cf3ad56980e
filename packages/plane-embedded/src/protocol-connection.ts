/** What a listener needs of a protocol, and what a protocol half needs of the socket it sits on. */
import type { ConnectionObservation } from '@millrace/controller';
import type { ChangedUsers, ClientCertificate, Origin } from '@millrace/security';
import type { MessageRate } from './message-rate.js';
import type { SocketOutput } from './socket-output.js';
import type { Turn } from './turn.js';

/** One connection's protocol: glue between a protocol engine and the broker. Made once the socket is accepted. */
export interface ProtocolConnection {
  /** Bytes from the peer. The chunk is the socket's: valid until the call returns. */
  ingest(chunk: Buffer): void;
  /** Time passes. @returns when to call again, ms since the epoch; 0 = not needed */
  tick(nowMs: number): number;
  /** The socket is gone, cleanly or not. Called once, last. */
  closed(): void;
  /** How it looks to the console and to `millrace get connections`; undefined before the peer has said who it is. */
  observe(id: string): ConnectionObservation | undefined;
  /** Tells the peer why, in its protocol's words, then ends. */
  close(reason: string): void;
  /**
   * Users or their rights have changed: what is not allowed any more ends, the connection itself where it must.
   * @param changed whom it may concern; undefined: anybody
   */
  recheck?(changed?: ChangedUsers): void;
}

/** The socket's side. */
export interface Host {
  readonly output: SocketOutput;
  readonly turn: Turn;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  /** The peer's certificate, when TLS has verified one. */
  readonly certificate?: ClientCertificate | undefined;
  /** Counts messages, where there is a limit on them. */
  readonly messageRate?: MessageRate | undefined;
  /** The peer has said who it is, and is let in: it is no longer one of those that are on probation. */
  established?(): void;
  /** Writes what is pending, then closes the socket. Nothing is ingested after. */
  end(): void;
  /** Stops reading, so that TCP holds the peer back. Acknowledgements stop too: one keep-alive at most (DESIGN §4). */
  pause(): void;
  resume(): void;
  /** Wall clock, ms since the epoch. */
  now(): number;
}

/**
 * Where an attempt to be let in comes from.
 * @param clientId what an MQTT client calls itself: permissions may depend on it
 */
export function originOf(host: Host, protocol: Origin['protocol'], clientId?: string): Origin {
  const { remoteAddress, encrypted, certificate } = host;
  const known = certificate === undefined ? {} : { certificate };
  const named = clientId === undefined || clientId === '' ? {} : { clientId };
  return { protocol, host: remoteAddress.slice(0, remoteAddress.lastIndexOf(':')), encrypted, ...known, ...named };
}

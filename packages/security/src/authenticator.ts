/**
 * How a client proves who it is, the same on every protocol. Listeners carry bytes and know no mechanism; what is behind
 * this interface knows no socket.
 */
import type { Principal } from './authorize.js';

/** Where an attempt comes from: what may be asked of it, and what is slowed down after failures. */
export interface Origin {
  readonly protocol: 'amqp' | 'mqtt' | 'http';
  /** Address of the peer, without port. */
  readonly host: string;
  /** Over TLS. A password in clear is taken over TLS or from loopback only. */
  readonly encrypted: boolean;
  /** The client's certificate, when TLS has verified one. */
  readonly certificate?: ClientCertificate;
  /** What an MQTT client calls itself: what `${clientId}` in its permissions stands for. Default: none. */
  readonly clientId?: string;
}

export interface ClientCertificate {
  /** CN of the subject. */
  readonly commonName: string;
  /** DNS, URI and e-mail names of the extension subjectAltName. */
  readonly alternativeNames: readonly string[];
  readonly fingerprint256: string;
}

/** The client is told only that it failed; `reason` is for the audit log. */
export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Nothing was found out about the credentials: there is too much to do, and another try may go well. */
      readonly busy?: true;
    };

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  /** `data` goes along with the outcome, such as SCRAM's server-final-message [RFC 5802 §3]. */
  | { readonly kind: 'done'; readonly principal: Principal; readonly data: Uint8Array | undefined }
  | { readonly kind: 'failed'; readonly reason: string; readonly busy?: true };

/** One client's way through one mechanism. `step` is called with the initial response first; empty when there is none. */
export interface SaslExchange {
  step(response: Uint8Array): Promise<SaslStep>;
}

export interface Authenticator {
  /** Mechanisms to offer there, best first [RFC 4422]; ANONYMOUS is among them only while everybody is let in. */
  mechanisms(origin: Origin): readonly string[];
  /** @returns undefined for a mechanism that is not offered there */
  begin(mechanism: string, origin: Origin): SaslExchange | undefined;
  /** A user name and a password, or a JWT in its place: MQTT's CONNECT, HTTP's Basic. Undefined: the client gave none. */
  password(name: string | undefined, password: Uint8Array | undefined, origin: Origin): Promise<Authentication>;
  /** HTTP's Bearer. */
  token(token: string, origin: Origin): Promise<Authentication>;
}

/** Whom a change may concern: who is not in it need not ask again. */
export interface ChangedUsers {
  has(principal: Principal): boolean;
}

/** Users, permissions and their changes: what a listener is given. */
export interface AccessControl {
  readonly authenticator: Authenticator;
  /**
   * Called after users or permissions have changed, and when a token has expired; connections ask again for what they
   * hold. At once after the first change, then every 100 ms while there are more. `changed` says whom it may concern.
   *
   * @returns how to stop it
   */
  onChange(listener: (changed: ChangedUsers) => void): () => void;
  /**
   * Whether this principal may still be connected: false once its user is gone, disabled, or has another password, and
   * when its token has expired.
   */
  stillValid(principal: Principal): boolean;
}

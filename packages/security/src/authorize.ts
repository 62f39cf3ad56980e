/** The one question that every entrance asks before it acts: may this principal do that with this address? */
import type { Permission } from '@millrace/contract';

export type Verb = 'send' | 'recv' | 'view' | 'manage';

export interface Principal {
  /** User name; 'anonymous' for a client that gave none. */
  readonly name: string;
  readonly authenticated: boolean;
  /** How it was proved: for `stillValid` and `authorize` alone. Absent on a name that was kept over a restart. */
  readonly proof?: Proof;
}

/** What was known when a client logged in, and must still be so for it to stay. */
export type Proof =
  | {
      readonly kind: 'user';
      /** Of the user's document: a user that was deleted and made again is another one. */
      readonly uid: string;
      /** Changes with the password, or with what the certificate must say. */
      readonly credential: string;
      /** What an MQTT client calls itself. */
      readonly clientId: string | undefined;
    }
  | {
      readonly kind: 'token';
      /** What `${user}` stands for: the claim as it is. */
      readonly user: string;
      /** Its document's permissions count too: the issuer is trusted to name users. */
      readonly namesUser: boolean;
      readonly permissions: readonly Permission[];
      /** ms since the epoch. */
      readonly expiresAt: number;
      readonly clientId: string | undefined;
    };

export const ANONYMOUS: Principal = { name: 'anonymous', authenticated: false };

export interface Authorizer {
  /** `address` is a queue name, a topic or a topic filter; '#' stands for all. */
  authorize(principal: Principal, verb: Verb, address: string): boolean;
}

/** Everyone may do everything: only for listeners on loopback without users. */
export const OPEN_AUTHORIZER: Authorizer = { authorize: () => true };

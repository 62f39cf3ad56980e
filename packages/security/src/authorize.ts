/** The one question that every entrance asks before it acts: may this principal do that with this address? */
export type Verb = 'send' | 'recv' | 'view' | 'manage';

export interface Principal {
  /** User name; 'anonymous' for a client that gave none. */
  readonly name: string;
  readonly authenticated: boolean;
}

export const ANONYMOUS: Principal = { name: 'anonymous', authenticated: false };

export interface Authorizer {
  /** `address` is a queue name, a topic or a topic filter; '#' stands for all. */
  authorize(principal: Principal, verb: Verb, address: string): boolean;
}

/** Everyone may do everything: only for listeners on loopback without users. */
export const OPEN_AUTHORIZER: Authorizer = { authorize: () => true };

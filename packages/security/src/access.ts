/**
 * Users, permissions and logins of one server, behind the interfaces that entrances know: who is it (`Authenticator`), may
 * they (`Authorizer`), and is that still so (`AccessControl`).
 *
 * While there are no users and no issuers of tokens, everybody is let in from loopback, or from everywhere when that was
 * asked for by name. The first user ends that, for those who are connected too.
 */
import { randomBytes } from 'node:crypto';
import type { TokenIssuer, UserSpec } from '@millrace/contract';
import { AuditLog, type AuditSink } from './audit.js';
import type { AccessControl, Authenticator, ChangedUsers, Origin } from './authenticator.js';
import type { Authorizer, Principal, Verb } from './authorize.js';
import { ChangeBell } from './change-bell.js';
import { type Clock, SYSTEM_CLOCK } from './clock.js';
import { Login } from './login/login.js';
import { isLoopbackHost } from './loopback-host.js';
import { CompiledPermissions } from './patterns/compiled-permissions.js';
import { TokenVerifier } from './tokens/token-verifier.js';
import { type Account, UserDirectory, type UserRecord } from './users/user-directory.js';

export interface AccessOptions {
  /** Who is let in while there are no users. Default: loopback. */
  readonly anonymous?: 'loopback' | 'everywhere';
  /** From where passwords and tokens are taken without TLS. `everywhere`: only behind something that ends TLS. Default: loopback. */
  readonly cleartext?: 'loopback' | 'everywhere';
  /** Whose tokens are taken. Default: none. */
  readonly tokenIssuers?: readonly TokenIssuer[];
  /** Where records of the audit log go. Default: nowhere. */
  readonly audit?: AuditSink;
  /** 32 bytes that stay the same over restarts: unknown users get salts made with it. Default: random. */
  readonly secret?: Uint8Array;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** What the controller tells of users. */
export interface UserRegistry {
  putUser(record: UserRecord): void;
  removeUser(name: string): void;
  /** @returns another user whom the very same certificates would name */
  certificateTwin(user: { readonly name: string; readonly spec: UserSpec }): string | undefined;
}

interface Compiled {
  /** Of which version of the user's document; undefined where there is none. */
  readonly account: Account | undefined;
  readonly permissions: CompiledPermissions;
}

export class Access implements AccessControl, Authorizer, UserRegistry {
  readonly authenticator: Authenticator;
  readonly audit: AuditLog;
  /** The same answers, without a record of each refusal: for listings that leave out what may not be seen. */
  readonly quietly: Authorizer = { authorize: (principal, verb, address) => this.allows(principal, verb, address) };
  private readonly users = new UserDirectory();
  private readonly anonymous: 'loopback' | 'everywhere';
  private readonly tokens: TokenVerifier | undefined;
  private readonly clock: Clock;
  private readonly bell: ChangeBell;
  /** Of those whose permissions are their own: by token, or by client id. */
  private readonly compiled = new WeakMap<Principal, Compiled>();

  constructor(options: AccessOptions = {}) {
    const { anonymous = 'loopback', cleartext = 'loopback', tokenIssuers = [], clock = SYSTEM_CLOCK } = options;
    this.anonymous = anonymous;
    this.clock = clock;
    this.audit = new AuditLog(options.audit, clock);
    this.bell = new ChangeBell(clock);
    this.tokens = tokenIssuers.length === 0 ? undefined : new TokenVerifier(tokenIssuers, clock);
    this.authenticator = new Login({
      users: this.users,
      tokens: this.tokens,
      clock,
      audit: this.audit,
      secret: options.secret ?? randomBytes(32),
      cleartext,
      letsInUnknown: (origin) => this.letsInUnknown(origin),
      stillValid: (principal) => this.stillValid(principal),
      onToken: (principal, expiresAt) => this.bell.ringAt(expiresAt, principal.name),
    });
  }

  /** Nobody has to say who they are. */
  get isOpen(): boolean {
    return this.users.size === 0 && this.tokens === undefined;
  }

  // Users

  putUser(record: UserRecord): void {
    const wasOpen = this.isOpen;
    this.users.put(record);
    this.bell.ring(wasOpen ? undefined : record.name);
  }

  removeUser(name: string): void {
    this.users.remove(name);
    this.bell.ring(name);
  }

  certificateTwin(user: { readonly name: string; readonly spec: UserSpec }): string | undefined {
    return this.users.twinOf(user);
  }

  // Permissions

  authorize(principal: Principal, verb: Verb, address: string): boolean {
    if (this.allows(principal, verb, address)) return true;
    this.audit.write({ event: 'refusal', outcome: 'failure', user: principal.name, verb, address });
    return false;
  }

  private allows(principal: Principal, verb: Verb, address: string): boolean {
    if (!principal.authenticated) return this.isOpen;
    const { proof } = principal;
    const account = proof?.kind === 'token' && !proof.namesUser ? undefined : this.users.get(principal.name);
    if (account !== undefined) {
      if (!account.enabled) return false;
      if (proof?.kind === 'user' && !isSame(proof, account)) return false;
    }
    if (proof?.kind === 'token') {
      if (proof.expiresAt <= this.clock.now()) return false;
      return this.compiledFor(principal, account).allows(verb, address);
    }
    if (account === undefined) return false;
    if (account.dependsOnClientId) return this.compiledFor(principal, account).allows(verb, address);
    return account.permissionsOf(undefined).allows(verb, address);
  }

  private compiledFor(principal: Principal, account: Account | undefined): CompiledPermissions {
    const known = this.compiled.get(principal);
    if (known !== undefined && known.account === account) return known.permissions;
    const { proof } = principal;
    const permissions =
      proof?.kind === 'token'
        ? new CompiledPermissions([...proof.permissions, ...(account?.permissions ?? [])], {
            user: proof.user,
            clientId: proof.clientId,
          })
        : account!.permissionsOf(proof?.clientId);
    this.compiled.set(principal, { account, permissions });
    return permissions;
  }

  // Connections

  onChange(listener: (changed: ChangedUsers) => void): () => void {
    return this.bell.subscribe(listener);
  }

  stillValid(principal: Principal): boolean {
    if (!principal.authenticated) return this.isOpen;
    const { proof, name } = principal;
    if (proof?.kind === 'token') {
      if (proof.expiresAt <= this.clock.now()) return false;
      return !proof.namesUser || this.users.get(name)?.enabled !== false;
    }
    const account = this.users.get(name);
    if (account === undefined || !account.enabled) return false;
    return proof === undefined || isSame(proof, account);
  }

  private letsInUnknown({ host }: Origin): boolean {
    return this.isOpen && (this.anonymous === 'everywhere' || isLoopbackHost(host));
  }
}

function isSame(proof: { readonly uid: string; readonly credential: string }, account: Account): boolean {
  return proof.uid === account.uid && proof.credential === account.credential;
}

/** Who is it? Passwords, tokens, certificates and SASL (RFC 4422), for all protocols; each outcome goes to the audit log. */
import { randomBytes } from 'node:crypto';
import type { ScramCredentials } from '@millrace/contract';
import type { AuditLog } from '../audit.js';
import type { Authentication, Authenticator, Origin, SaslExchange } from '../authenticator.js';
import type { Principal } from '../authorize.js';
import type { Clock } from '../clock.js';
import { isLoopbackHost } from '../loopback-host.js';
import { BearerExchange } from '../sasl/bearer-exchange.js';
import { SingleExchange } from '../sasl/exchanges.js';
import { readOauthBearer, readPlain, readXoauth2 } from '../sasl/initial-responses.js';
import { preparePassword } from '../sasl/prepare-password.js';
import { ScramExchange, type ScramLogin } from '../sasl/scram-exchange.js';
import { hmac, ITERATIONS, SALT_BYTES } from '../scram/credentials.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';
import type { Account, UserDirectory } from '../users/user-directory.js';
import { LoginThrottle } from './login-throttle.js';
import { BUSY, CLEARTEXT, LET_IN, refused, TOO_MANY } from './outcomes.js';
import { PasswordChecker, type PasswordVerdict } from './password-checker.js';

export interface LoginOptions {
  readonly users: UserDirectory;
  readonly tokens: TokenVerifier | undefined;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly secret: Uint8Array;
  readonly cleartext: 'loopback' | 'everywhere';
  /** While there are no users: whether who comes from there has to say nothing. */
  readonly letsInUnknown: (origin: Origin) => boolean;
  readonly stillValid: (principal: Principal) => boolean;
  readonly onToken: (principal: Principal, expiresAtMs: number) => void;
}

const PASSWORD_BYTES_MAX = 64 * 1024;
/** As long as ours are, and as random. */
const NOBODY_KEY = randomBytes(32).toString('base64');

export class Login implements Authenticator, ScramLogin {
  readonly throttle: LoginThrottle;
  private readonly options: LoginOptions;
  private readonly checker: PasswordChecker;

  constructor(options: LoginOptions) {
    this.options = options;
    this.throttle = new LoginThrottle(options.clock);
    this.checker = new PasswordChecker(options.clock);
  }

  // SASL

  mechanisms(origin: Origin): readonly string[] {
    const { letsInUnknown, tokens, users } = this.options;
    if (letsInUnknown(origin)) return ['PLAIN', 'ANONYMOUS'];
    const offered: string[] = [];
    if (this.accountOf(origin) !== undefined) offered.push('EXTERNAL');
    if (users.size > 0) offered.push('SCRAM-SHA-256');
    if (!this.takesCleartext(origin)) return offered;
    if (tokens !== undefined) offered.push('OAUTHBEARER', 'XOAUTH2');
    if (users.size > 0 || tokens !== undefined) offered.push('PLAIN');
    return offered;
  }

  begin(mechanism: string, origin: Origin): SaslExchange | undefined {
    if (!this.mechanisms(origin).includes(mechanism)) return undefined;
    switch (mechanism) {
      case 'EXTERNAL':
        return new SingleExchange('empty-is-a-response', async (response) => this.external(response, origin));
      case 'SCRAM-SHA-256':
        return new ScramExchange(this, origin);
      case 'OAUTHBEARER':
        return new BearerExchange(readOauthBearer, (token, authzid) => this.bearer(token, authzid, mechanism, origin));
      case 'XOAUTH2':
        return new BearerExchange(readXoauth2, (token, authzid) => this.bearer(token, authzid, mechanism, origin));
      case 'PLAIN':
        return new SingleExchange('empty-asks', async (response) => this.plain(response, origin));
      case 'ANONYMOUS':
        return new SingleExchange('empty-is-a-response', async () =>
          this.noted(LET_IN, mechanism, 'anonymous', origin),
        );
      default:
        return undefined;
    }
  }

  // Name and password, tokens

  async password(name: string | undefined, password: Uint8Array | undefined, origin: Origin): Promise<Authentication> {
    if (this.options.letsInUnknown(origin)) return this.noted(LET_IN, 'none', name ?? 'anonymous', origin);
    if (password === undefined) {
      const account = this.accountOf(origin);
      if (account === undefined) return this.noted(refused('no credentials'), 'none', name ?? '', origin);
      if (name !== undefined && name !== account.name) {
        return this.noted(refused(`the certificate is of ${account.name}`), 'certificate', name, origin);
      }
      return this.noted(this.known(account, origin), 'certificate', account.name, origin);
    }
    const text = utf8(password);
    if (text === undefined) return this.noted(refused('the password is not UTF-8'), 'password', name ?? '', origin);
    if (this.options.tokens?.looksLikeToken(text) === true) return this.bearer(text, undefined, 'token', origin);
    return this.byPassword(name ?? '', text, 'password', origin);
  }

  token(token: string, origin: Origin): Promise<Authentication> {
    return this.bearer(token, undefined, 'bearer', origin);
  }

  // For the exchanges

  /** Of a user that is not there, or has no password: the same ones each time (RFC 5802 §9 advises against telling). */
  credentialsFor(name: string): { readonly account: Account | undefined; readonly credentials: ScramCredentials } {
    const account = this.options.users.get(name);
    if (account?.credentials !== undefined) return { account, credentials: account.credentials };
    const salt = hmac(this.options.secret, `salt\0${name}`).subarray(0, SALT_BYTES).toString('base64');
    const credentials = { iterations: ITERATIONS, salt, storedKey: NOBODY_KEY, serverKey: NOBODY_KEY };
    return { account: undefined, credentials };
  }

  /** The credentials are right: whether that is enough now. */
  known(account: Account, origin: Origin): Authentication {
    if (!account.enabled) return refused('the user is disabled');
    const { name, uid, credential } = account;
    const { clientId } = origin;
    const principal: Principal = { name, authenticated: true, proof: { kind: 'user', uid, credential, clientId } };
    // It may have changed while the password was looked at.
    return this.options.stillValid(principal) ? { ok: true, principal } : refused('the user has changed meanwhile');
  }

  noted(outcome: Authentication, mechanism: string, name: string, origin: Origin): Authentication {
    const { audit } = this.options;
    const { protocol, host } = origin;
    if (outcome.ok) {
      audit.write({ event: 'login', outcome: 'success', user: outcome.principal.name, protocol, host, mechanism });
    } else {
      const { reason } = outcome;
      audit.write({ event: 'login', outcome: 'failure', user: name, protocol, host, mechanism, reason });
    }
    return outcome;
  }

  // The ways in

  private async byPassword(name: string, password: string, mechanism: string, origin: Origin): Promise<Authentication> {
    if (!this.takesCleartext(origin)) return this.noted(CLEARTEXT, mechanism, name, origin);
    return this.noted(await this.checked(name, password, origin), mechanism, name, origin);
  }

  private async checked(name: string, password: string, origin: Origin): Promise<Authentication> {
    if (password.length > PASSWORD_BYTES_MAX) return refused('the password is too long');
    const attempt = await this.throttle.enter(name, origin.host);
    if (attempt === undefined) return TOO_MANY;
    const prepared = await preparePassword(password);
    const { account, credentials } = this.credentialsFor(name);
    // Also for a user that is not there: the answer is to take as long.
    let verdict: PasswordVerdict = 'busy';
    try {
      verdict = await this.checker.check(account?.uid ?? '', prepared ?? '', credentials);
    } catch (error) {
      attempt.abandoned();
      throw error;
    }
    if (verdict === 'busy') {
      attempt.abandoned();
      return BUSY;
    }
    if (verdict === 'wrong' || account === undefined || prepared === undefined) {
      attempt.failed();
      return refused(account === undefined ? 'unknown user' : 'wrong password');
    }
    attempt.succeeded();
    return this.known(account, origin);
  }

  private async bearer(
    token: string,
    authzid: string | undefined,
    mechanism: string,
    origin: Origin,
  ): Promise<Authentication> {
    const { tokens, onToken } = this.options;
    if (this.options.letsInUnknown(origin)) return this.noted(LET_IN, mechanism, 'anonymous', origin);
    if (tokens === undefined) return this.noted(refused('no tokens are taken here'), mechanism, authzid ?? '', origin);
    if (!this.takesCleartext(origin)) return this.noted(CLEARTEXT, mechanism, authzid ?? '', origin);
    const verdict = await tokens.verify(token, origin.clientId);
    if (!verdict.ok) return this.noted(verdict, mechanism, authzid ?? '', origin);
    const { principal } = verdict;
    const { proof, name } = principal;
    if (proof?.kind !== 'token') return this.noted(refused('no token'), mechanism, name, origin);
    if (authzid !== undefined && authzid !== '' && authzid !== proof.user && authzid !== name) {
      return this.noted(refused('the token is of another user'), mechanism, authzid, origin);
    }
    if (!this.options.stillValid(principal))
      return this.noted(refused('the user is disabled'), mechanism, name, origin);
    onToken(principal, proof.expiresAt);
    return this.noted(verdict, mechanism, name, origin);
  }

  private async plain(response: Uint8Array, origin: Origin): Promise<Authentication> {
    if (this.options.letsInUnknown(origin)) return this.noted(LET_IN, 'PLAIN', 'anonymous', origin);
    const read = readPlain(response);
    if (read === undefined) return this.noted(refused('no response of PLAIN'), 'PLAIN', '', origin);
    const { authzid, username, password } = read;
    if (authzid !== '' && authzid !== username) {
      return this.noted(refused('nobody acts for somebody else'), 'PLAIN', username, origin);
    }
    if (this.options.tokens?.looksLikeToken(password) === true)
      return this.bearer(password, undefined, 'PLAIN', origin);
    return this.byPassword(username, password, 'PLAIN', origin);
  }

  private external(response: Uint8Array, origin: Origin): Authentication {
    const account = this.accountOf(origin);
    if (account === undefined) return this.noted(refused('the certificate is nobody’s'), 'EXTERNAL', '', origin);
    const authzid = utf8(response);
    const outcome =
      authzid === '' || authzid === account.name
        ? this.known(account, origin)
        : refused('nobody acts for somebody else');
    return this.noted(outcome, 'EXTERNAL', account.name, origin);
  }

  private accountOf({ certificate }: Origin): Account | undefined {
    return certificate === undefined ? undefined : this.options.users.ownerOf(certificate);
  }

  private takesCleartext({ encrypted, host }: Origin): boolean {
    return encrypted || this.options.cleartext === 'everywhere' || isLoopbackHost(host);
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

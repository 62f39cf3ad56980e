/**
 * JSON Web Tokens (RFC 7519) of known issuers. What a token says of itself is believed in no point before its signature
 * is: its `iss` only chooses whose keys and algorithms it must fit (RFC 8725 §3.1, §3.8).
 */
import { createHash } from 'node:crypto';
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS, type TokenIssuer } from '@millrace/contract';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Principal } from '../authorize.js';
import type { Clock } from '../clock.js';
import { RecentMap } from '../recent-map.js';
import { principalOf } from './token-claims.js';

const TOKEN_LENGTH_MAX = 16 * 1024;
/** Signatures that are looked at, at once; a key set that is slow to come must not pile them up. */
const AT_ONCE_MAX = 256;
const REMEMBERED_MAX = 10_000;
const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

export type TokenVerdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: string; readonly busy?: true };

interface KnownIssuer {
  readonly issuer: TokenIssuer;
  keys: JWTVerifyGetKey | undefined;
}

interface Verified {
  readonly payload: JWTPayload;
  readonly issuer: TokenIssuer;
  readonly until: number;
}

export class TokenVerifier {
  private readonly issuers: ReadonlyMap<string, KnownIssuer>;
  private readonly clock: Clock;
  /** By the hash of a token, as long as it lives. */
  private readonly verified = new RecentMap<Verified>(REMEMBERED_MAX);
  private atOnce = 0;

  /** @throws Error when two have one name */
  constructor(issuers: readonly TokenIssuer[], clock: Clock) {
    this.issuers = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: undefined }]));
    if (this.issuers.size < issuers.length) throw new Error('two issuers of tokens have the same name');
    this.clock = clock;
  }

  /** Whether it has the form of one: a password is then taken for a token. */
  looksLikeToken(text: string): boolean {
    return text.startsWith('eyJ') && FORM.test(text);
  }

  async verify(token: string, clientId: string | undefined): Promise<TokenVerdict> {
    if (token.length > TOKEN_LENGTH_MAX) return refused('the token is too long');
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.verified.get(hash);
    if (known !== undefined && known.until > this.clock.now()) return this.verdictOf(known, clientId);
    if (this.atOnce >= AT_ONCE_MAX) return { ok: false, reason: 'too many tokens at once', busy: true };
    this.atOnce += 1;
    try {
      const verified = await this.verifySignature(token);
      if (typeof verified === 'string') return refused(verified);
      this.verified.set(hash, verified);
      return this.verdictOf(verified, clientId);
    } finally {
      this.atOnce -= 1;
    }
  }

  private verdictOf({ payload, issuer }: Verified, clientId: string | undefined): TokenVerdict {
    const principal = principalOf(payload, issuer, clientId);
    return typeof principal === 'string' ? refused(principal) : { ok: true, principal };
  }

  /** @returns what is wrong with it, in words */
  private async verifySignature(token: string): Promise<Verified | string> {
    const jose = await import('jose');
    try {
      const { iss } = jose.decodeJwt(token);
      const known = iss === undefined ? undefined : this.issuers.get(iss);
      if (known === undefined) return 'the token is of an unknown issuer';
      const { issuer } = known;
      known.keys ??= (await import('./token-keys.js')).keysOf(issuer, this.clock);
      const fitting = issuer.secretFile === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS;
      const { payload } = await jose.jwtVerify(token, known.keys, {
        issuer: issuer.issuer,
        audience: [...issuer.audience],
        algorithms: [...(issuer.algorithms ?? fitting)],
        clockTolerance: issuer.clockToleranceSeconds,
        currentDate: new Date(this.clock.now()),
        requiredClaims: ['exp'],
      });
      return { payload, issuer, until: (payload.exp! + issuer.clockToleranceSeconds) * 1000 };
    } catch (error) {
      return reasonOf(error);
    }
  }
}

function refused(reason: string): TokenVerdict {
  return { ok: false, reason };
}

/** For the log: what jose says, which names a claim or a step and holds nothing of the token. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return `the token is not valid: ${typeof code === 'string' ? `${code}: ` : ''}${String(message).slice(0, 200)}`;
}

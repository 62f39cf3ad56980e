/** SCRAM-SHA-256 between a client and the users. A name that nobody has goes the same way, and fails at its end. */
import { randomBytes } from 'node:crypto';
import type { ScramCredentials } from '@millrace/contract';
import type { Authentication, Origin, SaslExchange, SaslStep } from '../authenticator.js';
import type { LoginThrottle } from '../login/login-throttle.js';
import { TOO_MANY } from '../login/outcomes.js';
import {
  challengeFor,
  readClientFirst,
  type ScramChallenge,
  ScramError,
  verifyClientFinal,
} from '../scram/scram-server.js';
import type { Account } from '../users/user-directory.js';
import { stepOf } from './exchanges.js';

/** What this needs of who knows the users. */
export interface ScramLogin {
  readonly throttle: LoginThrottle;
  /** Of a name that nobody has: credentials that look like others, and no account. */
  credentialsFor(name: string): { readonly account: Account | undefined; readonly credentials: ScramCredentials };
  known(account: Account, origin: Origin): Authentication;
  /** Writes the outcome into the audit log. @returns it */
  noted(outcome: Authentication, mechanism: string, name: string, origin: Origin): Authentication;
}

const MECHANISM = 'SCRAM-SHA-256';
const NONCE_BYTES = 24;

type State =
  | { readonly at: 'start'; readonly asked: boolean }
  | {
      readonly at: 'challenged';
      readonly account: Account | undefined;
      readonly challenge: ScramChallenge;
    }
  | { readonly at: 'over' };

export class ScramExchange implements SaslExchange {
  private readonly login: ScramLogin;
  private readonly origin: Origin;
  private state: State = { at: 'start', asked: false };

  constructor(login: ScramLogin, origin: Origin) {
    this.login = login;
    this.origin = origin;
  }

  async step(response: Uint8Array): Promise<SaslStep> {
    const { state } = this;
    try {
      switch (state.at) {
        case 'start':
          if (response.length > 0 || state.asked) return this.first(response);
          this.state = { at: 'start', asked: true };
          return { kind: 'challenge', data: new Uint8Array(0) };
        case 'challenged':
          this.state = { at: 'over' };
          return await this.last(state, response);
        case 'over':
          return { kind: 'failed', reason: 'the exchange is over' };
      }
    } catch (error) {
      if (!(error instanceof ScramError)) throw error;
      this.state = { at: 'over' };
      const name = state.at === 'challenged' ? state.challenge.first.username : '';
      return this.failed(error.message, name);
    }
  }

  private first(response: Uint8Array): SaslStep {
    const first = readClientFirst(response);
    const { username, authzid } = first;
    if (authzid !== undefined && authzid !== username) {
      this.state = { at: 'over' };
      return this.failed('nobody acts for somebody else', username);
    }
    const { account, credentials } = this.login.credentialsFor(username);
    const challenge = challengeFor(first, credentials, randomBytes(NONCE_BYTES).toString('base64'));
    this.state = { at: 'challenged', account, challenge };
    return { kind: 'challenge', data: Buffer.from(challenge.message) };
  }

  private async last(state: Extract<State, { at: 'challenged' }>, response: Uint8Array): Promise<SaslStep> {
    const { account, challenge } = state;
    const { username } = challenge.first;
    const attempt = await this.login.throttle.enter(username, this.origin.host);
    if (attempt === undefined) return this.noted(TOO_MANY, username);
    let final: string | undefined;
    try {
      final = verifyClientFinal(challenge, response);
    } finally {
      if (final === undefined || account === undefined) attempt.failed();
      else attempt.succeeded();
    }
    if (account === undefined) return this.failed('unknown user', username);
    if (final === undefined) return this.failed('wrong password', username);
    return this.noted(this.login.known(account, this.origin), username, Buffer.from(final));
  }

  private failed(reason: string, username: string): SaslStep {
    return this.noted({ ok: false, reason }, username);
  }

  private noted(outcome: Authentication, username: string, data?: Uint8Array): SaslStep {
    return stepOf(this.login.noted(outcome, MECHANISM, username, this.origin), data);
  }
}

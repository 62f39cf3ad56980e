/**
 * OAUTHBEARER and XOAUTH2. A token that is refused is answered with a challenge of JSON, and fails when the client has
 * said that it has read it (RFC 7628 §3.2.3).
 */
import type { Authentication, SaslExchange, SaslStep } from '../authenticator.js';
import { stepOf } from './exchanges.js';
import type { BearerResponse } from './initial-responses.js';

const REFUSED = Buffer.from(JSON.stringify({ status: 'invalid_token' }));

export class BearerExchange implements SaslExchange {
  private readonly read: (response: Uint8Array) => BearerResponse | undefined;
  private readonly judge: (token: string, authzid: string | undefined) => Promise<Authentication>;
  private asked = false;
  private failure: SaslStep | undefined;

  constructor(
    read: (response: Uint8Array) => BearerResponse | undefined,
    judge: (token: string, authzid: string | undefined) => Promise<Authentication>,
  ) {
    this.read = read;
    this.judge = judge;
  }

  async step(response: Uint8Array): Promise<SaslStep> {
    if (this.failure !== undefined) return this.failure;
    if (response.length === 0 && !this.asked) {
      this.asked = true;
      return { kind: 'challenge', data: new Uint8Array(0) };
    }
    const bearer = this.read(response);
    if (bearer === undefined) return { kind: 'failed', reason: 'no response with a token' };
    const outcome = await this.judge(bearer.token, bearer.authzid);
    if (outcome.ok) return stepOf(outcome);
    this.failure = stepOf(outcome);
    return { kind: 'challenge', data: REFUSED };
  }
}

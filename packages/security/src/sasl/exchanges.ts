/** The exchange of a mechanism that has one message (RFC 4422 §3). */
import type { Authentication, SaslExchange, SaslStep } from '../authenticator.js';

/** What an empty first response means: that there is none yet, and the client waits to be asked; or an empty one. */
export type EmptyResponse = 'empty-asks' | 'empty-is-a-response';

const NOTHING = new Uint8Array(0);

export class SingleExchange implements SaslExchange {
  private readonly empty: EmptyResponse;
  private readonly judge: (response: Uint8Array) => Promise<Authentication>;
  private asked = false;

  constructor(empty: EmptyResponse, judge: (response: Uint8Array) => Promise<Authentication>) {
    this.empty = empty;
    this.judge = judge;
  }

  async step(response: Uint8Array): Promise<SaslStep> {
    if (response.length === 0 && this.empty === 'empty-asks' && !this.asked) {
      this.asked = true;
      return { kind: 'challenge', data: NOTHING };
    }
    return stepOf(await this.judge(response));
  }
}

export function stepOf(outcome: Authentication, data?: Uint8Array): SaslStep {
  if (outcome.ok) return { kind: 'done', principal: outcome.principal, data };
  return { kind: 'failed', reason: outcome.reason, ...(outcome.busy === true ? { busy: true } : {}) };
}

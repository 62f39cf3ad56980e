/** Bodies of SASL frames (AMQP 1.0 §5.3.3). */
import { type Composite, field, mandatory } from './composite.js';
import { binary, string, symbol, symbols, ubyte } from './field-types.js';

export const SaslFrame = { mechanisms: 0x40, init: 0x41, challenge: 0x42, response: 0x43, outcome: 0x44 } as const;

/** Codes of an outcome (§5.3.3.6). */
export const SaslCode = { ok: 0, auth: 1, sys: 2, sysPerm: 3, sysTemp: 4 } as const;
export type SaslCode = (typeof SaslCode)[keyof typeof SaslCode];

export interface SaslMechanisms {
  readonly saslServerMechanisms: readonly string[];
}
export const SASL_MECHANISMS: Composite<SaslMechanisms> = {
  name: 'sasl-mechanisms',
  code: SaslFrame.mechanisms,
  fields: [mandatory('saslServerMechanisms', symbols)],
};

export interface SaslInit {
  readonly mechanism: string;
  readonly initialResponse?: Uint8Array | undefined;
  readonly hostname?: string | undefined;
}
export const SASL_INIT: Composite<SaslInit> = {
  name: 'sasl-init',
  code: SaslFrame.init,
  fields: [mandatory('mechanism', symbol), field('initialResponse', binary), field('hostname', string)],
};

export interface SaslChallenge {
  readonly challenge: Uint8Array;
}
export const SASL_CHALLENGE: Composite<SaslChallenge> = {
  name: 'sasl-challenge',
  code: SaslFrame.challenge,
  fields: [mandatory('challenge', binary)],
};

export interface SaslResponse {
  readonly response: Uint8Array;
}
export const SASL_RESPONSE: Composite<SaslResponse> = {
  name: 'sasl-response',
  code: SaslFrame.response,
  fields: [mandatory('response', binary)],
};

export interface SaslOutcome {
  readonly code: number;
  readonly additionalData?: Uint8Array | undefined;
}
export const SASL_OUTCOME: Composite<SaslOutcome> = {
  name: 'sasl-outcome',
  code: SaslFrame.outcome,
  fields: [mandatory('code', ubyte), field('additionalData', binary)],
};

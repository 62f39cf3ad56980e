import { describe, expect, it } from 'vitest';
import { saslScramSha256 } from '../src/index.js';

// The exchange of RFC 7677 §3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const CLIENT_FINAL =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

const bytes = (text: string): Buffer => Buffer.from(text);
const client = () => saslScramSha256('user', 'pencil', { nonce: NONCE });

describe('SCRAM-SHA-256 of a client', () => {
  it('says what the RFC says, and takes the proof of the server with the outcome or before it', () => {
    for (const before of [true, false]) {
      const mechanism = client();
      expect(String(Buffer.from(mechanism.initialResponse()!))).toBe(`n,,n=user,r=${NONCE}`);
      expect(String(Buffer.from(mechanism.respond(bytes(SERVER_FIRST))))).toBe(CLIENT_FINAL);
      if (before) expect(mechanism.respond(bytes(SERVER_FINAL))).toHaveLength(0);
      mechanism.finish?.(before ? undefined : bytes(SERVER_FINAL));
    }
  });

  it('writes commas and equal signs of a name as the RFC wants', () => {
    const first = saslScramSha256('a=b,c', 'x', { nonce: 'n' }).initialResponse();
    expect(String(Buffer.from(first!))).toBe('n,,n=a=3Db=2Cc,r=n');
  });

  it.each([
    ['nothing', undefined],
    ['another signature', bytes('v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')],
    ['no signature', bytes('v=')],
  ])('does not take a yes that comes with %s', (_name, data) => {
    const mechanism = client();
    mechanism.respond(bytes(SERVER_FIRST));
    expect(() => mechanism.finish?.(data)).toThrow(/SCRAM-SHA-256/);
  });

  it('does not take a yes without a challenge', () => {
    expect(() => client().finish?.(bytes(SERVER_FINAL))).toThrow(/does not know the user/);
  });

  it.each([
    ['of another client', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /another client/],
    ['that adds nothing to the nonce', `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, /another client/],
    ['with few iterations', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`, /iterations/],
    ['with endless iterations', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999`, /iterations/],
    ['that is none', 'hello', /none of SCRAM/],
    ['that refuses', 'e=unknown-user', /unknown-user/],
  ])('refuses a challenge %s', (_name, challenge, message) => {
    expect(() => client().respond(bytes(challenge))).toThrow(message);
  });
});

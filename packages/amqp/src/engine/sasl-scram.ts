/**
 * SCRAM-SHA-256 of a client (RFC 5802, RFC 7677), without channel binding: the password does not leave the client, and
 * the server has to show that it knows the user too.
 *
 *     client-first   n,,n=USER,r=NONCE
 *     server-first   r=NONCE…,s=SALT,i=ITERATIONS
 *     client-final   c=biws,r=NONCE…,p=PROOF
 *     server-final   v=SIGNATURE, with the outcome or as a challenge before it
 *
 * Names and passwords are brought to NFKC, which for text of letters and digits is what SASLprep makes of them.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { AmqpError, Condition } from '../amqp-error.js';
import type { SaslMechanism } from './sasl-mechanism.js';

/** RFC 7677 §4: at least. */
const ITERATIONS_MIN = 4_096;
/** Computing blocks: a server that asks for more would stop the client. */
const ITERATIONS_MAX = 1_000_000;
const HEADER = 'n,,';

export interface ScramOptions {
  /** Default: random. */
  readonly nonce?: string;
}

export function saslScramSha256(username: string, password: string, options: ScramOptions = {}): SaslMechanism {
  return new ScramSha256(username, password, options.nonce ?? randomBytes(18).toString('base64'));
}

class ScramSha256 implements SaslMechanism {
  readonly name = 'SCRAM-SHA-256';
  private readonly first: string;
  private readonly nonce: string;
  private readonly password: string;
  private signature: Buffer | undefined;
  private shown = false;

  constructor(username: string, password: string, nonce: string) {
    this.nonce = nonce;
    this.password = password.normalize('NFKC');
    const name = username.normalize('NFKC').replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.first = `n=${name},r=${nonce}`;
  }

  initialResponse(): Uint8Array {
    return Buffer.from(`${HEADER}${this.first}`);
  }

  respond(challenge: Uint8Array): Uint8Array {
    const text = Buffer.from(challenge).toString('utf8');
    if (this.signature === undefined) return this.final(text);
    this.verify(text);
    return Buffer.alloc(0);
  }

  finish(data: Uint8Array | undefined): void {
    if (data !== undefined && data.length > 0) this.verify(Buffer.from(data).toString('utf8'));
    if (!this.shown) throw refused('the peer has not shown that it knows the user');
  }

  private final(serverFirst: string): Uint8Array {
    const { nonce, salt, iterations } = this.parse(serverFirst);
    const salted = pbkdf2Sync(this.password, salt, iterations, 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=${Buffer.from(HEADER).toString('base64')},r=${nonce}`;
    const exchanged = `${this.first},${serverFirst},${withoutProof}`;
    const clientSignature = hmac(createHash('sha256').update(clientKey).digest(), exchanged);
    this.signature = hmac(hmac(salted, 'Server Key'), exchanged);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ clientSignature[index]!));
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  private parse(text: string): { readonly nonce: string; readonly salt: Buffer; readonly iterations: number } {
    const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=([0-9]{1,9})(?:,|$)/.exec(text);
    if (match === null) throw refused(failureIn(text) ?? 'the challenge is none of SCRAM');
    const [, nonce = '', salt = '', count = ''] = match;
    if (!nonce.startsWith(this.nonce) || nonce === this.nonce) throw refused('the challenge answers another client');
    const iterations = Number(count);
    if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
      throw refused(`${iterations} iterations are not between ${ITERATIONS_MIN} and ${ITERATIONS_MAX}`);
    }
    return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
  }

  private verify(serverFinal: string): void {
    const given = Buffer.from(/^v=([A-Za-z0-9+/=]+)/.exec(serverFinal)?.[1] ?? '', 'base64');
    const { signature } = this;
    if (signature === undefined || given.length !== signature.length || !timingSafeEqual(given, signature)) {
      throw refused(failureIn(serverFinal) ?? 'the peer does not know the user: it is not who it has to be');
    }
    this.shown = true;
  }
}

function failureIn(text: string): string | undefined {
  const failure = /^e=([^,]+)/.exec(text)?.[1];
  return failure === undefined ? undefined : `the peer refuses: ${failure}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function refused(reason: string): AmqpError {
  return new AmqpError(Condition.unauthorizedAccess, `SCRAM-SHA-256: ${reason}`);
}

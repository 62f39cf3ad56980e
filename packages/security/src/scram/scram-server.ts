/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without sockets and without knowing users.
 *
 *     C: n,,n=user,r=CNONCE                      client-first-message
 *     S: r=CNONCE SNONCE,s=SALT,i=4096           server-first-message
 *     C: c=biws,r=CNONCE SNONCE,p=PROOF          client-final-message
 *     S: v=SIGNATURE                             server-final-message
 *
 * Channel binding is not offered (there is no -PLUS): `n` and `y` are taken, `p` is refused (RFC 5802 §6). What the client
 * said first is compared with `c=` at the end, so nobody in between can have changed it.
 */
import { timingSafeEqual } from 'node:crypto';
import type { ScramCredentials } from '@millrace/contract';
import { hmac, sha256 } from './credentials.js';

/** Longer than any honest message. */
const MESSAGE_BYTES_MAX = 4096;
const NONCE_LENGTH_MAX = 1024;
const PRINTABLE = /^[\x21-\x2b\x2d-\x7e]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The messages are not of this protocol, or ask for what is not offered: `reason` is for the log alone. */
export class ScramError extends Error {
  override readonly name = 'ScramError';
}

export interface ScramFirst {
  readonly username: string;
  readonly authzid: string | undefined;
  /** gs2-header as it was sent: what `c=` must say. */
  readonly header: string;
  /** client-first-message-bare. */
  readonly bare: string;
  readonly nonce: string;
}

/** What the server must remember between its first message and the client's last. */
export interface ScramChallenge {
  readonly first: ScramFirst;
  readonly credentials: ScramCredentials;
  readonly nonce: string;
  readonly message: string;
}

/** @throws ScramError */
export function readClientFirst(bytes: Uint8Array): ScramFirst {
  const text = textOf(bytes);
  const match = /^([ny]|p=[^,]*),(?:a=([^,]*))?,(.*)$/s.exec(text);
  if (match === null) throw new ScramError('no client-first-message');
  const [, flag = '', authzid, bare = ''] = match;
  if (flag.startsWith('p')) throw new ScramError('channel binding is not offered');
  const fields = /^n=([^,]*),r=([^,]*)(?:,.*)?$/s.exec(bare);
  if (fields === null) {
    throw new ScramError(bare.startsWith('m=') ? 'an extension that must be understood' : 'no user name and nonce');
  }
  const [, username = '', nonce = ''] = fields;
  if (!PRINTABLE.test(nonce) || nonce.length > NONCE_LENGTH_MAX) throw new ScramError('the nonce is not printable');
  return {
    username: saslName(username),
    authzid: authzid === undefined ? undefined : saslName(authzid),
    header: text.slice(0, text.length - bare.length),
    bare,
    nonce,
  };
}

/** @param serverNonce printable and never used before */
export function challengeFor(first: ScramFirst, credentials: ScramCredentials, serverNonce: string): ScramChallenge {
  const nonce = first.nonce + serverNonce;
  return { first, credentials, nonce, message: `r=${nonce},s=${credentials.salt},i=${credentials.iterations}` };
}

/** @returns the server-final-message, or undefined when the proof is wrong. @throws ScramError */
export function verifyClientFinal(challenge: ScramChallenge, bytes: Uint8Array): string | undefined {
  const { first, credentials } = challenge;
  const text = textOf(bytes);
  const match = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([^,]*)$/s.exec(text);
  if (match === null) throw new ScramError('no client-final-message');
  const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match;
  if (binding !== Buffer.from(first.header, 'utf8').toString('base64')) {
    throw new ScramError('the channel binding is not what the client began with');
  }
  if (nonce !== challenge.nonce) throw new ScramError('the nonce is not the one that was sent');
  const given = BASE64.test(proof) ? Buffer.from(proof, 'base64') : Buffer.alloc(0);
  if (given.length !== 32) throw new ScramError('the proof is not 32 bytes of base64');
  const message = `${first.bare},${challenge.message},${withoutProof}`;
  const storedKey = Buffer.from(credentials.storedKey, 'base64');
  const clientKey = hmac(storedKey, message);
  for (let index = 0; index < 32; index += 1) clientKey[index] = clientKey[index]! ^ given[index]!;
  if (!timingSafeEqual(sha256(clientKey), storedKey)) return undefined;
  const signature = hmac(Buffer.from(credentials.serverKey, 'base64'), message);
  return `v=${signature.toString('base64')}`;
}

/** `=2C` is a comma and `=3D` an equals sign; no other `=` may stand in a name (RFC 5802 §5.1). */
function saslName(text: string): string {
  if (/=(?!2C|3D)/.test(text)) throw new ScramError('a name has an = that stands for nothing');
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length > MESSAGE_BYTES_MAX) throw new ScramError('the message is too long');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ScramError('the message is not UTF-8');
  }
}

/** What mechanisms of one message send: PLAIN (RFC 4616), OAUTHBEARER (RFC 7628) and XOAUTH2. Undefined: not of that form. */

const RESPONSE_BYTES_MAX = 64 * 1024;
const SEPARATOR = '\u0001';

export interface PlainResponse {
  readonly authzid: string;
  readonly username: string;
  readonly password: string;
}

/** `[authzid] NUL authcid NUL passwd`. */
export function readPlain(bytes: Uint8Array): PlainResponse | undefined {
  const parts = textOf(bytes)?.split('\u0000');
  if (parts?.length !== 3) return undefined;
  const [authzid = '', username = '', password = ''] = parts;
  if (username === '' || password === '') return undefined;
  return { authzid, username, password };
}

export interface BearerResponse {
  readonly authzid: string | undefined;
  readonly token: string;
}

/** `n,[a=authzid],^Akey=value^A…^A^A`, of which `auth` is looked at; host and port are advice (RFC 7628 §3.1). */
export function readOauthBearer(bytes: Uint8Array): BearerResponse | undefined {
  const { head = '', token } = readPairs(bytes);
  const match = /^[ny],(?:a=([^,]*))?,$/s.exec(head);
  if (match === null || token === undefined) return undefined;
  return { authzid: match[1]?.replaceAll('=2C', ',').replaceAll('=3D', '='), token };
}

/** `user=NAME^Aauth=Bearer TOKEN^A^A`. */
export function readXoauth2(bytes: Uint8Array): BearerResponse | undefined {
  const { head = '', token } = readPairs(bytes);
  if (!head.startsWith('user=') || token === undefined) return undefined;
  return { authzid: head === 'user=' ? undefined : head.slice('user='.length), token };
}

/** What stands before the first separator, and the one token among the pairs after it. */
function readPairs(bytes: Uint8Array): { readonly head?: string; readonly token?: string } {
  const [head = '', ...pairs] = textOf(bytes)?.split(SEPARATOR) ?? [];
  if (pairs.length < 3 || pairs.pop() !== '' || pairs.pop() !== '') return {};
  const values = pairs.filter((pair) => pair.startsWith('auth='));
  // The scheme is case-insensitive (RFC 7235 §2.1).
  const token = values.length === 1 ? /^auth=bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(values[0]!)?.[1] : undefined;
  return token === undefined ? { head } : { head, token };
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > RESPONSE_BYTES_MAX) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

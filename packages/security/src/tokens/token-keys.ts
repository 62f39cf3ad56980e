/** Where an issuer's keys come from: a JWK set at a URL or in a file, or a secret in a file. */
import { readFile, stat } from 'node:fs/promises';
import type { TokenIssuer } from '@millrace/contract';
import { createLocalJWKSet, createRemoteJWKSet, type JWSHeaderParameters, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../clock.js';

/** How often a file is looked at. */
const LOOK_MS = 5_000;
const URL_CACHE_MS = 10 * 60_000;
/** An unknown key id asks the URL again, but not more often than this. */
const URL_COOLDOWN_MS = 30_000;
const URL_TIMEOUT_MS = 5_000;
const FILE_BYTES_MAX = 1024 ** 2;
const SECRET_BYTES_MIN = 32;

type Key = Awaited<ReturnType<JWTVerifyGetKey>>;

export function keysOf(issuer: TokenIssuer, clock: Clock): JWTVerifyGetKey {
  const { jwksUrl, jwksFile, secretFile } = issuer;
  if (jwksUrl !== undefined) {
    return createRemoteJWKSet(new URL(jwksUrl), {
      cacheMaxAge: URL_CACHE_MS,
      cooldownDuration: URL_COOLDOWN_MS,
      timeoutDuration: URL_TIMEOUT_MS,
    });
  }
  const file = new KeptFile(jwksFile ?? secretFile ?? '', clock, jwksFile === undefined ? secretIn : keySetIn);
  return async (header, token) => (await file.value())(header, token);
}

type FileKeys = (...header: Parameters<JWTVerifyGetKey>) => Key | Promise<Key>;

function keySetIn(bytes: Buffer): FileKeys {
  return createLocalJWKSet(JSON.parse(bytes.toString('utf8')));
}

/** The file's bytes are the secret, without a line's end. */
function secretIn(bytes: Buffer): FileKeys {
  const secret = Buffer.from(bytes.toString('latin1').replace(/\r?\n$/, ''), 'latin1');
  if (secret.length < SECRET_BYTES_MIN) throw new Error(`the secret has fewer than ${SECRET_BYTES_MIN} bytes`);
  return (_header: JWSHeaderParameters) => secret as unknown as Key;
}

/** What a file holds, read again when it has changed. */
class KeptFile<T> {
  private readonly path: string;
  private readonly clock: Clock;
  private readonly read: (bytes: Buffer) => T;
  private kept: { readonly value: T; readonly mark: string } | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock, read: (bytes: Buffer) => T) {
    this.path = path;
    this.clock = clock;
    this.read = read;
  }

  async value(): Promise<T> {
    const now = this.clock.now();
    if (this.kept !== undefined && now - this.lookedAt < LOOK_MS) return this.kept.value;
    this.lookedAt = now;
    const { mtimeMs, size, ino } = await stat(this.path);
    const mark = `${mtimeMs} ${size} ${ino}`;
    if (this.kept?.mark === mark) return this.kept.value;
    if (size > FILE_BYTES_MAX) throw new Error(`${this.path} has more than ${FILE_BYTES_MAX} bytes`);
    this.kept = { value: this.read(await readFile(this.path)), mark };
    return this.kept.value;
  }
}

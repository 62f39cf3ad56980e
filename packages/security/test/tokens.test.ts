import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TokenIssuerInput, tokenIssuer } from '@millrace/contract';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessOptions } from '../src/index.js';
import { createAccess, LOCAL, REMOTE, REMOTE_CLEAR, type Wish } from './support/users.js';

const ISSUER = 'https://id.example.com';
const directory = mkdtempSync(join(tmpdir(), 'millrace-tokens-'));
const jwksFile = join(directory, 'jwks.json');
const secretFile = join(directory, 'secret');
const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');
let key: CryptoKey;
let otherKey: CryptoKey;
let publicKey: object;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  key = pair.privateKey;
  publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' };
  otherKey = (await generateKeyPair('ES256')).privateKey;
  writeFileSync(jwksFile, JSON.stringify({ keys: [publicKey] }));
  writeFileSync(secretFile, `${SECRET.toString()}\n`);
});
afterAll(() => rmSync(directory, { recursive: true }));

const NOW = Date.UTC(2026, 0, 1) / 1000;

interface TokenWish {
  readonly claims?: object;
  readonly expiresIn?: number;
  readonly audience?: string;
  readonly issuer?: string;
  readonly key?: CryptoKey | Uint8Array;
  readonly algorithm?: string;
  readonly keyId?: string;
}

function tokenOf(wish: TokenWish = {}): Promise<string> {
  const { claims = {}, expiresIn = 600, audience = 'millrace', issuer = ISSUER, algorithm = 'ES256' } = wish;
  return new SignJWT({ sub: 'd1', ...claims })
    .setProtectedHeader({ alg: algorithm, kid: wish.keyId ?? 'one' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(NOW)
    .setExpirationTime(NOW + expiresIn)
    .sign(wish.key ?? key);
}

function unsigned(header: object, payload: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(payload)}.${signature}`;
}

const PERMISSIONS: TokenIssuerInput['permissions'] = [
  { verbs: ['send'], addresses: ['devices/${user}/#'] },
  { when: { claim: 'groups', value: 'readers' }, verbs: ['recv'], addresses: ['#'] },
  { when: { claim: 'realm_access.roles', value: 'ops' }, verbs: ['manage'], addresses: ['#'] },
  { when: { claim: 'scope', value: 'view:all' }, verbs: ['view'], addresses: ['#'] },
];

function withIssuer(
  issuer: Partial<TokenIssuerInput> = {},
  users: Readonly<Record<string, Wish>> = {},
  options: Partial<AccessOptions> = {},
) {
  const keys = issuer.jwksUrl === undefined && issuer.secretFile === undefined ? { jwksFile } : {};
  const parsed = tokenIssuer.parse({
    issuer: ISSUER,
    audience: ['millrace'],
    permissions: PERMISSIONS,
    ...keys,
    ...issuer,
  });
  return createAccess(users, { tokenIssuers: [parsed], ...options });
}

describe('a token', () => {
  it('logs in who it names, with what the issuer grants', async () => {
    const { access, login } = await withIssuer();
    const outcome = await login.token(await tokenOf({ claims: { groups: ['readers'], scope: 'x view:all' } }), REMOTE);
    if (!outcome.ok) throw new Error(outcome.reason);
    const { principal } = outcome;
    expect(principal.name).toBe('token:d1');
    expect(access.authorize(principal, 'send', 'devices/d1/x')).toBe(true);
    expect(access.authorize(principal, 'send', 'devices/d2/x')).toBe(false);
    expect(access.authorize(principal, 'recv', 'a')).toBe(true);
    expect(access.authorize(principal, 'view', 'a')).toBe(true);
    expect(access.authorize(principal, 'manage', 'a')).toBe(false);
  });

  it('follows dots into objects', async () => {
    const { access, login } = await withIssuer();
    const outcome = await login.token(await tokenOf({ claims: { realm_access: { roles: ['ops'] } } }), REMOTE);
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(access.authorize(outcome.principal, 'manage', 'a')).toBe(true);
  });

  it.each<[string, () => Promise<string> | string, string]>([
    ['is expired', () => tokenOf({ expiresIn: -60 }), 'exp'],
    ['is for others', () => tokenOf({ audience: 'other' }), 'aud'],
    ['is of another issuer', () => tokenOf({ issuer: 'https://evil.example.com' }), 'unknown issuer'],
    ['is signed with another key', () => tokenOf({ key: otherKey }), 'signature'],
    ['is of an unknown key', () => tokenOf({ keyId: 'two' }), 'no applicable key'],
    [
      'says alg none',
      () => unsigned({ alg: 'none' }, { iss: ISSUER, aud: 'millrace', sub: 'd1', exp: NOW + 600 }),
      'not valid',
    ],
    [
      'is signed by HMAC with the public key',
      () => tokenOf({ algorithm: 'HS256', key: Buffer.from(JSON.stringify(publicKey)) }),
      'alg',
    ],
    ['never expires', async () => unsignedExpiry(), 'exp'],
    ['names nobody', () => tokenOf({ claims: { sub: 7 } }), 'names nobody|sub'],
    ['is none', () => 'eyJ.eyJ.eyJ', 'not valid'],
    ['is too long', () => `eyJ${'a'.repeat(20_000)}`, 'too long'],
  ])('is refused that %s', async (_, make, reason) => {
    const { login, records } = await withIssuer();
    const outcome = await login.token(await make(), REMOTE);
    expect(outcome.ok).toBe(false);
    expect(records.at(-1)).toMatchObject({ event: 'login', outcome: 'failure' });
    expect(records.at(-1)?.reason).toMatch(new RegExp(reason));
  });

  async function unsignedExpiry(): Promise<string> {
    return new SignJWT({ sub: 'd1' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(ISSUER)
      .setAudience('millrace')
      .sign(key);
  }

  it('is good for as long as clocks may differ, and then ends live connections', async () => {
    const { access, login, clock } = await withIssuer();
    const outcome = await login.token(await tokenOf({ expiresIn: 10 }), REMOTE);
    if (!outcome.ok) throw new Error(outcome.reason);
    const { principal } = outcome;
    const told: boolean[] = [];
    access.onChange((changed) => told.push(changed.has(principal)));
    await clock.go(39_000);
    expect(access.stillValid(principal)).toBe(true);
    expect(told).toEqual([]);
    await clock.go(3_000);
    expect(access.stillValid(principal)).toBe(false);
    expect(access.authorize(principal, 'send', 'devices/d1/x')).toBe(false);
    expect(told).toEqual([true]);
    expect(await login.token(await tokenOf({ expiresIn: 10 }), REMOTE)).toMatchObject({ ok: false });
  });

  it('takes the place of a password, whatever the name', async () => {
    const { login } = await withIssuer();
    const token = Buffer.from(await tokenOf());
    for (const name of ['d1', '', undefined, 'unused']) {
      expect(await login.password(name, token, REMOTE)).toMatchObject({ ok: true, principal: { name: 'token:d1' } });
    }
    const plain = Buffer.concat([Buffer.from('\0d1\0'), token]);
    expect(await login.begin('PLAIN', REMOTE)!.step(plain)).toMatchObject({ kind: 'done' });
  });

  it('is not taken in clear from another machine', async () => {
    const { login } = await withIssuer();
    const token = await tokenOf();
    expect(await login.token(token, REMOTE_CLEAR)).toMatchObject({ ok: false });
    expect(login.mechanisms(REMOTE_CLEAR)).toEqual([]);
    expect(await login.token(token, LOCAL)).toMatchObject({ ok: true });
  });

  it('closes the server to those without, as users do', async () => {
    const { login, access } = await withIssuer();
    expect(access.isOpen).toBe(false);
    expect(login.mechanisms(LOCAL)).toEqual(['OAUTHBEARER', 'XOAUTH2', 'PLAIN']);
    expect(await login.password(undefined, undefined, LOCAL)).toMatchObject({ ok: false });
  });

  it('cannot pass for a user of the same name, nor for more than a part of a level', async () => {
    const { access, login } = await withIssuer({}, { admin: {} });
    const asAdmin = await login.token(await tokenOf({ claims: { sub: 'admin' } }), REMOTE);
    if (!asAdmin.ok) throw new Error(asAdmin.reason);
    expect(access.authorize(asAdmin.principal, 'manage', 'a')).toBe(false);
    // A will that was kept over a restart has a name alone.
    expect(access.authorize({ name: asAdmin.principal.name, authenticated: true }, 'send', 'a')).toBe(false);
    for (const sub of ['#', '+', 'a/b', '$x', 'd\0']) {
      const outcome = await login.token(await tokenOf({ claims: { sub } }), REMOTE);
      if (!outcome.ok) throw new Error(outcome.reason);
      for (const address of ['devices/a', 'devices/a/b/c', `devices/${sub}/x`, 'devices/#', 'devices/+/x']) {
        expect(access.authorize(outcome.principal, 'send', address), `${sub} ${address}`).toBe(false);
      }
    }
  });

  it('of an issuer who names users has their permissions too, as long as they are enabled', async () => {
    const permissions = [{ verbs: ['recv' as const], addresses: ['answers/${user}'] }];
    const wish = { authentication: { type: 'external' as const }, permissions };
    const { access, login } = await withIssuer({ namesUsers: true }, { d1: wish, d2: { ...wish, enabled: false } });
    const outcome = await login.token(await tokenOf(), REMOTE);
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(outcome.principal.name).toBe('d1');
    expect(access.authorize(outcome.principal, 'recv', 'answers/d1')).toBe(true);
    expect(access.authorize(outcome.principal, 'send', 'devices/d1/x')).toBe(true);
    expect(await login.token(await tokenOf({ claims: { sub: 'd2' } }), REMOTE)).toMatchObject({ ok: false });
    access.removeUser('d1');
    expect(access.authorize(outcome.principal, 'recv', 'answers/d1')).toBe(false);
  });

  it('may bring its own permissions, where they are ones', async () => {
    const { access, login } = await withIssuer({ permissionsClaim: 'millrace' });
    const claim = [{ verbs: ['send', 'recv'], addresses: ['a/#'] }];
    const outcome = await login.token(await tokenOf({ claims: { millrace: claim } }), REMOTE);
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(access.authorize(outcome.principal, 'recv', 'a/b')).toBe(true);
    for (const bad of ['#', [{ verbs: ['own'], addresses: ['a'] }], [{ verbs: ['send'], addresses: ['#/a'] }]]) {
      expect(await login.token(await tokenOf({ claims: { millrace: bad } }), REMOTE)).toMatchObject({ ok: false });
    }
  });

  it('of a shared secret is taken where one is given, and no other algorithm then', async () => {
    const { login } = await withIssuer({ secretFile });
    expect(await login.token(await tokenOf({ algorithm: 'HS256', key: SECRET }), REMOTE)).toMatchObject({ ok: true });
    expect(await login.token(await tokenOf(), REMOTE)).toMatchObject({ ok: false });
    const limited = await withIssuer({ secretFile, algorithms: ['HS512'] });
    const token = await tokenOf({ algorithm: 'HS256', key: SECRET });
    expect(await limited.login.token(token, REMOTE)).toMatchObject({ ok: false });
  });

  it('is refused, not a fault, where the keys cannot be read', async () => {
    const { login, records } = await withIssuer({ jwksFile: join(directory, 'nowhere.json') });
    expect(await login.token(await tokenOf(), REMOTE)).toMatchObject({ ok: false });
    expect(records.at(-1)?.reason).toMatch(/ENOENT/);
  });

  it('is looked at with new keys when the file has changed', async () => {
    const file = join(directory, 'rotating.json');
    writeFileSync(file, JSON.stringify({ keys: [] }));
    const { login, clock } = await withIssuer({ jwksFile: file });
    expect(await login.token(await tokenOf(), REMOTE)).toMatchObject({ ok: false });
    writeFileSync(file, JSON.stringify({ keys: [publicKey] }));
    utimesSync(file, new Date(), new Date(Date.now() + 5_000));
    expect(await login.token(await tokenOf(), REMOTE)).toMatchObject({ ok: false });
    await clock.go(6_000);
    expect(await login.token(await tokenOf(), REMOTE)).toMatchObject({ ok: true });
  });
});

describe('OAUTHBEARER', () => {
  const response = (token: string, authzid = '') => Buffer.from(`n,${authzid},\x01auth=Bearer ${token}\x01\x01`);

  it('is done with a good token', async () => {
    const { login } = await withIssuer();
    const step = await login.begin('OAUTHBEARER', REMOTE)!.step(response(await tokenOf(), 'a=d1'));
    expect(step).toMatchObject({ kind: 'done', principal: { name: 'token:d1' } });
  });

  it('says why as JSON, and fails when that was read', async () => {
    const { login } = await withIssuer();
    const exchange = login.begin('OAUTHBEARER', REMOTE)!;
    const step = await exchange.step(response(await tokenOf({ expiresIn: -60 })));
    expect(step.kind).toBe('challenge');
    if (step.kind === 'challenge')
      expect(JSON.parse(Buffer.from(step.data).toString())).toEqual({ status: 'invalid_token' });
    expect((await exchange.step(Buffer.of(1))).kind).toBe('failed');
    expect((await exchange.step(response(await tokenOf()))).kind).toBe('failed');
  });

  it('acts for nobody else', async () => {
    const { login } = await withIssuer();
    const exchange = login.begin('OAUTHBEARER', REMOTE)!;
    await exchange.step(response(await tokenOf(), 'a=admin'));
    expect((await exchange.step(Buffer.of(1))).kind).toBe('failed');
  });
});

describe('keys from a URL', () => {
  let server: Server;
  let asked = 0;
  let url: string;
  beforeAll(async () => {
    server = createServer((_request, answer) => {
      asked += 1;
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ keys: [publicKey] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => server.close());

  it('are asked for once for many tokens, good ones or of an unknown key', async () => {
    const { login } = await withIssuer({ jwksUrl: url });
    for (let count = 0; count < 3; count += 1) {
      const claims = { count };
      expect(await login.token(await tokenOf({ claims }), REMOTE)).toMatchObject({ ok: true });
      expect(await login.token(await tokenOf({ claims, keyId: 'two' }), REMOTE)).toMatchObject({ ok: false });
    }
    expect(asked).toBe(1);
  });

  it('are taken from https, or from this machine', () => {
    const wish = (jwksUrl: string) => tokenIssuer.safeParse({ issuer: 'x', audience: ['y'], jwksUrl }).success;
    expect(wish('https://id.example.com/jwks')).toBe(true);
    expect(wish('http://localhost:9000/jwks')).toBe(true);
    expect(wish('http://id.example.com/jwks')).toBe(false);
    expect(wish('http://localhost.evil.com/jwks')).toBe(false);
    expect(wish('file:///etc/passwd')).toBe(false);
  });
});

describe('the configuration of an issuer', () => {
  it.each([
    ['no keys', {}],
    ['two kinds of keys', { jwksFile: 'a', secretFile: 'b' }],
    ['an algorithm of another kind of key', { jwksFile: 'a', algorithms: ['HS256'] }],
    ['alg none', { jwksFile: 'a', algorithms: ['none'] }],
    ['a prefix without a colon', { jwksFile: 'a', prefix: 'x' }],
    ['an empty audience', { jwksFile: 'a', audience: [] }],
  ])('is refused with %s', (_, part) => {
    expect(tokenIssuer.safeParse({ issuer: 'x', audience: ['y'], ...part }).success).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import type { ClientCertificate, Origin } from '../src/index.js';
import { readOauthBearer, readPlain, readXoauth2 } from '../src/sasl/initial-responses.js';
import { preparePassword } from '../src/sasl/prepare-password.js';
import { createAccess, LOCAL, REMOTE, REMOTE_CLEAR, userRecord } from './support/users.js';

const bytes = (text: string) => Buffer.from(text);

const CERTIFICATE: ClientCertificate = {
  commonName: 'device-1',
  alternativeNames: ['device-1.example.com', 'urn:device:1'],
  fingerprint256: Array(32).fill('AB').join(':'),
};

describe('mechanisms', () => {
  it.each([
    ['without users, from loopback', {}, LOCAL, ['PLAIN', 'ANONYMOUS']],
    ['without users, from elsewhere', {}, REMOTE, []],
    ['with users, over TLS', { ann: {} }, REMOTE, ['SCRAM-SHA-256', 'PLAIN']],
    ['with users, in clear', { ann: {} }, REMOTE_CLEAR, ['SCRAM-SHA-256']],
    ['with users, from loopback', { ann: {} }, LOCAL, ['SCRAM-SHA-256', 'PLAIN']],
    [
      'with a certificate that is a user’s',
      { 'device-1': { authentication: { type: 'certificate' } } },
      { ...REMOTE, certificate: CERTIFICATE },
      ['EXTERNAL', 'SCRAM-SHA-256', 'PLAIN'],
    ],
    [
      'with a certificate that is nobody’s',
      { ann: {} },
      { ...REMOTE, certificate: CERTIFICATE },
      ['SCRAM-SHA-256', 'PLAIN'],
    ],
  ] as const)('%s', async (_, users, origin, expected) => {
    const { login } = await createAccess(users);
    expect(login.mechanisms(origin)).toEqual(expected);
    for (const mechanism of ['EXTERNAL', 'SCRAM-SHA-256', 'PLAIN', 'ANONYMOUS', 'OAUTHBEARER', 'CRAM-MD5']) {
      const offered = (expected as readonly string[]).includes(mechanism);
      expect(login.begin(mechanism, origin) !== undefined, mechanism).toBe(offered);
    }
  });

  it('everybody from everywhere, where that was asked for by name, until there are users', async () => {
    const { login, access } = await createAccess({}, { anonymous: 'everywhere' });
    expect(login.mechanisms(REMOTE_CLEAR)).toEqual(['PLAIN', 'ANONYMOUS']);
    access.putUser(await userRecord('ann'));
    expect(login.mechanisms(REMOTE_CLEAR)).toEqual(['SCRAM-SHA-256']);
  });
});

describe('PLAIN', () => {
  it.each([
    ['\0ann\0secret', 'done'],
    ['ann\0ann\0secret', 'done'],
    ['bob\0ann\0secret', 'failed'],
    ['\0ann\0Secret', 'failed'],
    ['\0ann\0', 'failed'],
    ['\0\0secret', 'failed'],
    ['\0eve\0secret', 'failed'],
    ['ann\0secret', 'failed'],
    ['\0ann\0secret\0', 'failed'],
  ])('%j is %s', async (response, kind) => {
    const { login } = await createAccess({ ann: {} });
    expect((await login.begin('PLAIN', REMOTE)!.step(bytes(response))).kind).toBe(kind);
  });

  it('lets in whoever it is where everybody is let in', async () => {
    const { login } = await createAccess();
    const step = await login.begin('PLAIN', LOCAL)!.step(bytes('\0who\0ever'));
    expect(step).toMatchObject({ kind: 'done', principal: { name: 'anonymous', authenticated: false } });
  });
});

describe('name and password', () => {
  it('is refused in clear from another machine, right or wrong, unless that was asked for', async () => {
    const { login, records } = await createAccess({ ann: {} });
    expect(await login.password('ann', bytes('secret'), REMOTE_CLEAR)).toMatchObject({ ok: false });
    expect(records.at(-1)).toMatchObject({ reason: 'a password or token in clear, and no TLS' });
    const behindProxy = await createAccess({ ann: {} }, { cleartext: 'everywhere' });
    expect(await behindProxy.login.password('ann', bytes('secret'), REMOTE_CLEAR)).toMatchObject({ ok: true });
  });

  it('is the same however the password is written (SASLprep)', async () => {
    const prepared = (await preparePassword('pass\u00adword \u2168'))!;
    expect(prepared).toBe('password IX');
    const { login } = await createAccess({ ann: { password: prepared } });
    expect(await login.password('ann', bytes('pass\u00adword\u00a0\u2168'), REMOTE)).toMatchObject({ ok: true });
    expect(await login.password('ann', bytes('password\u0007'), REMOTE)).toMatchObject({ ok: false });
    expect(await login.password('ann', Buffer.of(0xff, 0xfe), REMOTE)).toMatchObject({ ok: false });
  });

  it('tells a client nothing of why', async () => {
    const { login } = await createAccess({ ann: {}, bob: { enabled: false } });
    const answers = await Promise.all([
      login.begin('PLAIN', REMOTE)!.step(bytes('\0ann\0wrong')),
      login.begin('PLAIN', REMOTE)!.step(bytes('\0eve\0secret')),
      login.begin('PLAIN', REMOTE)!.step(bytes('\0bob\0secret')),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
  });

  it('without any is refused where there are users', async () => {
    const { login } = await createAccess({ ann: {} });
    expect(await login.password(undefined, undefined, LOCAL)).toMatchObject({ ok: false, reason: 'no credentials' });
    expect(await login.password('ann', undefined, LOCAL)).toMatchObject({ ok: false });
  });
});

describe('a certificate', () => {
  const withCertificate: Origin = { ...REMOTE, certificate: CERTIFICATE };

  it.each([
    ['the common name is the user’s name', 'device-1', {}, true],
    ['another name', 'device-2', {}, false],
    ['a common name that is said', 'x', { commonName: 'device-1' }, true],
    ['an alternative name', 'x', { alternativeName: 'urn:device:1' }, true],
    ['another alternative name', 'x', { alternativeName: 'urn:device:2' }, false],
    ['a fingerprint', 'x', { fingerprint256: CERTIFICATE.fingerprint256 }, true],
    ['all of them', 'x', { commonName: 'device-1', alternativeName: 'urn:device:1' }, true],
    ['one of two does not fit', 'x', { commonName: 'device-2', alternativeName: 'urn:device:1' }, false],
  ])('%s', async (_, name, said, fits) => {
    const { login } = await createAccess({ [name]: { authentication: { type: 'certificate', ...said } } });
    const outcome = await login.password(undefined, undefined, withCertificate);
    expect(outcome).toMatchObject(fits ? { ok: true, principal: { name } } : { ok: false });
    const step = await login.begin('EXTERNAL', withCertificate)?.step(new Uint8Array(0));
    expect(step?.kind).toBe(fits ? 'done' : undefined);
  });

  it('that two users could have is nobody’s', async () => {
    const said = { authentication: { type: 'certificate', commonName: 'device-1' } } as const;
    const { login } = await createAccess({ a: said, b: said });
    expect(await login.password(undefined, undefined, withCertificate)).toMatchObject({ ok: false });
  });

  it('names its user and no other', async () => {
    const { login } = await createAccess({ 'device-1': { authentication: { type: 'certificate' } }, ann: {} });
    expect(await login.password('device-1', undefined, withCertificate)).toMatchObject({ ok: true });
    expect(await login.password('ann', undefined, withCertificate)).toMatchObject({ ok: false });
    expect((await login.begin('EXTERNAL', withCertificate)!.step(bytes('ann'))).kind).toBe('failed');
    expect((await login.begin('EXTERNAL', withCertificate)!.step(bytes('device-1'))).kind).toBe('done');
  });

  it('a password that is given counts before it', async () => {
    const { login } = await createAccess({ 'device-1': { authentication: { type: 'certificate' } }, ann: {} });
    const outcome = await login.password('ann', bytes('secret'), withCertificate);
    expect(outcome).toMatchObject({ ok: true, principal: { name: 'ann' } });
    expect(await login.password('ann', bytes('wrong'), withCertificate)).toMatchObject({ ok: false });
  });
});

describe('what mechanisms send', () => {
  it.each([
    ['n,a=ann,\x01host=h\x01port=1\x01auth=Bearer a.b.c\x01\x01', { authzid: 'ann', token: 'a.b.c' }],
    ['n,,\x01auth=bearer a.b.c\x01\x01', { authzid: undefined, token: 'a.b.c' }],
    ['p=x,,\x01auth=Bearer a\x01\x01', undefined],
    ['n,,\x01auth=Basic a\x01\x01', undefined],
    ['n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01', undefined],
    ['n,,\x01auth=Bearer a\x01', undefined],
    ['n,,\x01\x01', undefined],
    ['', undefined],
  ])('OAUTHBEARER %j', (response, expected) => {
    expect(readOauthBearer(bytes(response))).toEqual(expected);
  });

  it.each([
    ['user=ann\x01auth=Bearer a.b.c\x01\x01', { authzid: 'ann', token: 'a.b.c' }],
    ['user=\x01auth=Bearer a.b.c\x01\x01', { authzid: undefined, token: 'a.b.c' }],
    ['auth=Bearer a.b.c\x01\x01', undefined],
  ])('XOAUTH2 %j', (response, expected) => {
    expect(readXoauth2(bytes(response))).toEqual(expected);
  });

  it('PLAIN that is not UTF-8 is none', () => {
    expect(readPlain(Buffer.from([0, 0x61, 0, 0xff]))).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { addressPatternFault, checkDocument, isAdministrator, type UserSpec } from '../src/index.js';

function user(spec: object, name = 'ann'): object {
  return { apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name }, spec };
}

function faultsOf(document: object) {
  const checked = checkDocument(document);
  return checked.ok ? [] : checked.details;
}

const CREDENTIALS = {
  iterations: 4096,
  salt: Buffer.alloc(16, 1).toString('base64'),
  storedKey: Buffer.alloc(32, 2).toString('base64'),
  serverKey: Buffer.alloc(32, 3).toString('base64'),
};

describe('a user document', () => {
  it.each([
    ['a password', { type: 'password', password: 'hunter2' }],
    ['credentials', { type: 'password', credentials: CREDENTIALS }],
    ['neither: what there is stays', { type: 'password' }],
    ['a certificate by the name of the user', { type: 'certificate' }],
    ['a certificate by all that it can say', { type: 'certificate', commonName: 'a', alternativeName: 'urn:a' }],
    ['someone else who knows it', { type: 'external' }],
  ])('may have %s', (_, authentication) => {
    const permissions = [
      { verbs: ['send', 'recv'], addresses: ['devices/${user}/#', '+/${clientId}-x', '$temporary/#'] },
    ];
    const checked = checkDocument(user({ authentication, permissions }));
    expect(checked).toMatchObject({ ok: true, value: { kind: 'User', spec: { enabled: true, authentication } } });
  });

  it.each([
    ['no authentication', {}, '/spec/authentication', 'required', ''],
    [
      'an unknown type',
      { authentication: { type: 'passwort' } },
      '/spec/authentication/type',
      'value',
      'mean password?',
    ],
    [
      'an unknown key',
      { authentication: { type: 'certificate', commonname: 'x' } },
      '/spec/authentication/commonname',
      'unknown-key',
      'did you mean commonName?',
    ],
    [
      'a password that YAML reads as a number',
      { authentication: { type: 'password', password: 123456 } },
      '/spec/authentication/password',
      'type',
      'is a number',
    ],
    [
      'both a password and credentials',
      { authentication: { type: 'password', password: 'x', credentials: CREDENTIALS } },
      '/spec/authentication/credentials',
      'value',
      'not both',
    ],
    [
      'too few iterations',
      { authentication: { type: 'password', credentials: { ...CREDENTIALS, iterations: 1000 } } },
      '/spec/authentication/credentials/iterations',
      'range',
      'the least is 4096',
    ],
    [
      'a key that is too short',
      { authentication: { type: 'password', credentials: { ...CREDENTIALS, storedKey: 'AAAA' } } },
      '/spec/authentication/credentials/storedKey',
      'value',
      '32 bytes',
    ],
    [
      'an unknown verb',
      { authentication: { type: 'external' }, permissions: [{ verbs: ['receive'], addresses: ['a'] }] },
      '/spec/permissions/0/verbs/0',
      'value',
      'send, recv, view, manage',
    ],
    [
      'a wildcard beside text',
      { authentication: { type: 'external' }, permissions: [{ verbs: ['send'], addresses: ['a', 'b#'] }] },
      '/spec/permissions/0/addresses/1',
      'pattern',
      'a whole level',
    ],
    [
      'an unknown variable',
      { authentication: { type: 'external' }, permissions: [{ verbs: ['send'], addresses: ['a/${username}'] }] },
      '/spec/permissions/0/addresses/0',
      'pattern',
      '${user} and ${clientId}',
    ],
    [
      'more permissions than are held',
      { authentication: { type: 'external' }, permissions: Array(1001).fill({ verbs: ['send'], addresses: ['a'] }) },
      '/spec/permissions',
      'range',
      'the most is 1000',
    ],
    [
      'more patterns than are held',
      {
        authentication: { type: 'external' },
        permissions: Array(11).fill({ verbs: ['send'], addresses: Array(1000).fill('a') }),
      },
      '/spec/permissions',
      'range',
      'the most is 10000',
    ],
  ])('is refused with %s', (_, spec, pointer, code, words) => {
    const [fault] = faultsOf(user(spec));
    expect(fault).toMatchObject({ pointer, code });
    expect(fault!.detail).toContain(words);
  });

  it.each(['', '-a', 'a/b', 'a:b', 'a b', '+', '#', '$a', 'anonymous', 'a'.repeat(256)])('is not called %j', (name) => {
    expect(faultsOf(user({ authentication: { type: 'external' } }, name))[0]).toMatchObject({ code: 'name' });
  });

  it('tells no secret in a fault, wherever the fault is', () => {
    const secret = 'S3cret-value';
    const specs = [
      { authentication: { type: 'password', password: secret.repeat(200) } },
      { authentication: { type: 'password', credentials: { ...CREDENTIALS, salt: secret } } },
      { authentication: { type: 'passwort', password: secret } },
      { authentication: [{ type: 'password', password: secret }] },
      { authentication: { type: 'password', password: secret, credentials: secret } },
      { authentication: { type: 'password', password: [secret] } },
    ];
    for (const spec of specs) {
      const faults = faultsOf(user(spec));
      expect(faults.length).toBeGreaterThan(0);
      expect(JSON.stringify(faults)).not.toContain('S3cret');
    }
  });
});

describe('an address pattern', () => {
  it.each(['#', '+', 'a', 'a/#', '+/+/#', '/', 'a//b', '$address', '$temporary/#', '${user}', 'x-${user}/+'])(
    '%s',
    (text) => {
      expect(addressPatternFault(text)).toBeUndefined();
    },
  );

  it.each(['', '#/a', 'a/#/b', 'a+', '+a/b', 'a\u0000', '$share/g/a', '${}', 'ä'.repeat(513)])('not %j', (text) => {
    expect(addressPatternFault(text)).toMatch(/./);
  });
});

it('knows an administrator', () => {
  const spec = (verb: 'manage' | 'view', address: string, enabled = true): UserSpec => ({
    authentication: { type: 'external' },
    enabled,
    permissions: [{ verbs: [verb], addresses: ['x', address] }],
  });
  expect(isAdministrator(spec('manage', '#'))).toBe(true);
  expect(isAdministrator(spec('manage', '+/#'))).toBe(false);
  expect(isAdministrator(spec('view', '#'))).toBe(false);
  expect(isAdministrator(spec('manage', '#', false))).toBe(false);
});

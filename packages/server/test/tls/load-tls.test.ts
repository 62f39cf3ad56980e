import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTls } from '../../src/tls/load-tls.js';
import { TlsFileError, type TlsOptions } from '../../src/tls/tls-options.js';

const NOW = new Date('2027-01-01T00:00:00Z');
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-tls-'));
  await writeFile(join(directory, 'text.pem'), 'hello');
  await writeFile(join(directory, 'torn.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  await writeFile(join(directory, 'torn-key.pem'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
  await writeFile(join(directory, 'large.pem'), Buffer.alloc(2 * 1024 ** 2));
});

afterAll(() => rm(directory, { recursive: true }));

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../plane-embedded/test/fixtures/tls/${name}.pem`, import.meta.url));
}

const own = (name: string): string => join(directory, `${name}.pem`);
const good: TlsOptions = { certificate: fixture('server'), key: fixture('server-key') };

describe('files of TLS', () => {
  it('that are good give terms: no certificates of clients, unless there are authorities', async () => {
    const { terms, certificate } = await loadTls(good, NOW);
    expect([terms.clientCertificates, terms.context.minVersion, certificate.subject]).toEqual([
      'none',
      'TLSv1.2',
      'CN=localhost',
    ]);
    const asking = { ...good, clientAuthorities: fixture('authority') };
    expect((await loadTls(asking, NOW)).terms.clientCertificates).toBe('request');
    expect((await loadTls({ ...asking, clientCertificates: 'require' }, NOW)).terms.clientCertificates).toBe('require');
    const open = { ...good, key: fixture('encrypted-key'), keyPassphrase: 'open' };
    expect((await loadTls(open, NOW)).terms.context.passphrase).toBe('open');
  });

  const cases: readonly [string, () => TlsOptions, () => string, RegExp, string?][] = [
    ['a missing certificate', () => ({ ...good, certificate: own('none') }), () => own('none'), /no such file/],
    ['a directory', () => ({ ...good, key: directory }), () => directory, /a directory/],
    ['a large file', () => ({ ...good, key: own('large') }), () => own('large'), /larger than 1 MiB/],
    ['no PEM', () => ({ ...good, certificate: own('text') }), () => own('text'), /no PEM file.*BEGIN CERTIFICATE/],
    [
      'a key as certificate',
      () => ({ ...good, certificate: good.key }),
      () => good.key,
      /holds a (ec )?private key, and no certificate|holds a ec parameters/,
    ],
    [
      'a certificate as key',
      () => ({ ...good, key: good.certificate }),
      () => good.certificate,
      /holds a certificate, and no private key/,
    ],
    ['a torn certificate', () => ({ ...good, certificate: own('torn') }), () => own('torn'), /cannot be read/],
    ['a torn key', () => ({ ...good, key: own('torn-key') }), () => own('torn-key'), /the key cannot be read/],
    ["another's key", () => ({ ...good, key: fixture('ann-key') }), () => fixture('ann-key'), /does not fit/],
    [
      'an encrypted key',
      () => ({ ...good, key: fixture('encrypted-key') }),
      () => fixture('encrypted-key'),
      /encrypted, and there is no passphrase/,
    ],
    [
      'a wrong passphrase',
      () => ({ ...good, key: fixture('encrypted-key'), keyPassphrase: 'x' }),
      () => fixture('encrypted-key'),
      /passphrase does not open/,
    ],
    ['an expired certificate', () => good, () => good.certificate, /expired on 2\d{3}-/, '2999-01-01'],
    ['one that is not valid yet', () => good, () => good.certificate, /not valid before/, '2001-01-01'],
    [
      'an authority that is none',
      () => ({ ...good, clientAuthorities: fixture('ann') }),
      () => fixture('ann'),
      /not an authority's/,
    ],
  ];

  it.each(cases)('name file and reason: %s', async (_name, options, file, reason, now) => {
    const loading = loadTls(options(), now === undefined ? NOW : new Date(now));
    await expect(loading).rejects.toBeInstanceOf(TlsFileError);
    await expect(loading).rejects.toMatchObject({ file: file(), reason: expect.stringMatching(reason) });
    await expect(loading).rejects.toThrow(file());
  });
});

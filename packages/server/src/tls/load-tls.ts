/** Reads and checks the files of TLS. What node:tls would say of a bad one names neither the file nor what is wrong. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsTerms } from '@millrace/plane-embedded';
import { TlsFileError, type TlsOptions } from './tls-options.js';

/** Larger than any of these files has reason to be. */
const FILE_BYTES_MAX = 1024 ** 2;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface LoadedTls {
  readonly terms: TlsTerms;
  /** Of the server's own certificate. */
  readonly certificate: X509Certificate;
  /** Changes with the content of any of the files. */
  readonly content: string;
}

/** @throws TlsFileError naming file and reason */
export async function loadTls(options: TlsOptions, now: Date): Promise<LoadedTls> {
  const certificateText = await readText(options.certificate);
  const keyText = await readText(options.key);
  const { clientAuthorities } = options;
  const authoritiesText = clientAuthorities === undefined ? undefined : await readText(clientAuthorities);
  const [certificate] = certificatesOf(options.certificate, certificateText);
  checkTime(options.certificate, certificate!, now);
  const key = keyOf(options, keyText);
  if (!certificate!.checkPrivateKey(key)) {
    throw new TlsFileError(options.key, `the key does not fit the certificate in ${options.certificate}`);
  }
  if (clientAuthorities !== undefined) checkAuthorities(clientAuthorities, authoritiesText ?? '', now);
  const context: SecureContextOptions = {
    cert: certificateText,
    key: keyText,
    minVersion: options.minVersion ?? 'TLSv1.2',
    ...(options.keyPassphrase === undefined ? {} : { passphrase: options.keyPassphrase }),
    ...(authoritiesText === undefined ? {} : { ca: authoritiesText }),
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new TlsFileError(options.certificate, `TLS cannot use it: ${messageOf(error)}`, { cause: error });
  }
  const clientCertificates = clientAuthorities === undefined ? 'none' : (options.clientCertificates ?? 'request');
  const content = JSON.stringify([certificateText, keyText, authoritiesText]);
  return { terms: { context, clientCertificates }, certificate: certificate!, content };
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new TlsFileError(file, readingFailed(error), { cause: error });
  }
  if (bytes.length > FILE_BYTES_MAX) throw new TlsFileError(file, 'it is larger than 1 MiB');
  return bytes.toString('utf8');
}

function readingFailed(error: unknown): string {
  switch ((error as { code?: unknown }).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read by this user';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return messageOf(error);
  }
}

/** At least one. */
function certificatesOf(file: string, text: string): readonly X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new TlsFileError(file, withoutBlock(text, 'certificate'));
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new TlsFileError(file, `certificate ${index + 1} in it cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  });
}

function withoutBlock(text: string, wanted: 'certificate' | 'private key'): string {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1]?.toLowerCase();
  if (found === undefined) return `it is no PEM file: there is no "-----BEGIN ${wanted.toUpperCase()}-----" in it`;
  return `it holds a ${found}, and no ${wanted}`;
}

function checkTime(file: string, certificate: X509Certificate, now: Date): void {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (to < now) throw new TlsFileError(file, `the certificate has expired on ${day(to)}`);
  if (from > now) throw new TlsFileError(file, `the certificate is not valid before ${from.toISOString()}`);
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function keyOf({ key: file, keyPassphrase }: TlsOptions, text: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new TlsFileError(file, withoutBlock(text, 'private key'));
  try {
    return createPrivateKey({ key: text, ...(keyPassphrase === undefined ? {} : { passphrase: keyPassphrase }) });
  } catch (error) {
    const isEncrypted = /ENCRYPTED/.test(text);
    const reason = isEncrypted
      ? keyPassphrase === undefined
        ? 'the key is encrypted, and there is no passphrase for it'
        : 'the passphrase does not open the key'
      : `the key cannot be read: ${messageOf(error)}`;
    throw new TlsFileError(file, reason, { cause: error });
  }
}

/** One that has expired lets nobody in; the others in the file do. */
function checkAuthorities(file: string, text: string, now: Date): void {
  const authorities = certificatesOf(file, text);
  for (const [index, authority] of authorities.entries()) {
    if (!authority.ca) throw new TlsFileError(file, `certificate ${index + 1} in it is not an authority's`);
  }
  if (authorities.every((authority) => new Date(authority.validTo) < now)) {
    throw new TlsFileError(file, 'all authorities in it have expired');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A private authority and what it signs, as X.509 certificates with ECDSA keys on P-256. For trials and small sites: the
 * authority's key lies beside the rest, and nothing is ever revoked.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
/** Clocks of devices are behind: a certificate is good from an hour before it was made. */
const EARLIER_MS = 3_600_000;

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Issued {
  readonly parsed: x509.X509Certificate;
  readonly signingKey: CryptoKey;
}

type CryptoKey = webcrypto.CryptoKey;

export interface Life {
  readonly now: Date;
  readonly days: number;
}

export async function createAuthority(commonName: string, life: Life): Promise<Authority> {
  const keys = await createKeys();
  const parsed = await x509.X509CertificateGenerator.createSelfSigned({
    ...identityOf(commonName, life),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(parsed), key: await keyPem(keys.privateKey), parsed, signingKey: keys.privateKey };
}

/** The authority that was made before. @throws Error when the two do not belong together, or are none */
export async function readAuthority(certificate: string, key: string): Promise<Authority> {
  const parsed = new x509.X509Certificate(certificate);
  const bytes = x509.PemConverter.decodeFirst(key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', bytes, ALGORITHM, true, ['sign']);
  return { certificate, key, parsed, signingKey };
}

/** @param hosts names and addresses under which clients reach it */
export async function createServerCertificate(
  authority: Authority,
  hosts: readonly string[],
  life: Life,
): Promise<Issued> {
  const names = hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }) as const);
  return await createLeaf(authority, hosts[0] ?? 'localhost', {
    life,
    usage: x509.ExtendedKeyUsage.serverAuth,
    names,
  });
}

/** @param user common name: the user that the client is to the server */
export async function createClientCertificate(authority: Authority, user: string, life: Life): Promise<Issued> {
  return await createLeaf(authority, user, { life, usage: x509.ExtendedKeyUsage.clientAuth, names: [] });
}

interface Leaf {
  readonly life: Life;
  readonly usage: string;
  readonly names: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[];
}

async function createLeaf(authority: Authority, commonName: string, { life, usage, names }: Leaf): Promise<Issued> {
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    ...identityOf(commonName, life),
    subject: [{ CN: [commonName] }],
    issuer: authority.parsed.subjectName,
    publicKey: keys.publicKey,
    signingKey: authority.signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.parsed.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

function identityOf(commonName: string, { now, days }: Life) {
  // Positive, as RFC 5280 §4.1.2.2 wants it.
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return {
    serialNumber: serial.toString('hex'),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now.getTime() - EARLIER_MS),
    notAfter: new Date(now.getTime() + days * DAY_MS),
  };
}

async function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function keyPem(key: CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(bytes, 'PRIVATE KEY')}\n`;
}

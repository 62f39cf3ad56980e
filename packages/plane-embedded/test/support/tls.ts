/** The certificates of fixtures/tls, which its create.sh makes. */
import { readFileSync } from 'node:fs';
import type { TlsTerms } from '../../src/tls-entrance.js';

export function pem(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), 'utf8');
}

export function terms(name: string, clientCertificates: TlsTerms['clientCertificates'] = 'request'): TlsTerms {
  const authorities = clientCertificates === 'none' ? {} : { ca: pem('authority') };
  return { context: { cert: pem(name), key: pem(`${name}-key`), ...authorities }, clientCertificates };
}

/** What a client is made with that trusts the authority, and that is the user `name` when there is one. */
export function clientTls(name?: string): { ca: string; servername: string; cert?: string; key?: string } {
  const identity = name === undefined ? {} : { cert: pem(name), key: pem(`${name}-key`) };
  return { ca: pem('authority'), servername: 'localhost', ...identity };
}

/**
 * TLS of a listener: takes accepted sockets and gives back those whose handshake went well. What is changed by
 * `setTerms` holds for handshakes that begin later; connections that are there go on.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type PeerCertificate, type SecureContextOptions, type Server, TLSSocket } from 'node:tls';
import type { ClientCertificate } from '@millrace/security';

export interface TlsTerms {
  /** Certificate, key, authorities and versions, as node:tls has them. */
  readonly context: SecureContextOptions;
  /**
   * Whether clients are asked for a certificate. With `request` a client may have none; one that does not come from
   * `context.ca` is refused all the same.
   */
  readonly clientCertificates: 'none' | 'request' | 'require';
}

export interface TlsEntranceOptions {
  readonly terms: TlsTerms;
  readonly handshakeMs: number;
  readonly onSecure: (socket: TLSSocket, certificate: ClientCertificate | undefined) => void;
  /** The socket is closed. `timedOut`: the peer took too long. */
  readonly onFailed: (timedOut: boolean) => void;
}

export class TlsEntrance {
  private readonly server: Server;
  private readonly options: TlsEntranceOptions;

  /** @throws Error of node:tls for what is no certificate or key */
  constructor(options: TlsEntranceOptions) {
    this.options = options;
    const { context, clientCertificates } = options.terms;
    this.server = createServer({
      ...context,
      requestCert: clientCertificates !== 'none',
      rejectUnauthorized: clientCertificates === 'require',
      handshakeTimeout: options.handshakeMs,
    });
    this.server.on('secureConnection', (socket) => this.secured(socket));
    this.server.on('tlsClientError', (error, socket) => {
      options.onFailed((error as { code?: unknown }).code === 'ERR_TLS_HANDSHAKE_TIMEOUT');
      socket.destroy();
    });
  }

  /** Begins the handshake on a socket that was accepted elsewhere, as node:tls allows. */
  handshake(socket: Socket): void {
    this.server.emit('connection', socket);
  }

  /** @throws Error of node:tls; all stays as it was then */
  setTerms(terms: TlsTerms): void {
    this.server.setSecureContext(terms.context);
  }

  private secured(socket: TLSSocket): void {
    if (this.options.terms.clientCertificates === 'none') {
      this.options.onSecure(socket, undefined);
      return;
    }
    if (hasForeignCertificate(socket)) {
      this.options.onFailed(false);
      socket.destroy();
      return;
    }
    this.options.onSecure(socket, clientCertificateIn(socket));
  }
}

/** Whether the other end has shown a certificate that TLS could not verify. */
export function hasForeignCertificate(socket: TLSSocket): boolean {
  return !socket.authorized && socket.getPeerCertificate()?.fingerprint256 !== undefined;
}

/** The certificate of the other end; undefined where there is none, or where TLS has not verified it. */
export function clientCertificateIn(socket: Duplex): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate();
  return certificate?.fingerprint256 === undefined ? undefined : clientCertificateOf(certificate);
}

function clientCertificateOf(certificate: PeerCertificate): ClientCertificate {
  const { CN: commonName } = certificate.subject as { readonly CN?: string | readonly string[] };
  return {
    // Of several the first, so that none can be smuggled in behind it.
    commonName: (typeof commonName === 'string' ? commonName : commonName?.[0]) ?? '',
    alternativeNames: alternativeNamesOf(certificate.subjectaltname ?? ''),
    fingerprint256: certificate.fingerprint256,
  };
}

const NAME_KINDS = /^(DNS|URI|email):(.*)$/s;

/** Node writes `DNS:a, URI:b, IP Address:c`; a value that has a comma or a quote is a JSON string. */
function alternativeNamesOf(text: string): readonly string[] {
  const names: string[] = [];
  for (const part of text.match(/[^,"]+(?:"(?:[^"\\]|\\.)*")?/g) ?? []) {
    const match = NAME_KINDS.exec(part.trim());
    if (match === null) continue;
    const value = match[2]!;
    names.push(value.startsWith('"') ? (JSON.parse(value) as string) : value);
  }
  return names;
}

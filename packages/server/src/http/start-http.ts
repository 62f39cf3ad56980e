/** The app on a socket, with TLS or without. */
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import { hasForeignCertificate, type TlsTerms } from '@millrace/plane-embedded';
import type { Hono } from 'hono';

export interface HttpListener {
  /** The port in fact, where 0 was asked for. */
  readonly port: number;
  readonly tls: boolean;
  /** Connections that were closed on arrival because there were too many. */
  readonly dropped: number;
  /** For what else lives on this port: WebSocket upgrades. */
  readonly server: Server;
  /** New connections get these. @throws Error of node:tls */
  setTls(terms: TlsTerms): void;
  /** Ends what is idle at once, and what is at work after a second, or `graceMs` if that is less. */
  close(graceMs?: number): Promise<void>;
}

export interface HttpLimits {
  /** Connections at once; one more is closed on arrival. Default: 10,000. */
  readonly connections: number;
  /** From connecting to the end of a request's headers, ms; then 408 and the end. Default: 15,000. */
  readonly headersTimeoutMs: number;
  /** From connecting to the end of a request's body, ms; then 408 and the end. Default: 60,000. */
  readonly requestTimeoutMs: number;
  /** The TLS handshake, ms. Default: 10,000. */
  readonly tlsHandshakeMs: number;
}

export const HTTP_DEFAULTS: HttpLimits = {
  connections: 10_000,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  tlsHandshakeMs: 10_000,
};

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Default: no TLS. */
  readonly tls?: TlsTerms;
  /** Default of each: HTTP_DEFAULTS. */
  readonly limits?: Partial<HttpLimits>;
}

const CLOSE_GRACE_MS = 1_000;
/** How often node looks for requests that take too long. */
const CHECK_MS = 2_000;

/** Rejects with the socket's error, such as EADDRINUSE. */
export async function startHttp(app: Hono, { host, port, tls, limits }: HttpOptions): Promise<HttpListener> {
  const server = createHttpServer(app, tls, { ...HTTP_DEFAULTS, ...limits });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  let dropped = 0;
  server.on('drop', () => dropped++);
  return {
    get dropped() {
      return dropped;
    },
    port: typeof address === 'object' && address !== null ? address.port : port,
    tls: tls !== undefined,
    server,
    setTls: (terms) => {
      if (tls !== undefined) (server as TlsServer).setSecureContext(terms.context);
    },
    close: (graceMs = CLOSE_GRACE_MS) => close(server, Math.min(graceMs, CLOSE_GRACE_MS)),
  };
}

/** Slow or silent clients are let go, so that they cannot hold sockets for ever. */
function createHttpServer(app: Hono, tls: TlsTerms | undefined, limits: HttpLimits): Server {
  const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout, connections } = limits;
  const timing = { headersTimeout, requestTimeout, connectionsCheckingInterval: CHECK_MS };
  const secure = tls && {
    ...tls.context,
    handshakeTimeout: limits.tlsHandshakeMs,
    requestCert: tls.clientCertificates !== 'none',
    rejectUnauthorized: tls.clientCertificates === 'require',
  };
  const server = createAdaptorServer(
    secure === undefined
      ? { fetch: app.fetch, createServer, serverOptions: timing }
      : { fetch: app.fetch, createServer: createTlsServer, serverOptions: { ...timing, ...secure } },
  ) as Server;
  server.maxConnections = connections;
  if (tls !== undefined && tls.clientCertificates !== 'none') {
    (server as TlsServer).on('secureConnection', (socket) => {
      if (hasForeignCertificate(socket)) socket.destroy();
    });
  }
  return server;
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

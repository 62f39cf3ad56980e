/** The app on a socket. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

export interface HttpListener {
  /** The port in fact, where 0 was asked for. */
  readonly port: number;
  /** For what else lives on this port: WebSocket upgrades. */
  readonly server: Server;
  /** Ends what is idle at once, and what is at work after a second, or `graceMs` if that is less. */
  close(graceMs?: number): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;

/** Rejects with the socket's error, such as EADDRINUSE. */
export async function startHttp(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpListener> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // Slow or silent clients are let go, so that they cannot hold sockets for ever.
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    server,
    close: (graceMs = CLOSE_GRACE_MS) => close(server, Math.min(graceMs, CLOSE_GRACE_MS)),
  };
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

/**
 * AMQP and MQTT over WebSocket: `/amqp` with the subprotocol `amqp`, `/mqtt` with `mqtt`, on the ports of HTTP and under
 * the same guard. Pages of other sites are refused before anything is upgraded: a browser sends what it knows of the user
 * along with them, and no preflight asks first.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type AdoptedStream, clientCertificateIn } from '@millrace/plane-embedded';
import { WebSocketServer } from 'ws';
import { WebSocketStream } from './websocket-stream.js';

type Protocol = 'amqp' | 'mqtt';

export interface WebSocketOptions {
  /** @returns the refusal, or undefined */
  readonly guard: (request: Request) => Response | undefined;
  /** @returns undefined when a limit is reached; else what is asked about each piece that comes: false ends it */
  readonly adopt: (protocol: Protocol, stream: AdoptedStream) => ((bytes: number) => boolean) | undefined;
}

const PATHS: ReadonlyMap<string, Protocol> = new Map([
  ['/amqp', 'amqp'],
  ['/mqtt', 'mqtt'],
]);
/** Largest message: a packet of MQTT with 10 MiB in it, and room. */
const MESSAGE_BYTES_MAX = 11 * 1024 ** 2;

/** Serves upgrades of `server`. */
export function serveWebSockets(server: Server, options: WebSocketOptions): void {
  const upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MESSAGE_BYTES_MAX,
    // Compression takes memory for each connection, and time on the way of every message.
    perMessageDeflate: false,
    handleProtocols: (offered, request) => {
      const protocol = protocolOf(request);
      return protocol !== undefined && offered.has(protocol) ? protocol : false;
    },
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const refusal = refusalOf(request, options);
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const { socket: transport } = request;
      const host = transport.remoteAddress ?? 'unknown';
      const remoteAddress = `${host}:${transport.remotePort ?? 0}`;
      const stream = new WebSocketStream(webSocket);
      const peer = { host, remoteAddress, encrypted: transport instanceof TLSSocket };
      const received = options.adopt(protocolOf(request)!, {
        stream,
        certificate: clientCertificateIn(transport),
        ...peer,
      });
      if (received === undefined) stream.destroy();
      // Pieces of a message that is not whole yet count as well.
      else transport.on('data', (chunk: Buffer) => received(chunk.length) || stream.destroy());
    });
  });
}

function protocolOf({ url = '' }: IncomingMessage): Protocol | undefined {
  return PATHS.get(url.split('?')[0]!);
}

interface Refusal {
  readonly status: string;
  readonly reason: string;
}

function refusalOf(request: IncomingMessage, { guard }: WebSocketOptions): Refusal | undefined {
  const protocol = protocolOf(request);
  if (protocol === undefined) {
    return { status: '404 Not Found', reason: 'WebSocket is spoken at /amqp and /mqtt' };
  }
  if (guard(requestOf(request)) !== undefined) {
    return { status: '403 Forbidden', reason: 'that host name, or pages of that origin, may not use this server' };
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (offered.includes(protocol)) return undefined;
  return { status: '400 Bad Request', reason: `${PATHS.size} subprotocols are spoken; here it is ${protocol}` };
}

/** As the guard has it of other requests. */
function requestOf({ headers, method = 'GET', url = '/' }: IncomingMessage): Request {
  const given = new Headers();
  for (const name of ['host', 'origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']) {
    const value = headers[name];
    if (typeof value === 'string') given.set(name, value);
  }
  return new Request(new URL(url, 'http://unknown.invalid'), { method, headers: given });
}

function refuse(socket: Duplex, { status, reason }: Refusal): void {
  const body = `${reason}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

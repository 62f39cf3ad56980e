/** The one file of this package that knows sockets: opens a transport and lets a client's output leave once a turn. */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { GrowingOutput } from './output.js';

export interface TransportOptions {
  readonly host: string;
  /** Default: 1883, with TLS 8883. */
  readonly port?: number;
  /** TLS options of Node, or true for its defaults. Default: no TLS. */
  readonly tls?: boolean | ConnectionOptions;
  /** Until the transport is open, ms. Default: 10,000. */
  readonly connectTimeoutMs?: number;
}

const LINGER_MS = 2_000;

export interface TransportEvents {
  onData(bytes: Buffer): void;
  /** The last event. */
  onClose(error: Error | undefined): void;
}

export class Transport {
  readonly output = new GrowingOutput(16_384);
  private readonly socket: Socket;
  private ended = false;

  constructor(socket: Socket, events: TransportEvents) {
    this.socket = socket;
    let failure: Error | undefined;
    this.output.onFirstReserve = () => setImmediate(this.flush);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => events.onData(bytes));
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => events.onClose(failure));
  }

  private readonly flush = (): void => {
    const bytes = this.output.take();
    if (bytes.length > 0 && !this.socket.destroyed) this.socket.write(bytes);
    if (this.ended) this.socket.end();
  };

  /** Bytes that the kernel has not taken yet. */
  get pending(): number {
    return this.socket.writableLength + this.output.position;
  }

  /** Ends after what is written; a peer that does not end its side is cut off. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.flush();
    setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** @throws Error when the transport cannot be opened */
export function openTransport(options: TransportOptions, events: TransportEvents): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const secure = options.tls !== undefined && options.tls !== false;
    const port = options.port ?? (secure ? 8883 : 1883);
    const socket = secure
      ? connectTls({ servername: options.host, ...(options.tls === true ? {} : options.tls), host: options.host, port })
      : connectTcp({ host: options.host, port });
    const timer = setTimeout(() => socket.destroy(timedOut(options.host, port)), options.connectTimeoutMs ?? 10_000);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      resolve(new Transport(socket, events));
    });
  });
}

function timedOut(host: string, port: number): Error {
  return new Error(`${host}:${port} did not answer in time`);
}

/** The only file with sockets: connects, and drives an engine with what a socket says and the time. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls';
import { AmqpError, Condition } from '../amqp-error.js';
import type { Connection } from '../engine/connection.js';
import type { GrowingOutput } from '../engine/output.js';

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  /** Options of node:tls; an empty object for the defaults. Default: no TLS. */
  readonly tls?: TlsOptions | undefined;
  /** How long connecting may take, ms. Default: 10,000. */
  readonly connectTimeoutMs?: number;
}

/** Bytes that may wait for the socket before senders are held back. */
const PENDING_MAX = 1024 * 1024;

/** @throws AmqpError amqp:connection:forced with the system's error as cause */
export function openSocket(options: TransportOptions): Promise<Socket> {
  const { host, port, tls, connectTimeoutMs = 10_000 } = options;
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined ? connectTcp({ host, port }) : connectTls({ ...serverName(host), ...tls, host, port });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(
        new AmqpError(Condition.connectionForced, `${host}:${port}: ${error.message}`, 'connection', { cause: error }),
      );
    };
    const timer = setTimeout(() => fail(new Error(`not connected within ${connectTimeoutMs} ms`)), connectTimeoutMs);
    socket.once('error', fail);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** SNI names hosts, never addresses (RFC 6066 §3). */
function serverName(host: string): TlsOptions {
  return isIP(host) === 0 ? { servername: host } : {};
}

export class Transport {
  private readonly socket: Socket;
  private readonly engine: Connection;
  private readonly output: GrowingOutput;
  private immediate: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private waiting: (() => void)[] = [];
  private failure: Error | undefined;

  /** @param closed called once when the socket is gone */
  constructor(socket: Socket, engine: Connection, output: GrowingOutput, closed: () => void) {
    this.socket = socket;
    this.engine = engine;
    this.output = output;
    output.onWritten = () => this.wake();
    socket.on('data', (chunk: Buffer) => {
      engine.ingest(chunk, 0, chunk.length);
      this.wake();
    });
    socket.on('drain', () => this.releaseWaiting());
    socket.on('error', (error) => {
      this.failure = error;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.stop();
      engine.transportClosed(
        new AmqpError(
          Condition.connectionForced,
          this.failure?.message ?? 'the peer closed the transport',
          'connection',
          {
            cause: this.failure,
          },
        ),
      );
      closed();
    });
  }

  /** True while the socket has fallen behind. */
  get isFull(): boolean {
    return this.socket.writableLength + this.output.position > PENDING_MAX;
  }

  /** Resolves when the socket has taken what waited. */
  drained(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Sees to it that what gathers is written at the end of this turn of the event loop. */
  wake(): void {
    this.immediate ??= setImmediate(() => {
      this.immediate = undefined;
      this.flush();
    });
  }

  /** Begins to watch idle time-outs; they are known once the peer has opened. */
  watch(): void {
    clearTimeout(this.timer);
    const deadline = this.engine.tick(Date.now());
    if (deadline > 0) this.timer = setTimeout(() => this.watch(), Math.max(1, deadline - Date.now()));
  }

  /** Sends what is left and ends the socket. */
  end(): void {
    this.flush();
    this.socket.end();
    // A peer that never ends its side must not keep this one open.
    this.socket.setTimeout(1_000, () => this.socket.destroy());
  }

  private flush(): void {
    this.engine.flush();
    if (this.output.position > 0 && !this.socket.destroyed) this.socket.write(this.output.take());
  }

  private stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.releaseWaiting();
  }

  private releaseWaiting(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/**
 * The one place where sockets live: accepts connections, hands their bytes to a protocol, and sees to time-outs and
 * bounds. Knows neither AMQP nor MQTT.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { ConnectionObservation } from '@millrace/controller';
import type { Host, ProtocolConnection } from './protocol-connection.js';
import { READ_SIZE, readInto } from './read-buffer.js';
import { SocketOutput } from './socket-output.js';
import type { Turn } from './turn.js';

export interface ListenerOptions {
  /** Short name for connection ids and messages: `amqp` or `mqtt`. */
  readonly name: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly turn: Turn;
  /** Connections at once; one more is closed on arrival and counted. Default: 20,000. */
  readonly connectionLimit?: number;
  readonly accept: (host: Host) => ProtocolConnection;
  /** A fault of ours that ended one connection. */
  readonly onFault: (error: unknown) => void;
}

const TICK_MS = 250;
/** How long a peer may take to read our last words before its socket is cut. */
const LINGER_MS = 2_000;

export class Listener {
  readonly name: string;
  /** Connections refused because of the limit. */
  refused = 0;
  private readonly connections = new Map<string, SocketConnection>();
  private readonly options: ListenerOptions;
  private readonly server: Server;
  private sequence = 0;
  private timer: NodeJS.Timeout | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.name = options.name;
    this.options = options;
    this.server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.take(socket));
  }

  /** @throws the listen error, with its `code`: EADDRINUSE, EACCES, … */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: this.options.host, port: this.options.port, backlog: 1024 }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  get port(): number {
    const address = this.server.address();
    return address !== null && typeof address === 'object' ? address.port : this.options.port;
  }

  get size(): number {
    return this.connections.size;
  }

  *observe(): Generator<ConnectionObservation> {
    for (const [id, connection] of this.connections) {
      const observation = connection.protocol.observe(id);
      if (observation !== undefined) yield observation;
    }
  }

  /** @returns false when there is no such connection */
  closeConnection(id: string, reason: string): boolean {
    const connection = this.connections.get(id);
    connection?.protocol.close(reason);
    return connection !== undefined;
  }

  /** Stops listening, tells every peer, and waits until all sockets are closed or `graceMs` have passed. */
  async stop(reason: string, graceMs = LINGER_MS): Promise<void> {
    clearInterval(this.timer);
    if (this.server.listening) this.server.close();
    const closed = new Promise<void>((resolve) => {
      if (this.connections.size === 0) resolve();
      else this.onEmpty = resolve;
    });
    for (const connection of this.connections.values()) connection.protocol.close(reason);
    const cut = setTimeout(() => {
      for (const connection of this.connections.values()) connection.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  }

  get connectionLimit(): number {
    return this.options.connectionLimit ?? 20_000;
  }

  /** Connections taken since the start. */
  get accepted(): number {
    return this.sequence;
  }

  private take(accepted: Socket): void {
    if (this.connections.size >= this.connectionLimit) {
      this.refused += 1;
      accepted.destroy();
      return;
    }
    this.sequence += 1;
    const id = `${this.name}-${this.sequence}`;
    this.connections.set(id, new SocketConnection(accepted, this.options, () => this.forget(id)));
  }

  private forget(id: string): void {
    this.connections.delete(id);
    if (this.connections.size === 0) this.onEmpty?.();
  }

  private tick(): void {
    const now = Date.now();
    for (const connection of this.connections.values()) connection.tick(now);
  }
}

/** A socket with its protocol on it. */
class SocketConnection implements Host {
  readonly output: SocketOutput;
  readonly turn: Turn;
  readonly remoteAddress: string;
  readonly encrypted = false;
  readonly protocol: ProtocolConnection;
  private readonly socket: Socket;
  private readonly onFault: (error: unknown) => void;
  private deadline = 1;
  private ending = false;
  /** By the protocol; and by itself, until the next turn. */
  private paused = false;
  private yielded = false;

  constructor(accepted: Socket, options: ListenerOptions, onClosed: () => void) {
    const socket = readInto(accepted, (chunk) => this.ingest(chunk));
    this.socket = socket;
    this.turn = options.turn;
    this.onFault = options.onFault;
    this.remoteAddress = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.output = new SocketOutput(socket, options.turn);
    this.protocol = options.accept(this);
    socket.resume();
    socket.on('end', () => this.end());
    // Without a listener a reset would be thrown; the close event that follows says all there is to say.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ending = true;
      this.output.close();
      onClosed();
      this.guard(() => this.protocol.closed());
    });
  }

  now(): number {
    return Date.now();
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    this.paused = false;
    if (!this.yielded) this.socket.resume();
  }

  /** A socket that always has more waits for the others once it has had its part of the turn. */
  private yieldToOthers(): void {
    this.yielded = true;
    this.turn.yieldUntilNext(() => {
      this.yielded = false;
      if (!this.paused) this.socket.resume();
    });
  }

  end(): void {
    if (this.ending) return;
    this.ending = true;
    this.output.endOfTurn();
    this.socket.end();
    this.socket.resume();
    const cut = setTimeout(() => this.socket.destroy(), LINGER_MS);
    this.socket.once('close', () => clearTimeout(cut));
  }

  destroy(): void {
    this.socket.destroy();
  }

  tick(nowMs: number): void {
    if (this.ending || this.deadline === 0 || this.deadline > nowMs) return;
    this.guard(() => {
      this.deadline = this.protocol.tick(nowMs);
    });
  }

  /** @returns false when nothing more is to be read in this turn */
  private ingest(chunk: Buffer): boolean {
    if (this.ending) return true;
    const isFull = chunk.length >= READ_SIZE;
    if (isFull) this.turn.reads();
    // What came in may have set an earlier deadline: ask at the next tick.
    this.deadline = 1;
    // Written out rather than through `guard`: this runs for every read.
    try {
      this.protocol.ingest(chunk);
    } catch (error) {
      this.fault(error);
    }
    if (!isFull || this.ending || !this.turn.isLong) return !this.paused;
    this.yieldToOthers();
    return false;
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.fault(error);
    }
  }

  /** Protocol errors are answered inside the protocol; what arrives here is a bug, and costs this connection alone. */
  private fault(error: unknown): void {
    this.onFault(error);
    this.socket.destroy();
  }
}

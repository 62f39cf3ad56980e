/**
 * The one place where connections are accepted: hands their bytes to a protocol, and sees to time-outs and bounds. Knows
 * neither AMQP nor MQTT.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionObservation } from '@millrace/controller';
import type { ChangedUsers, ClientCertificate } from '@millrace/security';
import type { Host, ProtocolConnection } from './protocol-connection.js';
import { READ_SIZE, readEvents, readInto } from './read-buffer.js';
import { LINGER_MS, SocketConnection, type SocketConnectionOptions } from './socket-connection.js';
import { TlsEntrance, type TlsTerms } from './tls-entrance.js';
import { Admission, type HalfOpen, type Refusal } from './transport-limits.js';
import type { Turn } from './turn.js';

export interface ListenerOptions {
  /** Short name for connection ids and messages: `amqp`, `mqtts`, … */
  readonly name: string;
  /** Default: `amqp` for names that begin so, else `mqtt`. */
  readonly protocol?: 'amqp' | 'mqtt';
  readonly host: string;
  /** 0 takes any free port; `none`: it does not listen, and has only what it adopts. */
  readonly port: number | 'none';
  readonly turn: Turn;
  /** Connections at once; one more is closed on arrival and counted. Default: 20,000. */
  readonly connectionLimit?: number;
  /** Bounds that all listeners share. Default: its own, TRANSPORT_DEFAULTS. */
  readonly admission?: Admission;
  /** Default: no TLS. */
  readonly tls?: TlsTerms;
  readonly accept: (host: Host) => ProtocolConnection;
  /** A fault of ours that ended one connection. */
  readonly onFault: (error: unknown) => void;
}

/** Counted since the start; plain integers, read when asked for. */
export class ListenerCounters {
  /** Connections that were taken. */
  accepted = 0;
  /** Closed on arrival: too many in all, of their host, or of their host in a second. */
  refusedFull = 0;
  refusedHost = 0;
  refusedRate = 0;
  /** Connections that were not open yet and gave way to others. */
  gaveWay = 0;
  /** Closed because all that are not open yet had sent too much. */
  excessive = 0;
  /** TLS handshakes that failed, those that took too long apart. */
  handshakesFailed = 0;
  handshakesTimedOut = 0;
  /** Gone before they were open, for whatever reason. */
  neverOpened = 0;
}

/** A duplex stream that comes from elsewhere, as WebSocket's do. */
export interface AdoptedStream {
  readonly stream: Duplex;
  /** Address of the peer, without and with port. */
  readonly host: string;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly certificate: ClientCertificate | undefined;
}

const TICK_MS = 250;
/** A full TLS record. */
const RECORD_SIZE = 16 * 1024;
/** Connections that are asked anew for their rights in one go. */
const RECHECK_SLICE = 500;

/** A TLS handshake that is under way. */
class Handshake implements HalfOpen {
  bytes = 0;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  giveWay(): void {
    this.socket.destroy();
  }
}

export class Listener {
  readonly name: string;
  readonly protocol: 'amqp' | 'mqtt';
  readonly counters = new ListenerCounters();
  private readonly connections = new Map<string, SocketConnection>();
  private readonly handshakes = new Map<string, Handshake>();
  private readonly options: ListenerOptions;
  private readonly admission: Admission;
  private readonly server: Server;
  private readonly tls: TlsEntrance | undefined;
  private sequence = 0;
  private timer: NodeJS.Timeout | undefined;
  private onEmpty: (() => void) | undefined;

  /** @throws Error of node:tls for what is no certificate or key */
  constructor(options: ListenerOptions) {
    this.name = options.name;
    this.protocol = options.protocol ?? (options.name.startsWith('amqp') ? 'amqp' : 'mqtt');
    this.options = options;
    this.admission = options.admission ?? new Admission();
    this.tls = options.tls === undefined ? undefined : this.entrance(options.tls);
    this.server = createServer({ noDelay: true, pauseOnConnect: this.tls === undefined }, (socket) =>
      this.accepted(socket),
    );
  }

  /** @throws the listen error, with its `code`: EADDRINUSE, EACCES, … */
  async start(): Promise<void> {
    const { host, port } = this.options;
    if (port !== 'none') {
      await new Promise<void>((resolve, reject) => {
        this.server.once('error', reject);
        this.server.listen({ host, port, backlog: 1024 }, () => {
          this.server.off('error', reject);
          resolve();
        });
      });
    }
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** 0 where it does not listen. */
  get port(): number {
    const address = this.server.address();
    if (address !== null && typeof address === 'object') return address.port;
    return this.listens ? (this.options.port as number) : 0;
  }

  get listens(): boolean {
    return this.options.port !== 'none';
  }

  get encrypted(): boolean {
    return this.tls !== undefined;
  }

  get size(): number {
    return this.connections.size;
  }

  /** Connections refused because of a limit. */
  get refused(): number {
    const { refusedFull, refusedHost, refusedRate } = this.counters;
    return refusedFull + refusedHost + refusedRate;
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

  /** Connections that begin later get these; those that are there go on. @throws Error of node:tls */
  setTls(terms: TlsTerms): void {
    this.tls?.setTerms(terms);
  }

  /** Users or rights have changed: every connection looks at what it holds, some at a time. */
  async recheck(changed?: ChangedUsers): Promise<void> {
    const all = [...this.connections.values()];
    for (let from = 0; from < all.length; from += RECHECK_SLICE) {
      if (from > 0) await new Promise((resolve) => setImmediate(resolve));
      for (const connection of all.slice(from, from + RECHECK_SLICE)) connection.recheck(changed);
    }
  }

  /** Stops listening, tells every peer, and waits until all sockets are closed or `graceMs` have passed. */
  async stop(reason: string, graceMs = LINGER_MS): Promise<void> {
    clearInterval(this.timer);
    if (this.server.listening) this.server.close();
    for (const { socket } of this.handshakes.values()) socket.destroy();
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

  /**
   * @returns undefined when a limit is reached: the stream is then for the caller to end; else what the caller tells of
   *   bytes that have come below the stream: false when they are too many, and the stream is to be ended
   */
  adopt({ stream, host, ...peer }: AdoptedStream): ((bytes: number) => boolean) | undefined {
    if (this.enter(host) !== undefined) return undefined;
    stream.once('close', () => this.admission.left(host));
    const connection = this.open({ ...peer, open: (ingest) => readEvents(stream, ingest), fullSize: RECORD_SIZE });
    return (bytes) => connection.mayStillCome(bytes);
  }

  private accepted(accepted: Socket): void {
    const host = accepted.remoteAddress ?? 'unknown';
    if (this.enter(host) !== undefined) {
      accepted.destroy();
      return;
    }
    const remoteAddress = `${host}:${accepted.remotePort ?? 0}`;
    if (this.tls !== undefined) {
      this.handshake(this.tls, accepted, { host, remoteAddress });
      return;
    }
    const open = (ingest: (chunk: Buffer) => boolean): Socket => {
      const socket = readInto(accepted, ingest);
      socket.once('close', () => this.admission.left(host));
      return socket;
    };
    this.open({ remoteAddress, encrypted: false, certificate: undefined, open, fullSize: READ_SIZE });
  }

  private enter(host: string): Refusal | undefined {
    const isFull = this.connections.size + this.handshakes.size >= (this.options.connectionLimit ?? 20_000);
    const refusal = isFull ? 'full' : this.admission.enter(host, Date.now());
    if (refusal === undefined) this.counters.accepted++;
    else if (refusal === 'full') this.counters.refusedFull++;
    else if (refusal === 'host-full') this.counters.refusedHost++;
    else this.counters.refusedRate++;
    return refusal;
  }

  private handshake(
    tls: TlsEntrance,
    socket: Socket,
    peer: { readonly host: string; readonly remoteAddress: string },
  ): void {
    const handshake = new Handshake(socket);
    this.handshakes.set(peer.remoteAddress, handshake);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.admission.left(peer.host);
      this.admission.forget(handshake);
      if (this.handshakes.get(peer.remoteAddress) === handshake) this.handshakes.delete(peer.remoteAddress);
    });
    if (this.admission.wait(handshake)) this.counters.gaveWay++;
    tls.handshake(socket);
  }

  private entrance(terms: TlsTerms): TlsEntrance {
    return new TlsEntrance({
      terms,
      handshakeMs: this.admission.limits.tlsHandshakeMs,
      onSecure: (socket, certificate) => {
        const remoteAddress = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
        const handshake = this.handshakes.get(remoteAddress);
        // Its TCP connection is gone already.
        if (handshake === undefined) {
          socket.destroy();
          return;
        }
        this.handshakes.delete(remoteAddress);
        this.admission.forget(handshake);
        const open = (ingest: (chunk: Buffer) => boolean): Socket => readEvents(socket, ingest);
        this.open({ remoteAddress, encrypted: true, certificate, open, fullSize: RECORD_SIZE });
      },
      onFailed: (timedOut) => {
        if (timedOut) this.counters.handshakesTimedOut++;
        else this.counters.handshakesFailed++;
      },
    });
  }

  private open(
    peer: Pick<SocketConnectionOptions, 'open' | 'remoteAddress' | 'encrypted' | 'certificate' | 'fullSize'>,
  ): SocketConnection {
    const { turn, accept, onFault } = this.options;
    this.sequence += 1;
    const id = `${this.name}-${this.sequence}`;
    const connection = new SocketConnection({
      ...peer,
      turn,
      accept,
      onFault,
      admission: this.admission,
      onExcess: () => this.counters.excessive++,
      onClosed: (opened) => this.forget(id, opened),
    });
    this.connections.set(id, connection);
    if (this.admission.wait(connection)) this.counters.gaveWay++;
    return connection;
  }

  private forget(id: string, opened: boolean): void {
    if (!opened) this.counters.neverOpened++;
    this.connections.delete(id);
    if (this.connections.size === 0) this.onEmpty?.();
  }

  private tick(): void {
    const now = Date.now();
    for (const connection of this.connections.values()) connection.tick(now);
  }
}

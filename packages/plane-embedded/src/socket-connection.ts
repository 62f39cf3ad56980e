/** A socket (TCP, TLS or WebSocket) with its protocol on it. */
import type { Duplex } from 'node:stream';
import type { ChangedUsers, ClientCertificate } from '@millrace/security';
import { MessageRate } from './message-rate.js';
import type { Host, ProtocolConnection } from './protocol-connection.js';
import { SocketOutput } from './socket-output.js';
import type { Admission, HalfOpen } from './transport-limits.js';
import type { Turn } from './turn.js';

/** How long a peer may take to read our last words before its socket is cut. */
export const LINGER_MS = 2_000;

export interface SocketConnectionOptions {
  /** `ingest` is called for each chunk, and returns false to be given no more until the socket is resumed. */
  readonly open: (ingest: (chunk: Buffer) => boolean) => Duplex;
  /** Address and port of the peer. */
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly certificate: ClientCertificate | undefined;
  /** A chunk of so many bytes says that there are more. */
  readonly fullSize: number;
  readonly turn: Turn;
  readonly admission: Admission;
  readonly accept: (host: Host) => ProtocolConnection;
  /** A fault of ours that ended the connection. */
  readonly onFault: (error: unknown) => void;
  /** It was too much for all that are not open yet. */
  readonly onExcess: () => void;
  /** `opened`: the peer had been let in. */
  readonly onClosed: (opened: boolean) => void;
}

export class SocketConnection implements Host, HalfOpen {
  readonly output: SocketOutput;
  readonly turn: Turn;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly certificate: ClientCertificate | undefined;
  readonly messageRate: MessageRate | undefined;
  readonly protocol: ProtocolConnection;
  /** While it is half open: what came. */
  bytes = 0;
  private readonly socket: Duplex;
  private readonly options: SocketConnectionOptions;
  private readonly fullSize: number;
  private deadline = 1;
  private ending = false;
  private opened = false;
  /** By the protocol; by itself, until the next turn; and by the limit on messages. */
  private paused = false;
  private yielded = false;
  private slowed = false;

  constructor(options: SocketConnectionOptions) {
    this.options = options;
    this.fullSize = options.fullSize;
    this.turn = options.turn;
    this.remoteAddress = options.remoteAddress;
    this.encrypted = options.encrypted;
    this.certificate = options.certificate;
    const { messagesPerSecond } = options.admission.limits;
    this.messageRate = messagesPerSecond > 0 ? new MessageRate(messagesPerSecond) : undefined;
    const socket = options.open((chunk) => this.ingest(chunk));
    this.socket = socket;
    this.output = new SocketOutput(socket, options.turn);
    this.protocol = options.accept(this);
    socket.resume();
    socket.on('end', () => this.end());
    // Without a listener a reset would be thrown; the close event that follows says all there is to say.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ending = true;
      this.output.close();
      options.admission.forget(this);
      options.onClosed(this.opened);
      this.guard(() => this.protocol.closed());
    });
  }

  now(): number {
    return Date.now();
  }

  established(): void {
    this.opened = true;
    this.options.admission.forget(this);
  }

  giveWay(): void {
    this.socket.destroy();
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    this.paused = false;
    this.readOn();
  }

  private readOn(): void {
    if (!this.paused && !this.yielded && !this.slowed) this.socket.resume();
  }

  /** A socket that always has more waits for the others once it has had its part of the turn. */
  private yieldToOthers(): void {
    this.yielded = true;
    this.turn.yieldUntilNext(() => {
      this.yielded = false;
      this.readOn();
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

  recheck(changed: ChangedUsers | undefined): void {
    if (!this.ending) this.guard(() => this.protocol.recheck?.(changed));
  }

  /** @returns false when nothing more is to be read in this turn */
  private ingest(chunk: Buffer): boolean {
    if (this.ending) return true;
    if (!this.opened && !this.mayStillCome(chunk.length)) {
      this.socket.destroy();
      return false;
    }
    const isFull = chunk.length >= this.fullSize;
    if (isFull) this.turn.reads();
    // What came in may have set an earlier deadline: ask at the next tick.
    this.deadline = 1;
    // Written out rather than through `guard`: this runs for every read.
    try {
      this.protocol.ingest(chunk);
    } catch (error) {
      this.fault(error);
    }
    if (this.messageRate !== undefined) this.slowDown(this.messageRate);
    if (!isFull || this.ending || !this.turn.isLong) return !this.paused && !this.slowed;
    this.yieldToOthers();
    return false;
  }

  /** @returns false when it is not open yet, and all that are not have sent too much */
  mayStillCome(size: number): boolean {
    if (this.opened || this.options.admission.received(this, size)) return true;
    this.options.onExcess();
    return false;
  }

  private slowDown(rate: MessageRate): void {
    const pauseMs = this.slowed ? 0 : rate.pauseMs(this.now());
    if (pauseMs === 0 || this.ending) return;
    this.slowed = true;
    this.socket.pause();
    setTimeout(() => {
      this.slowed = false;
      this.readOn();
    }, pauseMs).unref();
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
    this.options.onFault(error);
    this.socket.destroy();
  }
}

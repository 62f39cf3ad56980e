/**
 * Where an engine writes its frames: pooled 64 KB buffers, handed to the socket once a turn. The engine reserves, writes
 * at `position` and moves it; a full buffer is queued and the next taken from the pool.
 */
import type { Duplex } from 'node:stream';
import type { Turn, TurnTask } from './turn.js';

const BUFFER_SIZE = 64 * 1024;
const POOL_LIMIT = 256;
const pool: Buffer[] = [];
const NOTHING = Buffer.alloc(0);

function takeBuffer(): Buffer {
  return pool.pop() ?? Buffer.allocUnsafeSlow(BUFFER_SIZE);
}

function giveBuffer(buffer: Buffer): void {
  if (buffer.length === BUFFER_SIZE && pool.length < POOL_LIMIT) pool.push(buffer);
}

export class SocketOutput implements TurnTask {
  /** Write here, from `position`, after `reserve`. */
  buffer: Buffer = NOTHING;
  position = 0;
  scheduled = false;
  /** Called when a socket that had fallen behind has taken what was queued. */
  onDrain: (() => void) | undefined;
  private full: Buffer[] = [];
  private inFlight = 0;
  private ended = false;

  private readonly socket: Duplex;
  private readonly turn: Turn;

  constructor(socket: Duplex, turn: Turn) {
    this.socket = socket;
    this.turn = turn;
  }

  /** Bytes written by the engine that the kernel has not taken yet. */
  get pending(): number {
    let sum = this.position + this.inFlight;
    for (const buffer of this.full) sum += buffer.length;
    return sum;
  }

  /** Makes room for `size` contiguous bytes at `position` and sees to it that they leave at the end of the turn. */
  reserve(size: number): void {
    // An engine may still write while its socket goes away: it goes nowhere, and nothing piles up.
    if (this.ended) this.position = 0;
    else if (!this.scheduled) this.turn.scheduleFlush(this);
    if (this.buffer.length - this.position >= size) return;
    if (this.position > 0) this.full.push(this.buffer.subarray(0, this.position));
    else if (this.buffer.length > 0) giveBuffer(this.buffer);
    this.buffer = size > BUFFER_SIZE ? Buffer.allocUnsafeSlow(size) : takeBuffer();
    this.position = 0;
  }

  endOfTurn(): void {
    if (this.ended) return;
    if (this.full.length > 0) {
      this.socket.cork();
      for (const part of this.full) this.write(part);
      this.full = [];
      if (this.position > 0) this.writeCurrent();
      this.socket.uncork();
    } else if (this.position > 0) {
      this.writeCurrent();
    }
  }

  /** After this nothing more is written; buffers go back to the pool as the socket lets go of them. */
  close(): void {
    this.ended = true;
    this.full = [];
    this.buffer = NOTHING;
    this.position = 0;
  }

  private writeCurrent(): void {
    const part = this.buffer.subarray(0, this.position);
    this.buffer = NOTHING;
    this.position = 0;
    this.write(part);
  }

  private write(part: Buffer): void {
    this.inFlight += part.length;
    this.socket.write(part, () => {
      this.inFlight -= part.length;
      if (part.buffer.byteLength === BUFFER_SIZE) giveBuffer(Buffer.from(part.buffer, 0, BUFFER_SIZE));
      if (this.inFlight === 0) this.onDrain?.();
    });
  }
}

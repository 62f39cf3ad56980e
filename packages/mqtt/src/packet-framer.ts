/**
 * Cuts a stream of bytes into packets (MQTT 5 §2.1). Whole packets are handed over where they lie; the beginning of one
 * that is cut is copied and completed.
 */
import { MqttError, malformed } from './error.js';
import { PacketRest } from './packet-rest.js';
import { ReasonCode } from './reason-code.js';
import type { Spool } from './spool.js';

export interface PacketSink {
  /** `first` is type and flags; the body is buffer[start … end), valid until this returns. */
  receivePacket(first: number, buffer: Buffer, start: number, end: number): void;
}

/** What may come in after a pause beyond one packet: the chunk that was being read, and one more. */
const PAUSE_ALLOWANCE = 131_072;

export class PacketFramer {
  /** Set by the sink's owner: nothing is handed over any more; what comes is kept. Cleared by `resume`. */
  paused = false;
  /** May be changed between two packets. */
  maximumPacketSize: number;
  private closed = false;
  private reading = false;
  private readonly rest: PacketRest;
  private readonly sink: PacketSink;

  /** @param openSpool where the beginning of a packet of more than 1 MiB is kept; in memory without it */
  constructor(sink: PacketSink, maximumPacketSize: number, openSpool?: () => Spool) {
    this.sink = sink;
    this.rest = new PacketRest(openSpool);
    this.maximumPacketSize = maximumPacketSize;
  }

  /** @throws MqttError for a packet that is too large, and whatever the sink throws */
  ingest(buffer: Buffer, start: number, end: number): void {
    if (this.closed) return;
    if (this.paused) {
      this.keep(buffer, start, end);
      return;
    }
    const begin = this.rest.length > 0 ? this.completeRest(buffer, start, end) : start;
    this.keepRest(buffer, this.read(buffer, begin, end), end);
  }

  /** Goes on with what was kept. From within a packet's handling it only clears the pause. */
  resume(): void {
    this.paused = false;
    if (this.reading || this.closed || this.rest.length === 0) return;
    const bytes = this.rest.detach();
    this.keepRest(bytes, this.read(bytes, 0, bytes.length), bytes.length);
  }

  close(): void {
    this.closed = true;
    this.rest.clear();
  }

  private keepRest(buffer: Buffer, start: number, end: number): void {
    if (start < end && !this.closed) this.rest.append(buffer, start, end);
  }

  private keep(buffer: Buffer, start: number, end: number): void {
    if (this.rest.length + end - start > this.maximumPacketSize + PAUSE_ALLOWANCE) {
      throw new MqttError(ReasonCode.quotaExceeded, 'too much came in while reading is paused');
    }
    this.rest.append(buffer, start, end);
  }

  /** Completes the packet that was cut, and nothing more, so that what follows is read where it lies. */
  private completeRest(buffer: Buffer, start: number, end: number): number {
    let at = start;
    for (;;) {
      const missing = this.rest.missing();
      if (missing < 0) throw malformed('the remaining length is longer than four bytes');
      this.checkSize(this.rest.packetSize);
      if (missing === 0) break;
      const take = Math.min(missing, end - at);
      this.rest.append(buffer, at, at + take);
      at += take;
      if (take < missing) return at;
    }
    const { length } = this.rest;
    const bytes = this.rest.whole();
    this.rest.length = 0;
    this.read(bytes, 0, length);
    this.rest.clear();
    return at;
  }

  private checkSize(packetSize: number): void {
    if (packetSize <= this.maximumPacketSize) return;
    throw new MqttError(ReasonCode.packetTooLarge, `a packet has ${packetSize} bytes`);
  }

  /** Hands over whole packets; returns where the first one begins that is not whole, or was not handed over. */
  private read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    this.reading = true;
    try {
      while (end - at >= 2 && !this.paused && !this.closed) {
        let length = buffer[at + 1]!;
        let body = at + 2;
        if (length >= 0x80) {
          body = behindLength(buffer, at + 1, end);
          if (body < 0) return at;
          length = lengthBetween(buffer, at + 1, body);
        }
        this.checkSize(body - at + length);
        if (body + length > end) return at;
        const first = buffer[at]!;
        at = body + length;
        this.sink.receivePacket(first, buffer, body, at);
      }
      return at;
    } finally {
      this.reading = false;
    }
  }
}

/** Offset behind the remaining length at `at`; -1 when it is not whole yet. */
function behindLength(buffer: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && buffer[next]! >= 0x80) {
    if (next - at === 3) throw malformed('the remaining length is longer than four bytes');
    next++;
  }
  return next === end ? -1 : next + 1;
}

function lengthBetween(buffer: Buffer, at: number, next: number): number {
  let value = 0;
  for (let i = next - 1; i >= at; i--) value = value * 128 + (buffer[i]! & 0x7f);
  return value;
}

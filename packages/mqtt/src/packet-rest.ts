/**
 * Bytes of a packet that is not whole yet, or that wait because reading is suspended. Grows with what has come only; from
 * 1 MiB on they go to a spool, if there is one, and only the fixed header stays.
 */
import { MqttError } from './error.js';
import { ReasonCode } from './reason-code.js';
import type { Spool } from './spool.js';

const NOTHING = Buffer.alloc(0);
const SPOOL_FROM_BYTES = 1024 * 1024;
/** MQTT 5 §2.1.1: type, and a remaining length of up to four bytes. */
const FIXED_HEADER_BYTES_MAX = 5;

export class PacketRest {
  length = 0;
  private buffer: Buffer = NOTHING;
  private spool: Spool | undefined = undefined;
  private readonly openSpool: (() => Spool) | undefined;

  constructor(openSpool?: () => Spool) {
    this.openSpool = openSpool;
  }

  /** @throws MqttError quotaExceeded when the spool has no room */
  append(source: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.openSpool !== undefined && this.length + size > SPOOL_FROM_BYTES) {
      this.appendToSpool(this.openSpool, source, start, end);
      this.length += size;
      return;
    }
    if (this.length + size > this.buffer.length) {
      const larger = Buffer.allocUnsafe(
        Math.max(this.length + size, Math.min(this.length * 2, this.length + 1_048_576)),
      );
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    source.copy(this.buffer, this.length, start, end);
    this.length += size;
  }

  /** All bytes, from the first one on. Valid until the next `append` or `clear`. @throws MqttError */
  whole(): Buffer {
    const { spool } = this;
    if (spool === undefined) return this.buffer;
    this.spool = undefined;
    try {
      return spool.take();
    } catch (error) {
      throw new MqttError(ReasonCode.unspecifiedError, 'a large packet could not be read back', { cause: error });
    } finally {
      spool.close();
    }
  }

  clear(): void {
    this.length = 0;
    this.spool?.close();
    this.spool = undefined;
    if (this.buffer.length > 65_536) this.buffer = NOTHING;
  }

  /** Gives its bytes away and is empty. */
  detach(): Buffer {
    const bytes = this.whole().subarray(0, this.length);
    this.buffer = NOTHING;
    this.length = 0;
    return bytes;
  }

  /**
   * How many more bytes the packet at the beginning needs: to know its length, or to be whole; 0 when it is whole. -1:
   * its length does not end. Sets `packetSize` once the length is known, else 0.
   */
  missing(): number {
    this.packetSize = 0;
    let length = 0;
    let factor = 1;
    for (let at = 1; at <= 4; at++) {
      if (at >= this.length) return at + 1 - this.length;
      const byte = this.buffer[at]!;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.packetSize = at + 1 + length;
        return Math.max(0, this.packetSize - this.length);
      }
      factor *= 128;
    }
    return -1;
  }

  packetSize = 0;

  private appendToSpool(open: () => Spool, source: Buffer, start: number, end: number): void {
    try {
      if (this.spool === undefined) {
        this.spool = open();
        this.spool.append(this.buffer, 0, this.length);
        const begin = this.buffer.subarray(0, Math.min(this.length, FIXED_HEADER_BYTES_MAX));
        this.buffer = Buffer.concat([begin, source.subarray(start, start + FIXED_HEADER_BYTES_MAX - begin.length)]);
      }
      this.spool.append(source, start, end);
    } catch (error) {
      throw new MqttError(ReasonCode.quotaExceeded, 'there is no room for a packet of this size', { cause: error });
    }
  }
}

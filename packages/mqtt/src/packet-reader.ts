/** A cursor over one packet's body: each read checks that it stays inside. Views are valid as long as the buffer is. */
import { malformed } from './error.js';
import type { MqttProperties } from './property.js';
import { decodeProperties } from './property-reader.js';
import { decodeUtf8 } from './utf8.js';

export class PacketReader {
  private readonly buffer: Buffer;
  private at: number;
  private readonly end: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  private take(size: number): number {
    const at = this.at;
    if (size > this.end - at) throw malformed('a packet ends inside a field');
    this.at = at + size;
    return at;
  }

  byte(): number {
    return this.buffer[this.take(1)]!;
  }

  twoBytes(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  /** Packet identifiers are never 0 [MQTT-2.2.1-3]. */
  packetId(): number {
    const packetId = this.twoBytes();
    if (packetId === 0) throw malformed('the packet identifier is 0');
    return packetId;
  }

  integer(): number {
    let value = 0;
    let factor = 1;
    for (let size = 1; size <= 4; size++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (byte === 0 && size > 1) throw malformed('a Variable Byte Integer is not in its shortest form');
        return value;
      }
      factor *= 128;
    }
    throw malformed('a Variable Byte Integer is longer than four bytes');
  }

  string(): string {
    const size = this.twoBytes();
    const at = this.take(size);
    return decodeUtf8(this.buffer, at, at + size);
  }

  /** A copy. */
  binary(): Buffer {
    const size = this.twoBytes();
    const at = this.take(size);
    return Buffer.from(this.buffer.subarray(at, at + size));
  }

  properties(place: number): MqttProperties {
    const size = this.integer();
    const at = this.take(size);
    return decodeProperties(this.buffer, at, at + size, place);
  }

  finish(): void {
    if (this.at !== this.end) throw malformed('bytes are left over behind the last field');
  }
}

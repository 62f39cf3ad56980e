/**
 * Builds the packets that are not sent for each message: the body is written into a growing buffer, and then goes out
 * behind its fixed header. PUBLISH and its acknowledgements have writers of their own, without this detour.
 */
import { MqttError, malformed } from './error.js';
import type { Output } from './output.js';
import { type MqttProperties, PROPERTY_DEFINITIONS, type PropertyType } from './property.js';
import { ReasonCode } from './reason-code.js';
import { isEncodable } from './utf8.js';
import { integerSize, LARGEST, writeInteger } from './variable-byte-integer.js';

export class PacketWriter {
  private buffer: Buffer = Buffer.allocUnsafe(256);
  private length = 0;

  private grow(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.length + size, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  byte(value: number): void {
    this.grow(1);
    this.length = this.buffer.writeUInt8(value, this.length);
  }

  twoBytes(value: number): void {
    this.grow(2);
    this.length = this.buffer.writeUInt16BE(value, this.length);
  }

  fourBytes(value: number): void {
    this.grow(4);
    this.length = this.buffer.writeUInt32BE(value, this.length);
  }

  integer(value: number): void {
    if (!(value >= 0 && value <= LARGEST)) throw malformed(`${value} is no Variable Byte Integer`);
    this.grow(4);
    this.length = writeInteger(this.buffer, this.length, value);
  }

  /** @throws MqttError when the text is not well-formed, contains U+0000 or is longer than 65,535 bytes */
  string(text: string): void {
    if (!isEncodable(text)) throw malformed('a string is not encodable: ill-formed, with U+0000, or over 65,535 bytes');
    const size = Buffer.byteLength(text);
    this.twoBytes(size);
    this.grow(size);
    this.length += this.buffer.write(text, this.length, size, 'utf8');
  }

  binary(bytes: Uint8Array): void {
    if (bytes.length > 0xffff) throw malformed('binary data is longer than 65,535 bytes');
    this.twoBytes(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.grow(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A property block with its length. */
  properties(properties: MqttProperties | undefined): void {
    if (properties === undefined) {
      this.byte(0);
      return;
    }
    const block = new PacketWriter();
    writeProperties(block, properties);
    this.integer(block.length);
    this.raw(block.body());
  }

  body(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Size of the whole packet, with its fixed header. */
  get packetSize(): number {
    return 1 + integerSize(this.length) + this.length;
  }

  /** Writes fixed header and body. `first` is packet type and flags. */
  finish(first: number, output: Output): void {
    if (this.length > LARGEST)
      throw new MqttError(ReasonCode.packetTooLarge, 'a packet is longer than 268,435,455 bytes');
    output.reserve(this.packetSize);
    output.buffer[output.position] = first;
    const at = writeInteger(output.buffer, output.position + 1, this.length);
    this.buffer.copy(output.buffer, at, 0, this.length);
    output.position = at + this.length;
  }
}

/** The bytes of a property block without its length prefix, as PUBLISH carries them. */
export function encodeProperties(properties: MqttProperties): Buffer {
  const writer = new PacketWriter();
  writeProperties(writer, properties);
  return writer.body();
}

/** Writes properties in the table's order, without the block's length. Strings are checked by the writer. */
function writeProperties(writer: PacketWriter, properties: MqttProperties): void {
  for (const definition of PROPERTY_DEFINITIONS) {
    const value = properties[definition.name];
    if (value === undefined) continue;
    for (const item of definition.repeats ? (value as unknown[]) : [value]) {
      writer.byte(definition.id);
      writeValue(writer, definition.type, item);
    }
  }
}

function writeValue(writer: PacketWriter, type: PropertyType, value: unknown): void {
  switch (type) {
    case 'byte':
    case 'bit':
      writer.byte(value as number);
      break;
    case 'twoBytes':
      writer.twoBytes(value as number);
      break;
    case 'fourBytes':
      writer.fourBytes(value as number);
      break;
    case 'integer':
      writer.integer(value as number);
      break;
    case 'string':
    case 'topic':
      writer.string(value as string);
      break;
    case 'binary':
      writer.binary(value as Buffer);
      break;
    case 'pair': {
      const [name, text] = value as [string, string];
      writer.string(name);
      writer.string(text);
    }
  }
}

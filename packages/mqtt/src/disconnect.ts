/**
 * DISCONNECT and AUTH (MQTT 5 §3.14, §3.15).
 *
 *     DISCONNECT   nothing, or reason code, or reason code and properties; in MQTT 3.1.1 always nothing
 *     AUTH         the same; MQTT 5 only
 */
import type { BodyRange } from './connect.js';
import { malformed, protocolError } from './error.js';
import type { Output } from './output.js';
import { PacketReader } from './packet-reader.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import { PacketWriter } from './packet-writer.js';
import type { AuthPacket, DisconnectPacket } from './packets.js';
import { type MqttProperties, PropertyPlace } from './property.js';
import { ReasonCode, reasonName } from './reason-code.js';

export function decodeDisconnect(body: BodyRange, protocolVersion: ProtocolVersion): DisconnectPacket {
  const reader = new PacketReader(body.buffer, body.start, body.end);
  if (protocolVersion === 4) {
    reader.finish();
    return { reasonCode: ReasonCode.success, properties: {} };
  }
  return readReason(reader, PropertyPlace.disconnect);
}

export function decodeAuth(body: BodyRange, protocolVersion: ProtocolVersion): AuthPacket {
  if (protocolVersion === 4) throw malformed('AUTH does not exist in MQTT 3.1.1');
  const reader = new PacketReader(body.buffer, body.start, body.end);
  const packet = readReason(reader, PropertyPlace.auth);
  const { reasonCode } = packet;
  if (reasonCode !== 0 && reasonCode !== 0x18 && reasonCode !== 0x19) throw malformed('no reason code of AUTH');
  if (reasonCode !== 0 && packet.properties.authenticationMethod === undefined) {
    throw protocolError('AUTH without a method'); // §3.15.2.2.2
  }
  return packet;
}

function readReason(reader: PacketReader, place: number): DisconnectPacket {
  const reasonCode = reader.remaining > 0 ? reader.byte() : ReasonCode.success;
  const properties = reader.remaining > 0 ? reader.properties(place) : {};
  reader.finish();
  return { reasonCode, properties };
}

export function encodeDisconnect(packet: DisconnectPacket, protocolVersion: ProtocolVersion, output: Output): void {
  const writer = new PacketWriter();
  if (protocolVersion === 5) writeReason(writer, packet);
  writer.finish(PacketType.disconnect << 4, output);
}

export function encodeAuth(packet: AuthPacket, output: Output): void {
  const writer = new PacketWriter();
  writeReason(writer, packet);
  writer.finish(PacketType.auth << 4, output);
}

function writeReason(writer: PacketWriter, packet: DisconnectPacket): void {
  const hasProperties = Object.keys(packet.properties).length > 0;
  if (packet.reasonCode === ReasonCode.success && !hasProperties) return;
  writer.byte(packet.reasonCode);
  if (hasProperties) writer.properties(packet.properties);
}

/** For people: what happened, and the reason that came with it. */
export function describe(
  what: string,
  packet: { readonly reasonCode: number; readonly properties: MqttProperties },
): string {
  const { reasonString } = packet.properties;
  return `${what}: ${reasonName(packet.reasonCode)}${reasonString === undefined ? '' : ` (${reasonString})`}`;
}

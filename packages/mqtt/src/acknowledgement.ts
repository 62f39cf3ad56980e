/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP (MQTT 5 §3.4 to §3.7), written and read without objects.
 *
 *     byte 0       type and flags
 *     byte 1       remaining length: 2, or in MQTT 5 also 3 and more
 *     byte 2, 3    packet identifier
 *     byte 4       reason code; left out it is success
 *     byte 5…      properties; left out they are empty
 */
import { malformed } from './error.js';
import type { Output } from './output.js';
import { PacketReader } from './packet-reader.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import { PacketWriter } from './packet-writer.js';
import { ReasonCode } from './reason-code.js';

export type AcknowledgementType =
  | typeof PacketType.puback
  | typeof PacketType.pubrec
  | typeof PacketType.pubrel
  | typeof PacketType.pubcomp;

/** What the last acknowledgement read says; one object is used again and again. */
export class Acknowledgement {
  type = 0;
  packetId = 0;
  reasonCode: number = ReasonCode.success;

  /** Reads the body in buffer[start … end). @throws MqttError */
  read(type: number, buffer: Buffer, start: number, end: number): void {
    if (end - start < 2) throw malformed('an acknowledgement ends inside its packet identifier');
    this.type = type;
    this.packetId = (buffer[start]! << 8) | buffer[start + 1]!;
    if (this.packetId === 0) throw malformed('the packet identifier is 0');
    this.reasonCode = end - start > 2 ? buffer[start + 2]! : ReasonCode.success;
    if (end - start > 3) {
      const reader = new PacketReader(buffer, start + 3, end);
      reader.properties(1 << type);
      reader.finish();
    }
  }
}

export interface Answer {
  readonly reasonCode: number;
  readonly protocolVersion: ProtocolVersion;
  readonly reason?: string | undefined;
}

/** MQTT 3.1.1 has no reason codes: `reasonCode` is left out there. `reason` becomes the reason string of MQTT 5. */
export function writeAcknowledgement(
  output: Output,
  type: AcknowledgementType,
  packetId: number,
  answer: Answer,
): void {
  const first = (type << 4) | (type === PacketType.pubrel ? 2 : 0);
  if (answer.protocolVersion === 4 || answer.reasonCode === ReasonCode.success) {
    writeShortAcknowledgement(output, first, packetId);
    return;
  }
  const writer = new PacketWriter();
  writer.twoBytes(packetId);
  writer.byte(answer.reasonCode);
  if (answer.reason !== undefined) writer.properties({ reasonString: answer.reason });
  writer.finish(first, output);
}

/** The common case: four bytes. */
export function writeShortAcknowledgement(output: Output, first: number, packetId: number): void {
  output.reserve(4);
  const buffer = output.buffer;
  const at = output.position;
  buffer[at] = first;
  buffer[at + 1] = 2;
  buffer[at + 2] = packetId >> 8;
  buffer[at + 3] = packetId & 0xff;
  output.position = at + 4;
}

/**
 * Control packet types: the high nibble of the first byte (MQTT 5 §2.1.2). The low nibble is flags.
 *
 *     bit      7 6 5 4      3 2 1 0
 *     byte 0   packet type  flags
 *     byte 1…  remaining length, 1 to 4 bytes of 7 bits
 */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** Protocol levels: 4 is MQTT 3.1.1, 5 is MQTT 5 (§3.1.2.2). */
export type ProtocolVersion = 4 | 5;
export type QoS = 0 | 1 | 2;

/** Flags that each type must carry; PUBLISH has its own (MQTT 5 §2.1.3). */
export function requiredFlags(type: number): number {
  return type === PacketType.pubrel || type === PacketType.subscribe || type === PacketType.unsubscribe ? 2 : 0;
}

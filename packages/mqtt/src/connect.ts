/**
 * CONNECT and CONNACK (MQTT 5 §3.1, §3.2).
 *
 *     CONNECT   protocol name "MQTT", level, flags, keep alive, properties (5), client id,
 *               will properties (5), will topic, will payload, user name, password
 *     flags     user name | password | will retain | will QoS (2 bits) | will | clean start | reserved 0
 *     CONNACK   session present, reason code, properties (5)
 */
import { MqttError, malformed, protocolError } from './error.js';
import type { Output } from './output.js';
import { PacketReader } from './packet-reader.js';
import { PacketType, type ProtocolVersion, type QoS } from './packet-type.js';
import { PacketWriter } from './packet-writer.js';
import type { ConnackPacket, ConnectPacket, Will } from './packets.js';
import { PropertyPlace } from './property.js';
import { connackReturnCode, ReasonCode, reasonOfReturnCode } from './reason-code.js';
import { isTopicName } from './topic.js';

/** Range of one packet's body in a buffer. */
export interface BodyRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

const USER_NAME = 0x80;
const PASSWORD = 0x40;
const WILL_RETAIN = 0x20;
const WILL = 0x04;
const CLEAN_START = 0x02;

export function decodeConnect(body: BodyRange): ConnectPacket {
  const reader = new PacketReader(body.buffer, body.start, body.end);
  const protocolVersion = readProtocol(reader);
  const flags = reader.byte();
  checkFlags(flags, protocolVersion);
  const keepAlive = reader.twoBytes();
  const properties = protocolVersion === 5 ? reader.properties(PropertyPlace.connect) : {};
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError('authentication data without a method');
  }
  const clientId = reader.string();
  const cleanStart = (flags & CLEAN_START) !== 0;
  if (clientId === '' && !cleanStart && protocolVersion === 4) {
    // [MQTT-3.1.3-8]
    throw new MqttError(ReasonCode.clientIdentifierNotValid, 'an empty client identifier needs a clean session');
  }
  const will = (flags & WILL) !== 0 ? readWill(reader, flags, protocolVersion) : undefined;
  const username = (flags & USER_NAME) !== 0 ? reader.string() : undefined;
  const password = (flags & PASSWORD) !== 0 ? reader.binary() : undefined;
  reader.finish();
  return { protocolVersion, cleanStart, keepAlive, clientId, will, username, password, properties };
}

/** [MQTT-3.1.2-1] [MQTT-3.1.2-2] */
function readProtocol(reader: PacketReader): ProtocolVersion {
  const name = reader.string();
  if (name !== 'MQTT' && name !== 'MQIsdp') throw malformed('the protocol name is not MQTT');
  const level = reader.byte();
  if (name !== 'MQTT' || (level !== 4 && level !== 5)) {
    throw new MqttError(ReasonCode.unsupportedProtocolVersion, `protocol level ${level} is not spoken here`);
  }
  return level;
}

function checkFlags(flags: number, protocolVersion: ProtocolVersion): void {
  if ((flags & 1) !== 0) throw malformed('the reserved flag of CONNECT is set'); // [MQTT-3.1.2-3]
  const willQos = (flags >> 3) & 3;
  if (willQos === 3) throw malformed('the QoS of the will is 3'); // [MQTT-3.1.2-12]
  if ((flags & WILL) === 0 && (flags & (WILL_RETAIN | 0x18)) !== 0) {
    throw malformed('will flags are set without a will'); // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  }
  if (protocolVersion === 4 && (flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0) {
    throw malformed('a password without a user name'); // MQTT 3.1.1 [MQTT-3.1.2-22]
  }
}

function readWill(reader: PacketReader, flags: number, protocolVersion: ProtocolVersion): Will {
  const properties = protocolVersion === 5 ? reader.properties(PropertyPlace.will) : {};
  const topic = reader.string();
  if (!isTopicName(topic)) throw new MqttError(ReasonCode.topicNameInvalid, 'the topic of the will is no topic name');
  const payload = reader.binary();
  return { topic, payload, properties, qos: ((flags >> 3) & 3) as QoS, retain: (flags & WILL_RETAIN) !== 0 };
}

export function encodeConnect(packet: ConnectPacket, output: Output): void {
  const { will } = packet;
  const writer = new PacketWriter();
  writer.string('MQTT');
  writer.byte(packet.protocolVersion);
  let flags = packet.cleanStart ? CLEAN_START : 0;
  if (packet.username !== undefined) flags |= USER_NAME;
  if (packet.password !== undefined) flags |= PASSWORD;
  if (will !== undefined) flags |= WILL | (will.qos << 3) | (will.retain ? WILL_RETAIN : 0);
  writer.byte(flags);
  writer.twoBytes(packet.keepAlive);
  if (packet.protocolVersion === 5) writer.properties(packet.properties);
  writer.string(packet.clientId);
  if (will !== undefined) {
    if (packet.protocolVersion === 5) writer.properties(will.properties);
    writer.string(will.topic);
    writer.binary(will.payload);
  }
  if (packet.username !== undefined) writer.string(packet.username);
  if (packet.password !== undefined) writer.binary(packet.password);
  writer.finish(PacketType.connect << 4, output);
}

export function decodeConnack(body: BodyRange, protocolVersion: ProtocolVersion): ConnackPacket {
  const reader = new PacketReader(body.buffer, body.start, body.end);
  const flags = reader.byte();
  if (flags > 1) throw malformed('reserved flags of CONNACK are set'); // [MQTT-3.2.2-1]
  const code = reader.byte();
  const properties = protocolVersion === 5 && reader.remaining > 0 ? reader.properties(PropertyPlace.connack) : {};
  reader.finish();
  const reasonCode = protocolVersion === 5 ? code : reasonOfReturnCode(code);
  if (reasonCode === undefined) throw malformed(`return code ${code} is reserved`);
  if (reasonCode !== 0 && flags === 1) throw protocolError('session present in a refusal'); // [MQTT-3.2.2-6]
  return { sessionPresent: flags === 1, reasonCode, properties };
}

export function encodeConnack(packet: ConnackPacket, protocolVersion: ProtocolVersion, output: Output): void {
  const writer = new PacketWriter();
  writer.byte(packet.sessionPresent && packet.reasonCode === 0 ? 1 : 0);
  if (protocolVersion === 5) {
    writer.byte(packet.reasonCode);
    writer.properties(packet.properties);
  } else {
    writer.byte(connackReturnCode(packet.reasonCode));
  }
  writer.finish(PacketType.connack << 4, output);
}

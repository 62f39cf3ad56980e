/**
 * SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK (MQTT 5 §3.8 to §3.11).
 *
 *     SUBSCRIBE     packet id, properties (5), then filter and options for each subscription
 *     options       reserved (2 bits) | retain handling (2 bits) | retain as published | no local | QoS (2 bits)
 *     UNSUBSCRIBE   packet id, properties (5), then filters
 *     SUBACK        packet id, properties (5), then a reason code for each filter; UNSUBACK too, in MQTT 5
 */
import type { BodyRange } from './connect.js';
import { MqttError, malformed, protocolError } from './error.js';
import type { Output } from './output.js';
import { PacketReader } from './packet-reader.js';
import { PacketType, type ProtocolVersion, type QoS } from './packet-type.js';
import { PacketWriter } from './packet-writer.js';
import type { SubscribeAnswer, SubscribePacket, SubscriptionRequest, UnsubscribePacket } from './packets.js';
import { PropertyPlace } from './property.js';
import { ReasonCode } from './reason-code.js';
import { isTopicFilter, parseSharedFilter } from './topic.js';

export function decodeSubscribe(body: BodyRange, protocolVersion: ProtocolVersion): SubscribePacket {
  const reader = new PacketReader(body.buffer, body.start, body.end);
  const packetId = reader.packetId();
  const properties = protocolVersion === 5 ? reader.properties(PropertyPlace.subscribe) : {};
  if ((properties.subscriptionIdentifiers?.length ?? 0) > 1) throw protocolError('two subscription identifiers');
  const subscriptions: SubscriptionRequest[] = [];
  do {
    subscriptions.push(readSubscription(reader, protocolVersion)); // at least one [MQTT-3.8.3-2]
  } while (reader.remaining > 0);
  return { packetId, subscriptions, properties };
}

function readFilter(reader: PacketReader): string {
  const filter = reader.string();
  if (!isTopicFilter(filter) || parseSharedFilter(filter) === 'invalid') {
    throw new MqttError(ReasonCode.topicFilterInvalid, `${JSON.stringify(filter)} is no topic filter`);
  }
  return filter;
}

function readSubscription(reader: PacketReader, protocolVersion: ProtocolVersion): SubscriptionRequest {
  const filter = readFilter(reader);
  const options = reader.byte();
  const qos = options & 3;
  if (qos === 3) throw malformed('the QoS of a subscription is 3');
  const reserved = protocolVersion === 5 ? 0xc0 : 0xfc;
  if ((options & reserved) !== 0) throw malformed('reserved bits of the subscription options are set'); // [MQTT-3.8.3-5]
  const retainHandling = (options >> 4) & 3;
  if (retainHandling === 3) throw protocolError('retain handling is 3');
  const sharedFilter = parseSharedFilter(filter);
  const shared = sharedFilter === 'invalid' ? undefined : sharedFilter;
  const noLocal = (options & 4) !== 0;
  if (noLocal && shared !== undefined) throw protocolError('no local on a shared subscription'); // [MQTT-3.8.3-4]
  return {
    filter,
    shared,
    qos: qos as QoS,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

export function encodeSubscribe(packet: SubscribePacket, protocolVersion: ProtocolVersion, output: Output): void {
  const writer = new PacketWriter();
  writer.twoBytes(packet.packetId);
  if (protocolVersion === 5) writer.properties(packet.properties);
  for (const subscription of packet.subscriptions) {
    writer.string(subscription.filter);
    let options: number = subscription.qos;
    if (protocolVersion === 5) {
      if (subscription.noLocal) options |= 4;
      if (subscription.retainAsPublished) options |= 8;
      options |= subscription.retainHandling << 4;
    }
    writer.byte(options);
  }
  writer.finish((PacketType.subscribe << 4) | 2, output);
}

export function decodeUnsubscribe(body: BodyRange, protocolVersion: ProtocolVersion): UnsubscribePacket {
  const reader = new PacketReader(body.buffer, body.start, body.end);
  const packetId = reader.packetId();
  const properties = protocolVersion === 5 ? reader.properties(PropertyPlace.unsubscribe) : {};
  const filters: string[] = [];
  do {
    filters.push(readFilter(reader)); // at least one [MQTT-3.10.3-2]
  } while (reader.remaining > 0);
  return { packetId, filters, properties };
}

export function encodeUnsubscribe(packet: UnsubscribePacket, protocolVersion: ProtocolVersion, output: Output): void {
  const writer = new PacketWriter();
  writer.twoBytes(packet.packetId);
  if (protocolVersion === 5) writer.properties(packet.properties);
  for (const filter of packet.filters) writer.string(filter);
  writer.finish((PacketType.unsubscribe << 4) | 2, output);
}

export type AnswerType = typeof PacketType.suback | typeof PacketType.unsuback;

export function decodeSubscribeAnswer(
  type: AnswerType,
  body: BodyRange,
  protocolVersion: ProtocolVersion,
): SubscribeAnswer {
  const reader = new PacketReader(body.buffer, body.start, body.end);
  const packetId = reader.packetId();
  const place = type === PacketType.suback ? PropertyPlace.suback : PropertyPlace.unsuback;
  const properties = protocolVersion === 5 ? reader.properties(place) : {};
  const reasonCodes: number[] = [];
  if (type === PacketType.suback || protocolVersion === 5) while (reader.remaining > 0) reasonCodes.push(reader.byte());
  reader.finish();
  return { packetId, reasonCodes, properties };
}

export function encodeSubscribeAnswer(
  type: AnswerType,
  packet: SubscribeAnswer,
  protocolVersion: ProtocolVersion,
  output: Output,
): void {
  const writer = new PacketWriter();
  writer.twoBytes(packet.packetId);
  if (protocolVersion === 5) writer.properties(packet.properties);
  if (type === PacketType.suback || protocolVersion === 5) {
    for (const code of packet.reasonCodes) {
      // [MQTT-3.9.3-2] of 3.1.1: 0x80 is the one failure it knows.
      writer.byte(protocolVersion === 4 && code > 2 ? ReasonCode.unspecifiedError : code);
    }
  }
  writer.finish(type << 4, output);
}

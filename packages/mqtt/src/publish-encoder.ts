/**
 * Writes PUBLISH in one reserve: fixed header, topic, packet identifier, properties and payload go straight from where
 * they lie to the output. Layout: publish-decoder.ts.
 */
import { MqttError } from './error.js';
import type { Output } from './output.js';
import type { ProtocolVersion } from './packet-type.js';
import { copyForwarded, forwardedLength } from './property-reader.js';
import type { OutgoingPublication } from './publication.js';
import { ReasonCode } from './reason-code.js';
import { isTopicName } from './topic.js';
import { isEncodable } from './utf8.js';
import { integerSize, LARGEST, writeInteger } from './variable-byte-integer.js';

/** Topics whose bytes are remembered for each connection; when there are more, all are forgotten. */
const TOPICS_KEPT = 1024;
/** Up to this many bytes a loop beats the call of a native copy. */
const SHORT_COPY = 24;

class EncodedTopic {
  readonly bytes: Buffer;
  /** 0: none was given to it. */
  alias = 0;

  constructor(topic: string) {
    if (!isTopicName(topic) || !isEncodable(topic)) {
      throw new MqttError(ReasonCode.topicNameInvalid, `${JSON.stringify(topic)} is no topic name`);
    }
    this.bytes = Buffer.from(topic);
  }
}

export class PublishEncoder {
  protocolVersion: ProtocolVersion = 4;
  /** The largest packet that the peer takes [MQTT-3.1.2-24]. */
  maximumPacketSize = LARGEST;
  /** How many topic aliases the peer takes [MQTT-3.1.2-26]. */
  topicAliasMaximum = 0;
  private aliasesGiven = 0;
  private readonly topics = new Map<string, EncodedTopic>();
  private lastTopic = '';
  private lastEncoded: EncodedTopic | undefined;

  private encoded(topic: string): EncodedTopic {
    if (topic === this.lastTopic && this.lastEncoded !== undefined) return this.lastEncoded;
    let encoded = this.topics.get(topic);
    if (encoded === undefined) {
      encoded = new EncodedTopic(topic);
      if (this.topics.size >= TOPICS_KEPT) this.forgetTopics();
      this.topics.set(topic, encoded);
    }
    this.lastTopic = topic;
    this.lastEncoded = encoded;
    return encoded;
  }

  /** Aliases once given stay with the peer: topics that have one are kept. */
  private forgetTopics(): void {
    for (const [topic, encoded] of this.topics) if (encoded.alias === 0) this.topics.delete(topic);
  }

  /**
   * Writes one PUBLISH. False when it would be larger than the peer takes: nothing is written then.
   *
   * @throws MqttError when the topic is no topic name
   */
  write(output: Output, publication: OutgoingPublication, packetId: number, duplicate: boolean): boolean {
    const first = 0x30 | (duplicate ? 8 : 0) | (publication.qos << 1) | (publication.retain ? 1 : 0);
    if (this.protocolVersion === 5) return this.writeVersion5(output, publication, packetId, first);
    const encoded = this.encoded(publication.topic);
    const payloadLength = publication.payloadEnd - publication.payloadStart;
    const topicLength = encoded.bytes.length;
    const length = 2 + topicLength + (packetId > 0 ? 2 : 0) + payloadLength;
    const size = 1 + integerSize(length) + length;
    if (size > this.maximumPacketSize || length > LARGEST) return false;
    output.reserve(size);
    const buffer = output.buffer;
    let at = output.position;
    buffer[at++] = first;
    if (length < 0x80) buffer[at++] = length;
    else at = writeInteger(buffer, at, length);
    at = writeTopic(buffer, at, encoded.bytes, topicLength);
    if (packetId > 0) {
      buffer[at++] = packetId >> 8;
      buffer[at++] = packetId & 0xff;
    }
    copy(publication.payload, publication.payloadStart, payloadLength, buffer, at);
    output.position = at + payloadLength;
    return true;
  }

  private writeVersion5(output: Output, publication: OutgoingPublication, packetId: number, first: number): boolean {
    const encoded = this.encoded(publication.topic);
    // With QoS 2 the topic always goes along: clients that keep the packet until PUBREL look the alias up too late.
    const alias = publication.qos === 2 ? 0 : this.aliasFor(encoded);
    // Only an alias that the peer knows already stands for the topic.
    const topicLength = alias !== 0 && encoded.alias !== 0 ? 0 : encoded.bytes.length;
    const payloadLength = publication.payloadEnd - publication.payloadStart;
    const forwarded =
      publication.propertiesEnd === publication.propertiesStart
        ? 0
        : forwardedLength(publication.properties, publication.propertiesStart, publication.propertiesEnd);
    let block = forwarded;
    if (publication.messageExpiryInterval >= 0) block += 5;
    if (publication.subscriptionIdentifier > 0) block += 1 + integerSize(publication.subscriptionIdentifier);
    if (alias > 0) block += 3;
    const length = 2 + topicLength + (packetId > 0 ? 2 : 0) + integerSize(block) + block + payloadLength;
    const size = 1 + integerSize(length) + length;
    if (size > this.maximumPacketSize || length > LARGEST) return false;
    output.reserve(size);
    const buffer = output.buffer;
    let at = output.position;
    buffer[at++] = first;
    at = writeInteger(buffer, at, length);
    at = writeTopic(buffer, at, encoded.bytes, topicLength);
    if (packetId > 0) {
      buffer[at++] = packetId >> 8;
      buffer[at++] = packetId & 0xff;
    }
    at = writeInteger(buffer, at, block);
    if (block > 0) at = writeBlock(buffer, at, publication, alias);
    copy(publication.payload, publication.payloadStart, payloadLength, buffer, at);
    output.position = at + payloadLength;
    if (alias > 0 && encoded.alias === 0) {
      encoded.alias = alias;
      this.aliasesGiven = alias;
    }
    return true;
  }

  /** The alias to send with: the topic's own, or the next free one, or 0. It counts as given once the packet is written. */
  private aliasFor(encoded: EncodedTopic): number {
    if (encoded.alias !== 0) return encoded.alias;
    return this.aliasesGiven < this.topicAliasMaximum ? this.aliasesGiven + 1 : 0;
  }
}

function writeTopic(buffer: Buffer, at: number, bytes: Buffer, length: number): number {
  let to = at;
  buffer[to++] = length >> 8;
  buffer[to++] = length & 0xff;
  if (length > SHORT_COPY) return to + bytes.copy(buffer, to);
  for (let i = 0; i < length; i++) buffer[to++] = bytes[i]!;
  return to;
}

function writeBlock(buffer: Buffer, start: number, publication: OutgoingPublication, alias: number): number {
  let at = start;
  if (publication.messageExpiryInterval >= 0) {
    buffer[at] = 0x02;
    at = buffer.writeUInt32BE(publication.messageExpiryInterval, at + 1);
  }
  if (publication.subscriptionIdentifier > 0) {
    buffer[at] = 0x0b;
    at = writeInteger(buffer, at + 1, publication.subscriptionIdentifier);
  }
  if (alias > 0) {
    buffer[at] = 0x23;
    at = buffer.writeUInt16BE(alias, at + 1);
  }
  if (publication.propertiesEnd > publication.propertiesStart) {
    const range = { start: publication.propertiesStart, end: publication.propertiesEnd };
    at = copyForwarded(publication.properties, range, buffer, at);
  }
  return at;
}

function copy(source: Buffer, start: number, length: number, target: Buffer, at: number): void {
  if (length > SHORT_COPY) source.copy(target, at, start, start + length);
  else for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
}

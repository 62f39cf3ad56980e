/**
 * PUBLISH by offset (MQTT 5 §3.3).
 *
 *     byte 0   3 (4 bits) | DUP | QoS (2 bits) | RETAIN
 *     body     topic name (two bytes length, UTF-8)
 *              packet identifier (two bytes), with QoS 1 and 2
 *              property length (Variable Byte Integer) and properties, in MQTT 5
 *              payload: the rest
 */
import { MqttError, malformed, protocolError } from './error.js';
import type { ProtocolVersion, QoS } from './packet-type.js';
import { PublishProperties, scanPublishProperties } from './property-reader.js';
import { Publication } from './publication.js';
import { ReasonCode } from './reason-code.js';
import { TopicCache, type TopicEntry } from './topic-cache.js';

export class PublishDecoder {
  /** The one publication that `decode` fills. */
  readonly publication = new Publication();
  protocolVersion: ProtocolVersion = 4;
  /** Highest topic alias that the peer may use. */
  topicAliasMaximum = 0;
  /** Only a server sends subscription identifiers [MQTT-3.3.4-6]. */
  allowsSubscriptionIdentifiers = false;
  private readonly topics = new TopicCache();
  private readonly aliases: TopicEntry[] = [];
  private readonly found = new PublishProperties();

  /**
   * Fills `publication` from the body in buffer[start … end).
   *
   * @throws MqttError
   */
  decode(first: number, buffer: Buffer, start: number, end: number): void {
    const publication = this.publication;
    const qos = (first >> 1) & 3;
    if (qos === 3) throw malformed('the QoS of PUBLISH is 3'); // [MQTT-3.3.1-4]
    const duplicate = (first & 8) !== 0;
    if (duplicate && qos === 0) throw malformed('DUP with QoS 0'); // [MQTT-3.3.1-2]
    if (end - start < 2) throw malformed('PUBLISH ends inside its topic');
    const topicStart = start + 2;
    let at = topicStart + ((buffer[start]! << 8) | buffer[start + 1]!);
    const topicEnd = at;
    if (qos > 0) at += 2;
    if (at > end) throw malformed('PUBLISH ends inside its topic or packet identifier');
    publication.packetId = qos > 0 ? (buffer[topicEnd]! << 8) | buffer[topicEnd + 1]! : 0;
    if (qos > 0 && publication.packetId === 0) throw malformed('the packet identifier is 0'); // [MQTT-2.2.1-3]
    publication.qos = qos as QoS;
    publication.retain = (first & 1) !== 0;
    publication.duplicate = duplicate;
    publication.buffer = buffer;
    publication.payloadEnd = end;
    publication.messageExpiryInterval = -1;
    publication.propertiesStart = at;
    publication.propertiesEnd = at;
    if (this.protocolVersion === 5) {
      this.decodeVersion5(buffer, topicStart, topicEnd, at);
    } else {
      const entry = this.topics.lookup(buffer, topicStart, topicEnd);
      publication.entry = entry;
      publication.topic = entry.topic;
      publication.payloadStart = at;
    }
  }

  private decodeVersion5(buffer: Buffer, topicStart: number, topicEnd: number, at: number): void {
    const publication = this.publication;
    const end = publication.payloadEnd;
    let alias = 0;
    if (at < end && buffer[at] === 0) {
      publication.propertiesStart = at + 1;
      publication.propertiesEnd = at + 1;
    } else {
      const propertiesStart = behindLength(buffer, at, end);
      const propertiesEnd = propertiesStart + lengthOf(buffer, at, propertiesStart);
      if (propertiesEnd > end) throw malformed('the properties of PUBLISH end behind the packet');
      scanPublishProperties(buffer, propertiesStart, propertiesEnd, this.found);
      publication.propertiesStart = propertiesStart;
      publication.propertiesEnd = propertiesEnd;
      publication.messageExpiryInterval = this.found.messageExpiryInterval;
      alias = this.found.topicAlias;
      if (this.found.subscriptionIdentifiers > 0 && !this.allowsSubscriptionIdentifiers) {
        throw protocolError('a subscription identifier from a client');
      }
    }
    publication.payloadStart = publication.propertiesEnd;
    const entry = alias === 0 ? this.named(buffer, topicStart, topicEnd) : this.aliased(alias, topicStart, topicEnd);
    publication.entry = entry;
    publication.topic = entry.topic;
  }

  private named(buffer: Buffer, start: number, end: number): TopicEntry {
    if (start === end) throw protocolError('an empty topic without an alias'); // §3.3.2.1
    return this.topics.lookup(buffer, start, end);
  }

  /** §3.3.2.3.4: a topic with an alias sets it, an empty topic uses it. */
  private aliased(alias: number, start: number, end: number): TopicEntry {
    if (alias > this.topicAliasMaximum) {
      throw new MqttError(ReasonCode.topicAliasInvalid, `topic alias ${alias} is above the maximum`); // [MQTT-3.3.2-9]
    }
    if (start === end) {
      const entry = this.aliases[alias];
      if (entry === undefined) throw protocolError(`topic alias ${alias} is not set`);
      return entry;
    }
    const entry = this.topics.lookup(this.publication.buffer, start, end);
    this.aliases[alias] = entry;
    return entry;
  }
}

/** Offset behind the Variable Byte Integer at `at`. */
function behindLength(buffer: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && next < at + 3 && buffer[next]! >= 0x80) next++;
  if (next >= end || buffer[next]! >= 0x80) throw malformed('the property length of PUBLISH does not end');
  if (buffer[next] === 0 && next > at) throw malformed('a Variable Byte Integer is not in its shortest form');
  return next + 1;
}

function lengthOf(buffer: Buffer, at: number, next: number): number {
  let value = 0;
  for (let i = next - 1; i >= at; i--) value = value * 128 + (buffer[i]! & 0x7f);
  return value;
}

/**
 * A PUBLISH on its way in. One object for each connection is filled again for each packet; it, and the bytes it points
 * to, are valid until `onPublish` returns.
 */
import type { ProtocolVersion, QoS } from './packet-type.js';
import { type MqttProperties, PropertyPlace } from './property.js';
import { decodeProperties } from './property-reader.js';
import { TopicEntry } from './topic-cache.js';

const NOTHING = Buffer.alloc(0);

export class Publication {
  topic = '';
  /** What the connection remembers of this topic; `entry.route` is the handler's. May be another object next time. */
  entry: TopicEntry = new TopicEntry('', NOTHING);
  qos: QoS = 0;
  retain = false;
  /** DUP: the sender has sent it before. */
  duplicate = false;
  /** 0 with QoS 0. */
  packetId = 0;
  /** Names this publication in `MqttConnection.acknowledge`; -1 with QoS 0, which has no acknowledgement. */
  tag = -1;
  protocolVersion: ProtocolVersion = 4;
  buffer: Buffer = NOTHING;
  /** Property block without its length, checked: buffer[propertiesStart … propertiesEnd). Empty with MQTT 3.1.1. */
  propertiesStart = 0;
  propertiesEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Seconds; -1: does not expire. */
  messageExpiryInterval = -1;

  /** The properties as an object: for those who have the time. */
  properties(): MqttProperties {
    return decodeProperties(this.buffer, this.propertiesStart, this.propertiesEnd, PropertyPlace.publish);
  }

  /** A view, valid until `onPublish` returns. */
  payload(): Buffer {
    return this.buffer.subarray(this.payloadStart, this.payloadEnd);
  }
}

/** A PUBLISH on its way out: an object that the caller fills and uses again and again. Its bytes are copied at once. */
export class OutgoingPublication {
  topic = '';
  qos: QoS = 0;
  retain = false;
  payload: Buffer = NOTHING;
  payloadStart = 0;
  payloadEnd = 0;
  /**
   * A property block without its length, such as came with a `Publication` or from `encodeProperties`; ignored for MQTT
   * 3.1.1. Topic alias, subscription identifier and message expiry in it are left out: they belong to one hop.
   */
  properties: Buffer = NOTHING;
  propertiesStart = 0;
  propertiesEnd = 0;
  /** Seconds that are left; -1: does not expire. */
  messageExpiryInterval = -1;
  /** 0: none. */
  subscriptionIdentifier = 0;
  /** DUP: it may have been sent before, in a life of the session that is not remembered packet by packet. */
  duplicate = false;
  /** Kept by the session until the message is acknowledged, and given back to the handler. QoS 1 and 2. */
  context: unknown = undefined;
  /** Set by `publish`: the packet identifier it was sent with; 0 with QoS 0. */
  packetId = 0;
}

/** The packets that come now and then, as objects. PUBLISH has its flyweight (publication.ts), acknowledgements none. */
import type { ProtocolVersion, QoS } from './packet-type.js';
import type { MqttProperties } from './property.js';
import type { SharedFilter } from './topic.js';

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** With `willDelayInterval`, which is not passed on. */
  readonly properties: MqttProperties;
}

export interface ConnectPacket {
  readonly protocolVersion: ProtocolVersion;
  /** MQTT 3.1.1 calls it clean session, and means its end too. */
  readonly cleanStart: boolean;
  /** Seconds; 0 = none. */
  readonly keepAlive: number;
  /** Empty: the server assigns one. */
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly properties: MqttProperties;
}

export interface ConnackPacket {
  readonly sessionPresent: boolean;
  /** MQTT 5 reason code; of MQTT 3.1.1 return codes the nearest. */
  readonly reasonCode: number;
  readonly properties: MqttProperties;
}

export interface SubscriptionRequest {
  /** As the client wrote it, `$share/…` and all. */
  readonly filter: string;
  readonly shared: SharedFilter | undefined;
  readonly qos: QoS;
  /** MQTT 5: what the client itself sent does not come back. Default: false. */
  readonly noLocal: boolean;
  /** MQTT 5: the retain flag is passed on as the publisher set it. Default: false. */
  readonly retainAsPublished: boolean;
  /** 0: send retained messages; 1: only when the subscription is new; 2: do not. Default: 0. */
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties: MqttProperties;
}

export interface UnsubscribePacket {
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties: MqttProperties;
}

/** SUBACK and UNSUBACK. One reason code for each filter, in order. MQTT 3.1.1's UNSUBACK has none. */
export interface SubscribeAnswer {
  readonly packetId: number;
  readonly reasonCodes: readonly number[];
  readonly properties: MqttProperties;
}

export interface DisconnectPacket {
  readonly reasonCode: number;
  readonly properties: MqttProperties;
}

export interface AuthPacket {
  readonly reasonCode: number;
  readonly properties: MqttProperties;
}

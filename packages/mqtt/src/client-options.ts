/** What a client is made with, and what it hands over. */
import type { ProtocolVersion, QoS } from './packet-type.js';
import type { Will } from './packets.js';
import type { MqttProperties } from './property.js';
import type { MqttSession } from './session.js';
import type { TransportOptions } from './socket.js';

export interface ClientOptions extends TransportOptions {
  /** Default: empty, the server assigns one. */
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string | Uint8Array;
  /** Default: 5. */
  readonly protocolVersion?: ProtocolVersion;
  /** Default: true. */
  readonly cleanStart?: boolean;
  /** Seconds; 0 = none. Default: 60. */
  readonly keepAlive?: number;
  readonly will?: Will;
  /** MQTT 5: session expiry and others. */
  readonly properties?: MqttProperties;
  /** What an earlier client of the same client id left undone. */
  readonly session?: MqttSession;
  /** Messages that no listener of this client takes: those of subscriptions that a resumed session brings. Default: acknowledged and dropped. */
  readonly onMessage?: MessageListener;
}

export interface PublishOptions {
  /** Default: 0. */
  readonly qos?: QoS;
  /** Default: false. */
  readonly retain?: boolean;
  /** MQTT 5. */
  readonly properties?: MqttProperties;
}

export interface SubscribeOptions {
  /** Default: 0. */
  readonly qos?: QoS;
  /** MQTT 5. Default: false. */
  readonly noLocal?: boolean;
  /** MQTT 5. Default: false. */
  readonly retainAsPublished?: boolean;
  /** MQTT 5. Default: 0. */
  readonly retainHandling?: 0 | 1 | 2;
  /** MQTT 5: user properties, subscription identifier. */
  readonly properties?: MqttProperties;
}

/** A message that came. Its bytes are its own. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly duplicate: boolean;
  readonly properties: MqttProperties;
}

/**
 * Called for each message of a subscription. Acknowledged when it returns, or when the promise it returns is fulfilled;
 * a rejected promise, or an exception, ends the connection without acknowledgement.
 */
export type MessageListener = (message: ReceivedMessage) => void | Promise<void>;

/**
 * An MQTT client: promises at the edge, the engine inside. It does not reconnect by itself; give `session` of the old
 * client to `connect` to go on where it was cut.
 */
import { ClientLink } from './client-link.js';
import type { ClientOptions, MessageListener, PublishOptions, SubscribeOptions } from './client-options.js';
import type { QoS } from './packet-type.js';
import { encodeProperties } from './packet-writer.js';
import type { ConnackPacket } from './packets.js';
import { OutgoingPublication } from './publication.js';
import { ReasonCode } from './reason-code.js';
import type { MqttSession } from './session.js';

export class MqttClient {
  /** As chosen, or as the server assigned it. */
  clientId: string;
  /** The server's answer to CONNECT. */
  readonly connack: ConnackPacket;
  /** Fulfilled when the connection has ended; with the reason when it did not end in order. */
  readonly closed: Promise<Error | undefined>;
  private readonly link: ClientLink;

  /** Use `connect`. */
  constructor(link: ClientLink, connack: ConnackPacket, clientId: string) {
    this.link = link;
    this.connack = connack;
    this.clientId = connack.properties.assignedClientIdentifier ?? clientId;
    this.closed = link.closed;
  }

  /** For `ClientOptions.session` of a later connection. */
  get session(): MqttSession {
    return this.link.connection.session;
  }

  /**
   * Fulfilled when the message is sent (QoS 0) or the server has taken it (QoS 1 and 2). At most as many as the server
   * allows are under way; others wait their turn.
   *
   * @throws MqttError when the server refuses it, or the connection ends first
   */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const message = new OutgoingPublication();
    message.topic = topic;
    message.payload =
      typeof payload === 'string'
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    message.payloadEnd = message.payload.length;
    message.qos = options.qos ?? 0;
    message.retain = options.retain ?? false;
    if (options.properties !== undefined) {
      const { messageExpiryInterval, ...properties } = options.properties;
      message.messageExpiryInterval = messageExpiryInterval ?? -1;
      message.properties = encodeProperties(properties);
      message.propertiesEnd = message.properties.length;
    }
    return this.link.publish(message);
  }

  /**
   * Fulfilled when the server has granted it. A message goes to every subscription of this client whose filter takes it
   * in, once for each copy that the server sends.
   *
   * @returns the granted QoS
   * @throws MqttError when the server refuses
   */
  async subscribe(filter: string, options: SubscribeOptions, onMessage: MessageListener): Promise<QoS> {
    return await this.link.subscribe(filter, options, onMessage);
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.link.unsubscribe(filter);
  }

  /** Sends DISCONNECT after what is waiting, and waits for the end. */
  async end(reasonCode: number = ReasonCode.success): Promise<void> {
    this.link.connection.disconnect(reasonCode);
    await this.closed;
  }

  /** Cuts the connection without DISCONNECT. */
  destroy(): void {
    this.link.destroy();
  }
}

/** Connects. @throws Error when the transport fails, MqttError when the server refuses */
export async function connect(options: ClientOptions): Promise<MqttClient> {
  const link = new ClientLink();
  const connack = await link.open(options);
  return new MqttClient(link, connack, options.clientId ?? '');
}

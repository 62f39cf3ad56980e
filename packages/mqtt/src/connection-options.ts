/** What a connection is made with, and what it tells its host. */
import type { MqttError } from './error.js';
import type { Output } from './output.js';
import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  SubscribeAnswer,
  SubscribePacket,
  UnsubscribePacket,
} from './packets.js';
import type { MqttProperties } from './property.js';
import type { Publication } from './publication.js';
import type { MqttSession } from './session.js';
import type { Spool } from './spool.js';

/** Calls come from within `ingest`, `tick` and the methods of the connection; the host may call the connection back. */
interface CommonHandler {
  /**
   * A PUBLISH came. `publication` and its bytes are valid until this returns. With QoS 1 and 2 the host calls
   * `acknowledge(publication.tag, …)` once it has decided, now or later. A repetition of a QoS 2 message is not passed on.
   */
  onPublish(publication: Publication): void;
  /**
   * The peer has taken a message (PUBACK or PUBREC), or refused it (reason code from 0x80 on). `context` is what it was
   * sent with. The message need not be kept any longer.
   */
  onAcknowledged(context: unknown, reasonCode: number): void;
  /** The exchange is over and there is room for another: after `onAcknowledged`, or with QoS 2 at PUBCOMP. */
  onCompleted(context: unknown): void;
  /**
   * After a resumed session: the message of `context` must be sent again, through `MqttConnection.resend`. False: there
   * is no such message any more, and its packet identifier is given up.
   */
  onResend(context: unknown, packetId: number): boolean;
  /** The peer ends the connection in order. `onClosed` follows. */
  onDisconnect(packet: DisconnectPacket): void;
  /** Extended authentication (§4.12): the answer to `challenge`, or the begin of another round on an open connection. */
  onAuth(packet: AuthPacket): void;
  /**
   * The connection is over: the last call. The host ends the socket after what is in the output. `error`: why, when it
   * was not in order.
   */
  onClosed(error: MqttError | undefined): void;
}

export interface MqttServerHandler extends CommonHandler {
  /** The host answers with `accept` or `refuse`, now or later; until then nothing else is read. */
  onConnect(packet: ConnectPacket): void;
  /** The host answers with `answerSubscribe`. */
  onSubscribe(packet: SubscribePacket): void;
  /** The host answers with `answerUnsubscribe`. */
  onUnsubscribe(packet: UnsubscribePacket): void;
}

export interface MqttClientHandler extends CommonHandler {
  /** The server's answer, refusals too; after a refusal `onClosed` follows. */
  onConnack(packet: ConnackPacket): void;
  /** Answer to SUBSCRIBE or UNSUBSCRIBE; `context` is what that was sent with. */
  onSubscribeAnswer(context: unknown, packet: SubscribeAnswer): void;
}

export interface ConnectionLimits {
  /** Largest packet taken in, bytes with fixed header. Default: 1,048,576. */
  readonly maximumPacketSize?: number;
  /** Publications of QoS 1 and 2 that the peer may have open; only MQTT 5 peers can be told. Default: 65,535. */
  readonly receiveMaximum?: number;
  /** Publications sent and not acknowledged, when the peer sets no lower bound. Default: 1,000. */
  readonly inFlightMaximum?: number;
  /** Topic aliases that the peer may use. Default: 64. */
  readonly topicAliasMaximum?: number;
  /** Topic aliases given out, when the peer allows as many. Default: 64. */
  readonly outgoingTopicAliases?: number;
  /** From the first `tick` to the answer to CONNECT. Default: 10,000. */
  readonly connectTimeoutMs?: number;
  /** Server: largest packet until CONNECT is answered, bytes; `maximumPacketSize` when that is less. Default: any. */
  readonly connectPacketMax?: number;
}

export const LIMIT_DEFAULTS: Required<ConnectionLimits> = {
  maximumPacketSize: 1_048_576,
  receiveMaximum: 65_535,
  inFlightMaximum: 1_000,
  topicAliasMaximum: 64,
  outgoingTopicAliases: 64,
  connectTimeoutMs: 10_000,
  connectPacketMax: Number.POSITIVE_INFINITY,
};

export type ConnectionPhase =
  | 'awaiting-connect'
  | 'answering'
  | 'authenticating'
  | 'idle'
  | 'awaiting-connack'
  | 'open'
  | 'closed';

export type MqttConnectionOptions = {
  readonly output: Output;
  readonly limits?: ConnectionLimits;
  /** Where packets are kept that have more than 1 MiB and still come. Default: in memory. */
  readonly openSpool?: () => Spool;
} & (
  | { readonly role: 'server'; readonly handler: MqttServerHandler }
  | { readonly role: 'client'; readonly handler: MqttClientHandler }
);

/** A server's yes to CONNECT. */
export interface Acceptance {
  /** The session to go on with, or a new one. */
  readonly session: MqttSession;
  /** Whether that session was there before. */
  readonly sessionPresent: boolean;
  /**
   * For MQTT 5: assigned client identifier, session expiry and whatever differs from the standard's defaults; the
   * connection adds its own limits. With `serverKeepAlive` that one holds.
   */
  readonly properties?: MqttProperties;
}

export type PublishResult =
  | 'sent'
  /** As many as the peer allows are unacknowledged; try again at `onCompleted`. */
  | 'no-quota'
  /** The peer takes no packet of that size: the message counts as delivered [MQTT-3.1.2-25]. */
  | 'too-large'
  | 'not-open';

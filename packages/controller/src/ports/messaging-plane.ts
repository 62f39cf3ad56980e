/** What the controller asks of whatever holds the addresses: Millrace's own broker, or an Artemis cluster. */
import type { AddressSpec, AddressType } from '@millrace/contract';

export interface MessagingCapabilities {
  readonly plane: string;
  /** Address types that can be declared; others are refused at apply with `reasons`. */
  readonly addressTypes: readonly AddressType[];
  readonly reasons: Readonly<Partial<Record<AddressType, string>>>;
  /** Whether addresses can look for duplicates by message id. Default: false. */
  readonly deduplication?: boolean;
}

/** What is counted of an address. */
export interface AddressFigures {
  /** Messages and bytes stored now. For a topic: the sum over its subscriptions. */
  readonly stored: number;
  readonly storedBytes: number;
  readonly senders: number;
  readonly receivers: number;
  /** Since the process started. */
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly expired: number;
  readonly deadLettered: number;
  /** Left out as their id was in the address' window. Default: 0. */
  readonly duplicates?: number;
}

export interface AddressObservation extends AddressFigures {
  readonly ready: boolean;
  /** CamelCase word and a sentence; why it is not ready, or what is worth knowing. */
  readonly reason: string;
  readonly message: string;
}

export interface LinkObservation {
  readonly name: string;
  readonly role: 'sender' | 'receiver';
  readonly address: string;
  readonly credit: number;
  readonly unsettled: number;
  readonly deliveries: number;
}

export interface ConnectionObservation {
  readonly id: string;
  readonly protocol: 'amqp' | 'mqtt' | 'job';
  /** AMQP container-id or MQTT client identifier. */
  readonly container: string;
  readonly host: string;
  readonly user: string;
  readonly encrypted: boolean;
  readonly openedAt: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly links: readonly LinkObservation[];
}

/** A subscription of a topic or filter that keeps messages while nobody receives. */
export interface SubscriptionObservation {
  readonly name: string;
  /** The topic or filter that it takes from. */
  readonly source: string;
  /** Whose it is: a client by its protocol, or a job; `any` for one that clients name themselves and share. */
  readonly owner: 'amqp' | 'mqtt' | 'job' | 'any';
  /** AMQP container-id, MQTT client identifier, or the job; '' where many may share it. */
  readonly container: string;
  readonly stored: number;
  readonly storedBytes: number;
  readonly receivers: number;
  /** Links that receive from it now, where they can be told from the owner. */
  readonly links: readonly { readonly connection: string; readonly link: string }[];
}

/** Which message, and where to. */
export interface MessageMove {
  readonly id: number;
  readonly target: string;
}

/** A message as REST and the CLI show it. Body: text when it is UTF-8, else base64. */
export interface ReadableMessage {
  readonly id: number;
  readonly address: string;
  readonly time: string;
  readonly body: string;
  readonly bodyEncoding: 'utf8' | 'base64';
  readonly contentType: string | undefined;
  readonly subject: string | undefined;
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly durable: boolean;
  readonly priority: number;
  readonly deliveryCount: number;
  /** A receiver has it and has not settled it. */
  readonly inDelivery: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

export interface MessageToSend {
  readonly body: Uint8Array;
  /** False: body is UTF-8 text and goes out as AmqpValue(string); true: Data. */
  readonly binary: boolean;
  readonly contentType?: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly durable?: boolean;
  readonly priority?: number;
  readonly ttlMs?: number;
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Endpoint {
  readonly name: string;
  readonly protocol: 'amqp' | 'mqtt' | 'http';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** A declared wish that this plane, or its present state, does not allow. */
export class PlaneRefusal extends Error {
  override readonly name = 'PlaneRefusal';
  readonly reason: 'Unsupported' | 'WouldLoseMessages' | 'NotFound' | 'Conflict' | 'Full' | 'Invalid';
  /** JSON pointer into the document, or '' for the whole. */
  readonly pointer: string;

  constructor(reason: PlaneRefusal['reason'], message: string, pointer = '') {
    super(message);
    this.reason = reason;
    this.pointer = pointer;
  }
}

export interface MessagingPlane {
  readonly capabilities: MessagingCapabilities;
  /** Creates the address, or changes it to this spec keeping stored messages. @throws PlaneRefusal */
  declareAddress(name: string, spec: AddressSpec): Promise<void>;
  /** Deletes it; links on it are closed with a reason. @throws PlaneRefusal WouldLoseMessages, unless `force` */
  removeAddress(name: string, options: { readonly force: boolean }): Promise<void>;
  observeAddress(name: string): AddressObservation | undefined;
  /** The figures of `observeAddress` alone: for looking at many. */
  addressFigures(name: string): AddressFigures | undefined;
  observeConnections(): readonly ConnectionObservation[];
  closeConnection(id: string, reason: string): Promise<boolean>;
  /** Deletes stored messages. @returns how many */
  purge(name: string): Promise<number>;
  /** Looks without consuming, oldest first. `after` is the id of the last one seen. */
  browse(
    name: string,
    options: { readonly limit: number; readonly after: number },
  ): Promise<readonly ReadableMessage[]>;
  /** Id of the message that was stored last, there still or not; undefined where nothing can be looked into. */
  lastMessageId(name: string): number | undefined;
  /**
   * Moves stored messages in one transaction: all that are there and that no receiver holds, or none. At its target each is
   * a new message with the content of the old.
   * @returns how many @throws PlaneRefusal when a target does not take them
   */
  moveMessages(name: string, moves: readonly MessageMove[]): Promise<number>;
  /** Deletes stored messages that no receiver holds. @returns how many */
  deleteMessages(name: string, ids: readonly number[]): Promise<number>;
  /** Subscriptions that keep messages. */
  observeSubscriptions(): readonly SubscriptionObservation[];
  /** Forgets one with what it stores; its receivers are told. @returns false when there is none */
  removeSubscription(name: string): Promise<boolean>;
  /** Sends one message and waits for its outcome. @throws PlaneRefusal when it was not accepted */
  send(name: string, message: MessageToSend): Promise<void>;
  endpoints(): readonly Endpoint[];
}

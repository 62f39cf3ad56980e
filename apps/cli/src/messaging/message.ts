/** Messages as the command line sends and shows them, the same for both protocols. */

export interface OutgoingMessage {
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly durable: boolean;
}

export interface IncomingMessage {
  readonly address: string;
  /** Text, when the body is text or UTF-8. */
  readonly body: string | Uint8Array;
  readonly properties: Readonly<Record<string, string>>;
  readonly subject: string | undefined;
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly contentType: string | undefined;
  readonly durable: boolean;
  /** AMQP: delivered before, perhaps. MQTT: the DUP flag. */
  readonly redelivered: boolean;
  /** MQTT alone. */
  readonly retained: boolean;
}

/** What became of a message that was sent. Over MQTT with QoS 0 nobody says: written counts as accepted. */
export type SendOutcome = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly reason: string };

export interface MessageSender {
  /** Waits for credit, then for the outcome. Several may be under way. @throws CommandError when the connection is lost */
  send(message: OutgoingMessage): Promise<SendOutcome>;
  /** Says good-bye and waits until that is done. */
  close(): Promise<void>;
}

export interface MessageReceiver {
  /** Resolves when the connection ended without our asking, with the error. */
  readonly lost: Promise<Error>;
  close(): Promise<void>;
}

/** @returns false to take this message and no more: it is accepted, whatever else is under way goes back */
export type OnMessage = (message: IncomingMessage) => boolean;

export const ACCEPTED: SendOutcome = { kind: 'accepted' };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes, or the bytes (a copy: the caller's view may be overwritten). */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    // Not slice(): a Buffer gives another view of the same memory.
    return new Uint8Array(bytes);
  }
}

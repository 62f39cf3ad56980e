import { printable } from '../text/table.js';
import type { IncomingMessage } from './message.js';

/**
 * The body as one line. On a terminal, control characters are shown and not obeyed; into a pipe or file the text goes
 * as it came. Bytes that are no text are written in base64.
 */
export function incomingAsText(message: IncomingMessage, options: { readonly forTerminal: boolean }): string {
  const { body } = message;
  if (typeof body !== 'string') return `base64:${Buffer.from(body).toString('base64')}\n`;
  return `${options.forTerminal ? printable(body) : body}\n`;
}

/** One JSON object on one line; what the message does not have is left out. */
export function incomingAsJson(message: IncomingMessage): string {
  const { body } = message;
  const text = typeof body === 'string';
  return `${JSON.stringify({
    address: message.address,
    body: text ? body : Buffer.from(body).toString('base64'),
    bodyEncoding: text ? undefined : 'base64',
    subject: message.subject,
    messageId: message.messageId,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    contentType: message.contentType,
    durable: message.durable || undefined,
    redelivered: message.redelivered || undefined,
    retained: message.retained || undefined,
    properties: Object.keys(message.properties).length === 0 ? undefined : message.properties,
  })}\n`;
}

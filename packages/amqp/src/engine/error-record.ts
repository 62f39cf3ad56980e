/** Errors as they travel in detach, end and close (AMQP 1.0 §2.8.14). */
import { AmqpError, type ErrorScope } from '../amqp-error.js';
import type { ErrorRecord } from '../performatives/delivery-state.js';

export function toErrorRecord(error: AmqpError): ErrorRecord {
  return { condition: error.condition, description: error.message };
}

export function toAmqpError(record: ErrorRecord | undefined, scope: ErrorScope): AmqpError | undefined {
  if (record === undefined) return undefined;
  return new AmqpError(record.condition, record.description ?? '', scope);
}

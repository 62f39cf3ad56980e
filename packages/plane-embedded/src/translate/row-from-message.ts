/**
 * A message as a row (DESIGN §2), written into the columns of a batch. `time`, `body` and `address`, which nearly every job
 * reads and nothing else, are taken without decoding anything; the other columns cost a decoding.
 */
import { BodyContent, decodeBody, MessageSections } from '@millrace/amqp';
import { type Delivery, type Message, MessageFormat } from '@millrace/broker';
import type { BatchBuilder } from '../batch-builder.js';
import { payloadOf } from './amqp-text.js';
import { factsOf, type MessageFacts } from './message-facts.js';

/** NULL is null; TIMESTAMP is ms since the epoch; `properties` a record of text. */
type Column = (message: Message, facts: MessageFacts, delivery: Delivery) => unknown;

const COLUMNS: Readonly<Record<string, Column>> = {
  subject: (_message, facts) => facts.subject ?? null,
  message_id: (_message, facts) => facts.messageId ?? null,
  correlation_id: (_message, facts) => facts.correlationId ?? null,
  reply_to: (_message, facts) => facts.replyTo ?? null,
  content_type: (_message, facts) => facts.contentType ?? null,
  creation_time: (_message, facts) => facts.creationTime ?? null,
  durable: (message) => message.durable,
  priority: (message) => message.priority,
  ttl: (message) => (message.ttlMs === 0 ? null : message.ttlMs),
  properties: (_message, facts) => facts.properties,
};

const TAKEN_AS_THEY_ARE: ReadonlySet<string> = new Set(['time', 'body', 'body_bytes', 'address']);

/** Whether rows have this column: the others, such as those of an address' schema, are not filled. */
export function isReadableColumn(name: string): boolean {
  return TAKEN_AS_THEY_ARE.has(name) || Object.hasOwn(COLUMNS, name);
}

const sections = new MessageSections();
const content = new BodyContent();

export class RowReader {
  private readonly readsBody: boolean;
  private readonly others: readonly { readonly name: string; readonly read: Column }[];

  constructor(columns: readonly string[]) {
    this.readsBody = columns.includes('body') || columns.includes('body_bytes');
    this.others = columns.flatMap((name) => {
      const read = COLUMNS[name];
      return read === undefined ? [] : [{ name, read }];
    });
  }

  /** @throws AmqpError or MqttError when the bytes are not what their format says; the row is then incomplete */
  read(message: Message, delivery: Delivery, batch: BatchBuilder, row: number): void {
    if (this.readsBody) readBody(message, batch, row);
    if (this.others.length === 0) return;
    const facts = factsOf(message);
    for (const { name, read } of this.others) batch.others.get(name)!.push(read(message, facts, delivery));
  }
}

function readBody(message: Message, batch: BatchBuilder, row: number): void {
  const { bytes, split, end } = message;
  if (message.format === MessageFormat.mqtt) {
    batch.addBody(row, bytes, split, end);
    return;
  }
  sections.scan(bytes, split, end);
  if (content.find(bytes, sections)) {
    batch.addBody(row, bytes, content.start, content.end);
    return;
  }
  const body = decodeBody(bytes, sections);
  if (body.kind === 'none' || (body.kind === 'value' && body.value === null)) {
    batch.addNullBody(row);
    return;
  }
  const payload = payloadOf(body);
  batch.addBody(row, payload, 0, payload.length);
}

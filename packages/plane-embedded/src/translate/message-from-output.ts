/** What a job or the REST API sends, as a message: text goes out as AmqpValue(string), bytes as Data, NULL as AmqpValue(null). */
import { dataBody, Encoder, encodeMessage, valueBody } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import type { OutputMessage } from '@millrace/controller';

const encoder = new Encoder();

export function messageFromOutput(output: OutputMessage): Message {
  const message = new Message();
  message.format = MessageFormat.amqp;
  message.bytes = encodeMessage(
    {
      properties: {
        to: output.address,
        messageId: output.messageId,
        subject: output.subject,
        replyTo: output.replyTo,
        correlationId: output.correlationId,
        contentType: output.contentType,
        creationTime: output.creationTimeMs === undefined ? undefined : new Date(output.creationTimeMs),
      },
      applicationProperties: output.properties,
      body: output.body instanceof Uint8Array ? dataBody(output.body) : valueBody(output.body),
    },
    encoder,
  );
  message.end = message.bytes.length;
  message.address = output.address;
  message.durable = output.durable ?? true;
  message.priority = output.priority ?? 4;
  message.ttlMs = output.ttlMs ?? 0;
  message.qos = 1;
  message.owned = true;
  return message;
}

/** Whole messages as plain objects, for clients: every section is a field, every kind of body a variant. */
import { decodeError } from '../amqp-error.js';
import { Decoder } from '../codec/decoder.js';
import { Encoder } from '../codec/encoder.js';
import { type AmqpValue, type Fields, Typed, type Uuid } from '../codec/values.js';
import {
  type Composite,
  decodeFields,
  encodeComposite,
  type FieldType,
  field,
  readDescriptor,
} from '../performatives/composite.js';
import {
  anything,
  binary,
  boolean,
  readFields,
  string,
  symbol,
  timestamp,
  ubyte,
  uint,
} from '../performatives/field-types.js';
import { MessageSections, Section } from './sections.js';

export type MessageId = string | number | bigint | Uuid | Uint8Array;

export interface MessageHeader {
  /** Default: false. */
  readonly durable?: boolean | undefined;
  /** 0 to 9. Default: 4. */
  readonly priority?: number | undefined;
  /** Time to live, ms. Default: for ever. */
  readonly ttl?: number | undefined;
  readonly firstAcquirer?: boolean | undefined;
  readonly deliveryCount?: number | undefined;
}

export interface MessageProperties {
  readonly messageId?: MessageId | undefined;
  readonly userId?: Uint8Array | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly correlationId?: MessageId | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly absoluteExpiryTime?: Date | undefined;
  readonly creationTime?: Date | undefined;
  readonly groupId?: string | undefined;
  readonly groupSequence?: number | undefined;
  readonly replyToGroupId?: string | undefined;
}

export type MessageBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: AmqpValue }
  /** Several sections are allowed: here they are one after the other. */
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'sequence'; readonly sequences: readonly (readonly AmqpValue[])[] };

export interface AmqpMessage {
  readonly header?: MessageHeader | undefined;
  readonly deliveryAnnotations?: Fields | undefined;
  readonly messageAnnotations?: Fields | undefined;
  readonly properties?: MessageProperties | undefined;
  readonly applicationProperties?: Fields | undefined;
  readonly body: MessageBody;
  readonly footer?: Fields | undefined;
}

/** Message-ids that are numbers are ulongs (§3.2.11). */
const messageId: FieldType<AmqpValue> = {
  read: anything.read,
  write(encoder, value) {
    encoder.writeValue(typeof value === 'number' || typeof value === 'bigint' ? new Typed('ulong', value) : value);
  },
};

const HEADER: Composite<MessageHeader> = {
  name: 'header',
  code: Section.header,
  fields: [
    field('durable', boolean),
    field('priority', ubyte),
    field('ttl', uint),
    field('firstAcquirer', boolean),
    field('deliveryCount', uint),
  ],
};

export const PROPERTIES: Composite<MessageProperties> = {
  name: 'properties',
  code: Section.properties,
  fields: [
    field('messageId', messageId),
    field('userId', binary),
    field('to', string),
    field('subject', string),
    field('replyTo', string),
    field('correlationId', messageId),
    field('contentType', symbol),
    field('contentEncoding', symbol),
    field('absoluteExpiryTime', timestamp),
    field('creationTime', timestamp),
    field('groupId', string),
    field('groupSequence', uint),
    field('replyToGroupId', string),
  ],
};

/** A body of one AmqpValue. */
export function valueBody(value: AmqpValue): MessageBody {
  return { kind: 'value', value };
}

/** A body of one Data section. */
export function dataBody(data: Uint8Array): MessageBody {
  return { kind: 'data', data };
}

export function encodeMessage(message: AmqpMessage, encoder = new Encoder()): Buffer {
  encoder.reset();
  if (message.header !== undefined) encodeComposite(encoder, HEADER, message.header);
  encodeMap(encoder, Section.deliveryAnnotations, message.deliveryAnnotations, 'symbol');
  encodeMap(encoder, Section.messageAnnotations, message.messageAnnotations, 'symbol');
  if (message.properties !== undefined) encodeComposite(encoder, PROPERTIES, message.properties);
  encodeMap(encoder, Section.applicationProperties, message.applicationProperties, 'as-given');
  encodeBody(encoder, message.body);
  encodeMap(encoder, Section.footer, message.footer, 'symbol');
  return encoder.toBuffer();
}

function encodeMap(encoder: Encoder, code: number, map: Fields | undefined, keys: 'as-given' | 'symbol'): void {
  if (map === undefined) return;
  encoder.writeDescriptor(code);
  encoder.writeMap(Object.entries(map), keys);
}

function encodeBody(encoder: Encoder, body: MessageBody): void {
  switch (body.kind) {
    case 'none':
      return;
    case 'value':
      encoder.writeDescriptor(Section.value);
      encoder.writeValue(body.value);
      return;
    case 'data':
      encoder.writeDescriptor(Section.data);
      encoder.writeBinary(body.data);
      return;
    case 'sequence':
      for (const sequence of body.sequences) {
        encoder.writeDescriptor(Section.sequence);
        encoder.writeList(sequence);
      }
  }
}

/** @throws AmqpError amqp:decode-error */
export function decodeMessage(buffer: Buffer, start = 0, end: number = buffer.length): AmqpMessage {
  const sections = new MessageSections().scan(buffer, start, end);
  const decoder = new Decoder();
  const composite = <T>(from: number, to: number, type: Composite<T>): T | undefined =>
    from < 0 ? undefined : decodeFields(afterDescriptor(decoder.reset(buffer, from, to)), type);
  const map = (from: number, to: number): Fields | undefined =>
    from < 0 ? undefined : readFields(afterDescriptor(decoder.reset(buffer, from, to)));
  return {
    header: composite(sections.headerStart, sections.headerEnd, HEADER),
    deliveryAnnotations: map(sections.deliveryAnnotationsStart, sections.deliveryAnnotationsEnd),
    messageAnnotations: map(sections.messageAnnotationsStart, sections.messageAnnotationsEnd),
    properties: composite(sections.propertiesStart, sections.propertiesEnd, PROPERTIES),
    applicationProperties: map(sections.applicationPropertiesStart, sections.applicationPropertiesEnd),
    body: decodeBody(buffer, sections),
    footer: map(sections.footerStart, sections.footerEnd),
  };
}

/** The properties alone, of a message whose sections are known; undefined when it has none. */
export function decodeProperties(buffer: Buffer, sections: MessageSections): MessageProperties | undefined {
  if (sections.propertiesStart < 0) return undefined;
  const decoder = new Decoder().reset(buffer, sections.propertiesStart, sections.propertiesEnd);
  return decodeFields(afterDescriptor(decoder), PROPERTIES);
}

/** A map section alone: annotations, application properties or footer at `start`; undefined when that is -1. */
export function decodeMapSection(buffer: Buffer, start: number, end: number): Fields | undefined {
  if (start < 0) return undefined;
  return readFields(afterDescriptor(new Decoder().reset(buffer, start, end)));
}

export function decodeBody(buffer: Buffer, sections: MessageSections): MessageBody {
  if (sections.bodyKind === 'none') return { kind: 'none' };
  const decoder = new Decoder().reset(buffer, sections.bodyStart, sections.bodyEnd);
  const values: AmqpValue[] = [];
  while (decoder.position < sections.bodyEnd) values.push(afterDescriptor(decoder).readValue());
  switch (sections.bodyKind) {
    case 'value':
      return { kind: 'value', value: values[0] };
    case 'data':
      if (!values.every((value) => value instanceof Uint8Array)) throw decodeError('a data section is binary');
      return { kind: 'data', data: values.length === 1 ? values[0]! : Buffer.concat(values) };
    case 'sequence':
      if (!values.every((value) => Array.isArray(value))) throw decodeError('an amqp-sequence section is a list');
      return { kind: 'sequence', sequences: values as AmqpValue[][] };
  }
}

function afterDescriptor(decoder: Decoder): Decoder {
  readDescriptor(decoder);
  return decoder;
}

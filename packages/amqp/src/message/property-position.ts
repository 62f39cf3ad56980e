/** Finds single fields of the properties section without decoding the others: for those who route by them. */
import { decodeError } from '../amqp-error.js';
import { FormatCode } from '../codec/format-code.js';
import { readUint32, skipValue } from '../codec/skip.js';
import type { MessageSections } from './sections.js';

/** Places of the fields in the list, in the order of AMQP 1.0 §3.2.4. */
export const PropertyIndex = {
  messageId: 0,
  userId: 1,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  contentEncoding: 7,
  absoluteExpiryTime: 8,
  creationTime: 9,
  groupId: 10,
  groupSequence: 11,
  replyToGroupId: 12,
} as const;
export type PropertyIndex = (typeof PropertyIndex)[keyof typeof PropertyIndex];

/**
 * @returns where the field's value begins, -1 when there is none or it is null
 * @throws AmqpError amqp:decode-error
 */
export function propertyPosition(buffer: Buffer, sections: MessageSections, index: PropertyIndex): number {
  if (sections.propertiesStart < 0) return -1;
  const end = sections.propertiesEnd;
  let position = skipValue(buffer, sections.propertiesStart + 1, end);
  const code = buffer[position];
  if (code === FormatCode.list0) return -1;
  if (code !== FormatCode.list8 && code !== FormatCode.list32) throw decodeError('properties are a list');
  const small = code === FormatCode.list8;
  const count = small ? buffer[position + 2]! : readUint32(buffer, position + 5);
  if (index >= count) return -1;
  position += small ? 3 : 9;
  for (let i = 0; i < index; i++) position = skipValue(buffer, position, end);
  if (position >= end) throw decodeError('properties are cut off');
  return buffer[position] === FormatCode.null ? -1 : position;
}

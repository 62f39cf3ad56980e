/**
 * Why a message is a dead letter, noted on it: what is wrong, in a sentence. The message itself stays as it is
 * (AMQP 1.0 §3.2: nobody on the way changes the bare message), so an AMQP message has it as a message annotation and an
 * MQTT one, which has no such place, as a user property of the same name.
 *
 *     AMQP    00 53 72  d1 size:u32 count:u32  [the pairs it had]  a3 symbol  a1|b1 string     then the bare message
 *     MQTT    [the property block it had]  26 name value                                        then the payload
 */
import { decodeMapSection, encodeMessage, MessageSections, Section, valueBody } from '@millrace/amqp';
import { type Message, MessageFormat } from '@millrace/broker';
import { encodeProperties, isEncodable } from '@millrace/mqtt';

export const DEAD_LETTER_REASON = 'x-opt-dead-letter-reason';

const NAME = Buffer.from(DEAD_LETTER_REASON);
const MAP8 = 0xc1;
const MAP32 = 0xd1;
const SMALL_ULONG = 0x53;
/** 00 53 72, then d1, size and count. */
const HEADER_SIZE = 3 + 1 + 4 + 4;

const sections = new MessageSections();

/** A new message with the reason; the same in all else. */
export function withReason(message: Message, reason: string): Message {
  const { bytes, start, split, end, format } = message;
  const text = isEncodable(reason) ? reason : 'the body is no row of the schema';
  const before = bytes.subarray(start, split);
  const noted =
    format === MessageFormat.mqtt
      ? Buffer.concat([before, encodeProperties({ userProperties: [[DEAD_LETTER_REASON, text]] })])
      : annotationsWith(before, text);
  return message.renewedWith(Buffer.concat([noted, bytes.subarray(split, end)]), noted.length);
}

/** Of an AMQP message; with MQTT it is one of the user properties. */
export function deadLetterReasonOf({ bytes, start, split, format }: Message): string | undefined {
  if (format !== MessageFormat.amqp || start === split) return undefined;
  const at = bytes.indexOf(NAME, start);
  if (at < 0 || at >= split) return undefined;
  const reason = decodeMapSection(bytes, start, split)?.[DEAD_LETTER_REASON];
  return typeof reason === 'string' ? reason : undefined;
}

function annotationsWith(section: Buffer, reason: string): Buffer {
  const pair = annotations({ [DEAD_LETTER_REASON]: reason });
  const own = pairsOf(pair)!;
  if (section.length === 0) return pair;
  const had = pairsOf(section);
  // A second reason takes the place of the first; and an encoding that is not one of the usual is written anew.
  if (had === undefined || had.pairs.includes(NAME)) {
    return annotations({ ...decodeMapSection(section, 0, section.length), [DEAD_LETTER_REASON]: reason });
  }
  const header = Buffer.alloc(HEADER_SIZE);
  header.set([0, SMALL_ULONG, Section.messageAnnotations, MAP32]);
  header.writeUInt32BE(4 + had.pairs.length + own.pairs.length, 4);
  header.writeUInt32BE(had.count + own.count, 8);
  return Buffer.concat([header, had.pairs, own.pairs]);
}

/** The section alone: what `encodeMessage` writes before the bare message. */
function annotations(fields: Record<string, unknown>): Buffer {
  const bytes = encodeMessage({ messageAnnotations: fields as Record<string, string>, body: valueBody(null) });
  sections.scan(bytes, 0, bytes.length);
  return bytes.subarray(sections.messageAnnotationsStart, sections.bareStart);
}

/** Keys and values as they stand, and how many; undefined for an encoding that is not read here. */
function pairsOf(section: Buffer): { readonly pairs: Buffer; readonly count: number } | undefined {
  if (section[0] !== 0 || section[1] !== SMALL_ULONG) return undefined;
  if (section[3] === MAP8) return { count: section[5]!, pairs: section.subarray(6) };
  if (section[3] === MAP32) return { count: section.readUInt32BE(8), pairs: section.subarray(HEADER_SIZE) };
  return undefined;
}

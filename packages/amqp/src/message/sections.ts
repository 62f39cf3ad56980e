/**
 * Where the sections of an encoded message lie (AMQP 1.0 §3.2), found without decoding them. One object is used again
 * and again; a section that is not there has start and end -1.
 *
 *     header? delivery-annotations? message-annotations?          transport, may change on the way
 *     properties? application-properties? (data* | amqp-sequence* | amqp-value)      bare message, never changes
 *     footer?
 */
import { decodeError } from '../amqp-error.js';
import { Decoder } from '../codec/decoder.js';
import { FormatCode } from '../codec/format-code.js';
import { skipValue } from '../codec/skip.js';
import { readDescriptor } from '../performatives/composite.js';

/** Descriptor codes in the order of §3.2. */
export const Section = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

export type BodyKind = 'none' | 'data' | 'sequence' | 'value';

const ABSENT = -1;

export class MessageSections {
  /** Each start is that of the section's descriptor. */
  headerStart = ABSENT;
  headerEnd = ABSENT;
  deliveryAnnotationsStart = ABSENT;
  deliveryAnnotationsEnd = ABSENT;
  messageAnnotationsStart = ABSENT;
  messageAnnotationsEnd = ABSENT;
  /** The bare message: from the properties to where the footer begins, or the end. */
  bareStart = 0;
  bareEnd = 0;
  propertiesStart = ABSENT;
  propertiesEnd = ABSENT;
  applicationPropertiesStart = ABSENT;
  applicationPropertiesEnd = ABSENT;
  bodyKind: BodyKind = 'none';
  /** All sections of the body; there may be several of data or sequence. */
  bodyStart = ABSENT;
  bodyEnd = ABSENT;
  bodySections = 0;
  footerStart = ABSENT;
  footerEnd = ABSENT;
  private valueStart = 0;
  private readonly decoder = new Decoder();

  /**
   * Finds the sections of the message in `buffer[start … end)`.
   * @throws AmqpError amqp:decode-error when they are cut off, unknown or out of order
   */
  scan(buffer: Buffer, start: number, end: number): this {
    this.clear(end);
    let position = start;
    let last = 0;
    let bareFound = false;
    while (position < end) {
      const code = this.readSectionCode(buffer, position, end);
      const next = skipValue(buffer, this.valueStart, end);
      if (code < last || (code === last && code !== Section.data && code !== Section.sequence)) {
        throw decodeError('the sections of a message are out of order');
      }
      if (code > Section.messageAnnotations && !bareFound) {
        bareFound = true;
        this.bareStart = position;
      }
      this.place(code, last, position, next);
      last = code;
      position = next;
    }
    if (!bareFound) this.bareStart = end;
    return this;
  }

  private readSectionCode(buffer: Buffer, position: number, end: number): number {
    let code: number;
    if (end - position >= 3 && buffer[position] === 0 && buffer[position + 1] === FormatCode.smallulong) {
      code = buffer[position + 2]!;
      this.valueStart = position + 3;
    } else {
      this.decoder.reset(buffer, position, end);
      code = readDescriptor(this.decoder);
      this.valueStart = this.decoder.position;
    }
    if (code < Section.header || code > Section.footer)
      throw decodeError(`0x${code.toString(16)} is no section of a message`);
    return code;
  }

  private place(code: number, last: number, start: number, end: number): void {
    switch (code) {
      case Section.header:
        this.headerStart = start;
        this.headerEnd = end;
        break;
      case Section.deliveryAnnotations:
        this.deliveryAnnotationsStart = start;
        this.deliveryAnnotationsEnd = end;
        break;
      case Section.messageAnnotations:
        this.messageAnnotationsStart = start;
        this.messageAnnotationsEnd = end;
        break;
      case Section.properties:
        this.propertiesStart = start;
        this.propertiesEnd = end;
        break;
      case Section.applicationProperties:
        this.applicationPropertiesStart = start;
        this.applicationPropertiesEnd = end;
        break;
      case Section.footer:
        this.footerStart = start;
        this.footerEnd = end;
        this.bareEnd = start;
        break;
      default:
        this.placeBody(code, last, start, end);
    }
  }

  private placeBody(code: number, last: number, start: number, end: number): void {
    if (this.bodyKind !== 'none' && code !== last) throw decodeError('the body of a message is of two kinds');
    this.bodyKind = code === Section.data ? 'data' : code === Section.sequence ? 'sequence' : 'value';
    if (this.bodySections === 0) this.bodyStart = start;
    this.bodyEnd = end;
    this.bodySections++;
  }

  private clear(end: number): void {
    this.headerStart = this.headerEnd = ABSENT;
    this.deliveryAnnotationsStart = this.deliveryAnnotationsEnd = ABSENT;
    this.messageAnnotationsStart = this.messageAnnotationsEnd = ABSENT;
    this.propertiesStart = this.propertiesEnd = ABSENT;
    this.applicationPropertiesStart = this.applicationPropertiesEnd = ABSENT;
    this.bodyKind = 'none';
    this.bodyStart = this.bodyEnd = ABSENT;
    this.bodySections = 0;
    this.footerStart = this.footerEnd = ABSENT;
    this.bareStart = this.bareEnd = end;
  }
}

/** Bytes of a body that is one Data section, or an AmqpValue of string or binary: the usual ones, without copying. */
export class BodyContent {
  start = 0;
  end = 0;
  kind: 'string' | 'binary' = 'binary';

  /** @returns false when the body is of another shape */
  find(buffer: Buffer, sections: MessageSections): boolean {
    if (sections.bodySections !== 1 || sections.bodyKind === 'sequence') return false;
    const at =
      sections.bodyStart +
      (buffer[sections.bodyStart + 1] === FormatCode.smallulong ? 3 : descriptorSize(buffer, sections));
    const code = buffer[at];
    if (code === FormatCode.vbin8 || code === FormatCode.str8) this.start = at + 2;
    else if (code === FormatCode.vbin32 || code === FormatCode.str32) this.start = at + 5;
    else return false;
    this.kind = code === FormatCode.vbin8 || code === FormatCode.vbin32 ? 'binary' : 'string';
    this.end = sections.bodyEnd;
    return true;
  }
}

function descriptorSize(buffer: Buffer, sections: MessageSections): number {
  return skipValue(buffer, sections.bodyStart + 1, sections.bodyEnd) - sections.bodyStart;
}

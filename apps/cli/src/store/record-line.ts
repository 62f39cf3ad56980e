/** Records of a store as lines for people. Remembers the names of the stores that it has met. */
import { type Message, MessageFormat, type MessageHolder, type RecordDescription } from '@millrace/broker';
import { byteSize } from '../text/byte-size.js';
import { counted } from '../text/counted.js';
import { printable } from '../text/table.js';
import { contentOf } from './describe-message.js';
import { type Fields, fieldsOf } from './record-fields.js';

const RANGES_SHOWN = 8;
const BODY_CHARACTERS = 200;

export class RecordLines {
  private readonly names = new Map<number, string>();
  private readonly bodies: boolean;

  constructor(options: { readonly bodies: boolean }) {
    this.bodies = options.bodies;
  }

  /** One line, in words, without its end. */
  of(described: RecordDescription): string {
    return `${described.kind.padEnd(14)}  ${printable(this.words(described))}`;
  }

  private words(described: RecordDescription): string {
    switch (described.kind) {
      case 'message':
        return `${this.messageWords(described.message)}, held by ${described.holders.map((holder) => this.place(holder)).join(', ')}`;
      case 'retained':
        return this.messageWords(described.message);
      case 'retained-gone':
        return described.topic;
      case 'settled':
        return `${this.nameOf(described.store)} ${rangesText(described.ranges)}`;
      case 'delivery-count':
        return this.place(described.holder);
      case 'ids':
        return `${counted(described.count, 'message id')} of ${described.address}, block ${described.number}`;
      case 'ids-gone':
        return `${described.address}, blocks up to ${described.number}`;
      case 'store': {
        const { name, source, store, storeKind } = described;
        this.names.set(store, name);
        return `${store} is ${storeKind} ${name}${source === '' ? '' : ` on ${source}`}`;
      }
      case 'store-gone':
        return this.nameOf(described.store);
      case 'kept':
        return `${described.keptKind} ${described.key}, ${byteSize(described.bytes.length)}${this.value(described)}`;
      case 'forgotten':
        return `${described.keptKind} ${described.key}`;
      case 'unknown':
        return `a record of type ${described.type}, which this version does not know`;
    }
  }

  private messageWords(message: Message): string {
    const protocol = message.format === MessageFormat.amqp ? 'AMQP' : 'MQTT';
    const parts = [`${message.address}, ${byteSize(message.size)} of ${protocol}`];
    if (message.time > 0) parts.push(new Date(message.time).toISOString());
    const content = contentOf(message);
    if (typeof content === 'string') parts.push(`cannot be read: ${content}`);
    else {
      if (content.messageId !== undefined) parts.push(`id ${content.messageId}`);
      if (content.subject !== undefined) parts.push(`subject ${content.subject}`);
      if (this.bodies) parts.push(`body ${bodyText(content.body)}`);
    }
    return parts.join(', ');
  }

  private place({ failedDeliveries, sequence, store }: MessageHolder): string {
    const deliveries = failedDeliveries === 0 ? '' : ` (failed ${counted(failedDeliveries, 'time')})`;
    return `${this.nameOf(store)} #${sequence}${deliveries}`;
  }

  private nameOf(store: number): string {
    return this.names.get(store) ?? `store ${store}`;
  }

  private value(described: Extract<RecordDescription, { kind: 'kept' }>): string {
    if (!this.bodies) return '';
    const { value }: Fields = fieldsOf(described, { bodies: true });
    return `, ${shortened(typeof value === 'string' ? value : JSON.stringify(value))}`;
  }
}

function rangesText(ranges: readonly (readonly [number, number])[]): string {
  const shown = ranges
    .slice(0, RANGES_SHOWN)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  const more = ranges.length > RANGES_SHOWN ? ` and ${counted(ranges.length - RANGES_SHOWN, 'range')} more` : '';
  return shown.join(', ') + more;
}

function bodyText(body: string | Uint8Array): string {
  return typeof body === 'string'
    ? JSON.stringify(shortened(body))
    : shortened(`base64:${Buffer.from(body).toString('base64')}`);
}

/** A line stays one that can be looked at; `-o jsonl` has all. */
function shortened(text: string): string {
  return text.length <= BODY_CHARACTERS ? text : `${text.slice(0, BODY_CHARACTERS)}…`;
}

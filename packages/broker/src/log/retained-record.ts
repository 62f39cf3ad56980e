/**
 * The retained message of a topic: a record of the layout of message-record.ts without holders; or, when there is none
 * any more,
 *
 *      0  topic   u16 length, UTF-8
 */
import type { Message } from '../message.js';
import type { LateRecord } from './late-record.js';
import { Holders, writeMessage } from './message-record.js';
import type { RecordReader } from './record-reader.js';
import { NOWHERE, RecordType } from './record-type.js';
import { type RecordWriter, textBytesMax } from './record-writer.js';

const NOBODY = new Holders();

export class RetainedRecord implements LateRecord {
  readonly topic: string;
  /** Undefined: gone. */
  message: Message | undefined = undefined;
  /** Whether another one is the topic's record now, of which this one has nothing to say. */
  private readonly isReplaced: (record: RetainedRecord) => boolean;
  readonly superseded = false;
  position = NOWHERE;
  length = 0;

  constructor(topic: string, isReplaced: (record: RetainedRecord) => boolean) {
    this.topic = topic;
    this.isReplaced = isReplaced;
  }

  write(writer: RecordWriter) {
    if (this.message !== undefined) {
      writeMessage(writer, this.message, NOBODY);
      return { type: RecordType.retained, lives: true };
    }
    if (this.isReplaced(this)) return undefined;
    writer.begin(textBytesMax(this.topic));
    writer.text(this.topic);
    return { type: RecordType.retainedGone, lives: false };
  }
}

export function readRetainedGone(reader: RecordReader): string {
  return reader.text();
}

/**
 * Topic strings by their bytes. A publisher says the same few topics again and again: comparing bytes is cheaper than
 * decoding, checking and hashing a new string for each message. Direct mapped, so bounded by construction.
 */
import { MqttError } from './error.js';
import { ReasonCode } from './reason-code.js';
import { isTopicName } from './topic.js';
import { decodeUtf8 } from './utf8.js';

/** A topic that came lately. `route` is free for the handler: what it looked up for this topic. */
export class TopicEntry {
  readonly topic: string;
  readonly bytes: Buffer;
  route: unknown = undefined;

  constructor(topic: string, bytes: Buffer) {
    this.topic = topic;
    this.bytes = bytes;
  }
}

const SLOTS = 64;

export class TopicCache {
  private readonly slots: (TopicEntry | undefined)[] = new Array(SLOTS).fill(undefined);

  /**
   * The entry of the topic name in buffer[start … end).
   *
   * @throws MqttError when it is ill-formed, or no topic name
   */
  lookup(buffer: Buffer, start: number, end: number): TopicEntry {
    const slot = slotOf(buffer, start, end);
    const entry = this.slots[slot];
    if (entry !== undefined && equals(entry.bytes, buffer, start, end)) return entry;
    const topic = decodeUtf8(buffer, start, end);
    if (!isTopicName(topic)) {
      throw new MqttError(ReasonCode.topicNameInvalid, 'a topic name is empty or contains a wildcard');
    }
    const fresh = new TopicEntry(topic, Buffer.from(buffer.subarray(start, end)));
    this.slots[slot] = fresh;
    return fresh;
  }
}

/** Topics of one application differ in length, at their end, or in the middle: `dev/17/temp`. */
function slotOf(buffer: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length < 8) return length === 0 ? 0 : (length + buffer[start]! * 3 + buffer[end - 1]! * 7) & (SLOTS - 1);
  const middle = start + (length >> 1);
  const sum =
    length +
    buffer[start + 4]! * 5 +
    buffer[start + 5]! * 11 +
    buffer[middle]! * 3 +
    buffer[end - 1]! * 7 +
    buffer[end - 2]! * 13;
  return sum & (SLOTS - 1);
}

function equals(bytes: Buffer, buffer: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (bytes.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== buffer[start + i]) return false;
  return true;
}

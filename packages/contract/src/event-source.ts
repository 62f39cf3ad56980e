/** Server-sent events out of the chunks of an answer, as the standard has them (WHATWG HTML §9.2.6). */

export interface ServerSentEvent {
  readonly event: string;
  /** Undefined: the last one before it counts. */
  readonly id: string | undefined;
  /** Parsed JSON. */
  readonly data: unknown;
}

/** One event, and what stands between two; a server of ours says nothing longer. */
const EVENT_LENGTH_MAX = 64 * 1024 ** 2;

/** @throws Error for data that is not JSON, or an event without an end */
export async function* serverSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = eventIn(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== undefined) yield event;
    }
    if (text.length > EVENT_LENGTH_MAX) throw new Error('an event of the stream has no end');
  }
}

/** Undefined for a block without data, such as a comment. */
function eventIn(block: string): ServerSentEvent | undefined {
  let event = 'message';
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { event, id, data: JSON.parse(data.join('\n')) };
}

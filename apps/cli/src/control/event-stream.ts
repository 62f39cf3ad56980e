/** Server-sent events of one answer (WHATWG HTML §9.2), each with its name and its JSON. Bounded in the size of an event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

const EVENT_LENGTH_MAX = 32 * 1024 ** 2;

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  const decoder = new TextDecoder();
  let rest = '';
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      if (rest.length > EVENT_LENGTH_MAX) throw new Error('the server sent an event that is too long');
      let end = rest.indexOf('\n\n');
      while (end !== -1) {
        const event = parse(rest.slice(0, end));
        rest = rest.slice(end + 2);
        if (event !== undefined) yield event;
        end = rest.indexOf('\n\n');
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): ServerEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length === 0 ? undefined : { event, data: JSON.parse(data.join('\n')) as unknown };
}

/** What a job sent, as lines that two engines can be compared by. */
import type { ComparedJob, Engine } from './documents.js';

interface StoredMessage {
  readonly address: string;
  readonly body: string;
  readonly bodyEncoding: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly contentType?: string;
  readonly durable: boolean;
  readonly priority: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** Spark's sink gives a message without an id one that is made of its content, by which it is stored once. */
const MADE_ID = /^[\w-]{24}$/;

function line(engine: Engine, { address, properties, messageId, ...message }: StoredMessage): string {
  const { body, bodyEncoding, subject, correlationId, contentType, durable, priority } = message;
  const id = messageId === undefined || MADE_ID.test(messageId) ? undefined : messageId;
  const sorted = Object.fromEntries(
    Object.entries(properties)
      .toSorted()
      .map(([name, value]) => [name, value.replaceAll(`${engine}/`, 'engine/')]),
  );
  const facts = { subject, id, correlationId, contentType, durable, priority, properties: sorted };
  return JSON.stringify({ to: address.replace(engine, 'engine'), body, bodyEncoding, ...facts });
}

/** In the order of their texts: neither engine promises another order of rows. */
export async function resultsOf(http: string, engine: Engine, { targets }: ComparedJob): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const target of targets) {
    const path = `/v1/addresses/${encodeURIComponent(`${engine}/${target}`)}/messages?limit=1000`;
    const response = await fetch(http + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    const { items } = (await response.json()) as { items: StoredMessage[] };
    for (const item of items) lines.push(line(engine, item));
  }
  return lines.toSorted();
}

/** The lines of each that the other has not, as often as it has them more. */
export function differences(left: readonly string[], right: readonly string[]): readonly [string[], string[]] {
  const counts = new Map<string, number>();
  for (const one of right) counts.set(one, (counts.get(one) ?? 0) + 1);
  const onlyLeft = left.filter((one) => {
    const count = counts.get(one) ?? 0;
    if (count > 0) counts.set(one, count - 1);
    return count === 0;
  });
  const onlyRight = [...counts].flatMap(([one, count]) => Array.from({ length: count }, () => one));
  return [onlyLeft, onlyRight];
}

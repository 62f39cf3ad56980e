/** What each protocol's client gives for the table: its operations, by one connection of one identity. */
import type { Operation } from './table.js';

export interface Entrance {
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly webSocket: boolean;
  /** The name of a temporary queue that somebody else has made. */
  readonly temporary: () => Promise<string>;
  /** How many messages an address has been sent. */
  readonly messagesIn: (address: string) => Promise<number>;
}

export interface Operations {
  /** Whether it was allowed. `expected` only says how long to wait for what may come late. */
  readonly operations: Readonly<Partial<Record<Operation, (address: string, expected: boolean) => Promise<boolean>>>>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 20_000;

/** A server that does not answer is no refusal. */
export async function deadline<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms: ${what}`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

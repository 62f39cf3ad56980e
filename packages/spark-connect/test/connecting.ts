import { afterEach } from 'vitest';
import { type SessionOptions, SparkSession } from '../src/session.js';
import { ScriptedServer } from './scripted-server.js';

/** Waits that are short enough for tests. */
export const FAST_RETRY = { initialBackoffMs: 1, maxBackoffMs: 5, maxRetries: 4, jitter: 0 } as const;

const opened: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource.stop();
});

export async function startServer(...args: Parameters<typeof ScriptedServer.start>): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(...args);
  opened.push(server);
  return server;
}

export async function connectTo(server: ScriptedServer, options: SessionOptions & { parameters?: string } = {}) {
  const { parameters = '', ...rest } = options;
  const session = await SparkSession.connect(`${server.url}/${parameters}`, { retry: FAST_RETRY, ...rest });
  opened.push({ stop: () => session.disconnect() });
  return session;
}

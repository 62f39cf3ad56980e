/** A real server in this process, and commands that ask it. */
import { type RunningServer, startServer } from '@millrace/server';
import { main } from '../src/main.js';
import { fakeTerminal } from './fake-terminal.js';

export interface TestServer {
  readonly server: RunningServer;
  readonly url: string;
  /** Runs a command against it; words are separated by blanks, or given one by one. */
  run(
    line: string | readonly string[],
    options?: Parameters<typeof fakeTerminal>[0],
  ): Promise<{ readonly code: number; readonly output: string; readonly notes: string }>;
}

export async function startTestServer(documents: readonly object[] = []): Promise<TestServer> {
  const server = await startServer({ amqpPort: 0, mqttPort: 0, httpPort: 0, log: () => {} });
  await server.apply(documents);
  const url = `http://127.0.0.1:${server.endpoints.find(({ protocol }) => protocol === 'http')!.port}`;
  return {
    server,
    url,
    run: async (line, options) => {
      const terminal = fakeTerminal({ ...options, environment: { MILLRACE_SERVER: url, ...options?.environment } });
      const code = await main(typeof line === 'string' ? line.split(' ') : line, terminal);
      return { code, output: terminal.output(), notes: terminal.notes() };
    },
  };
}

export function queue(name: string, spec: object = {}): object {
  return { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name }, spec: { type: 'queue', ...spec } };
}

export function job(name: string, sql: string): object {
  return { apiVersion: 'millrace.dev/v1', kind: 'Job', metadata: { name }, spec: { sql } };
}

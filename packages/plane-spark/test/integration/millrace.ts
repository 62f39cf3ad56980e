import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, startServer } from '@millrace/server';

/** A server in this process whose jobs run on Spark, asked over its HTTP interface as its users do. */

export interface JobStatus {
  readonly phase: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly warnings: readonly string[];
  readonly statistics?: Readonly<Record<string, number | string>>;
}

export interface StoredMessage {
  readonly id: number;
  readonly address: string;
  readonly body: string;
  readonly messageId?: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface MillraceOptions {
  readonly connect: string;
  readonly checkpoints: string;
  readonly dataDirectory?: string;
  readonly amqpPort?: number;
  readonly whenClosed?: 'keep' | 'stop';
}

const VERSION = 'millrace.dev/v1';

export class Millrace {
  readonly #server: RunningServer;
  readonly amqpPort: number;
  readonly #http: string;

  private constructor(server: RunningServer) {
    this.#server = server;
    const port = (name: string): number => server.endpoints.find((endpoint) => endpoint.name === name)!.port;
    this.amqpPort = port('amqp');
    this.#http = `http://127.0.0.1:${port('http')}`;
  }

  static async start({
    connect,
    checkpoints,
    dataDirectory,
    amqpPort,
    whenClosed,
  }: MillraceOptions): Promise<Millrace> {
    const server = await startServer({
      amqpPort: amqpPort ?? 0,
      mqttPort: 0,
      httpPort: 0,
      ...(dataDirectory === undefined ? {} : { dataDirectory }),
      processing: { plane: 'spark', connect, checkpoints, ...(whenClosed === undefined ? {} : { whenClosed }) },
      log: (line) => console.log(`  ${line}`),
    });
    return new Millrace(server);
  }

  queue(name: string, spec: object = {}): Promise<void> {
    return this.#server.apply([
      { apiVersion: VERSION, kind: 'Address', metadata: { name }, spec: { type: 'queue', ...spec } },
    ]);
  }

  topic(name: string): Promise<void> {
    return this.#server.apply([{ apiVersion: VERSION, kind: 'Address', metadata: { name }, spec: { type: 'topic' } }]);
  }

  job(name: string, sql: string): Promise<void> {
    return this.#server.apply([{ apiVersion: VERSION, kind: 'Job', metadata: { name }, spec: { sql } }]);
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.#http + path, {
      method,
      ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async send(address: string, ...bodies: readonly (string | number)[]): Promise<void> {
    const path = `/v1/addresses/${encodeURIComponent(address)}/messages`;
    for (const body of bodies) await this.#ask('POST', path, { body: String(body), durable: true });
  }

  async browse(address: string): Promise<readonly StoredMessage[]> {
    const path = `/v1/addresses/${encodeURIComponent(address)}/messages?limit=1000`;
    return ((await this.#ask('GET', path)) as { items: StoredMessage[] }).items;
  }

  purge(address: string): Promise<unknown> {
    return this.#ask('DELETE', `/v1/addresses/${encodeURIComponent(address)}/messages`);
  }

  async status(job: string): Promise<JobStatus> {
    return ((await this.#ask('GET', `/v1/jobs/${job}`)) as { status: JobStatus }).status;
  }

  async ready(job: string): Promise<JobStatus['conditions'][number]> {
    return (await this.status(job)).conditions.find(({ type }) => type === 'Ready')!;
  }

  control(job: string, action: 'pause' | 'resume'): Promise<unknown> {
    return this.#ask('POST', `/v1/jobs/${job}:${action}`);
  }

  delete(job: string): Promise<unknown> {
    return this.#ask('DELETE', `/v1/jobs/${job}`);
  }

  /** Waits until there are so many messages at an address. */
  async arrived(address: string, count: number, timeoutMs = 90_000): Promise<readonly StoredMessage[]> {
    return until(`${count} messages at ${address}`, timeoutMs, async () => {
      const messages = await this.browse(address);
      return messages.length >= count ? messages : undefined;
    });
  }

  async phase(job: string, phase: string, timeoutMs = 200_000): Promise<JobStatus> {
    let last: JobStatus | undefined;
    try {
      return await until(`phase ${phase} of ${job}`, timeoutMs, async () => {
        last = await this.status(job);
        return last.phase === phase ? last : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last)}`);
    }
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}

export async function until<T>(what: string, timeoutMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`there were not ${what} within ${timeoutMs} ms`);
    await sleep(200);
  }
}

/** Waits for a moment in the first third of a window, so that what follows is in one. */
export async function windowBegins(sizeMs: number): Promise<void> {
  const within = Date.now() % sizeMs;
  if (within > 100 && within < sizeMs / 3) return;
  await sleep(sizeMs - within + 150);
}

/** The real server, as a process on free ports of the loopback address. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { event, Running } from './commands.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** MILLRACE_BIN names another build of the command to test. */
export const MILLRACE = process.env.MILLRACE_BIN ?? join(ROOT, 'apps/cli/bin/millrace.js');

const given = new Set<number>();

/** One that is free now, and that this process was not given before: who asks for three at once gets three. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await event(server, 'listening');
  const address = server.address();
  server.close();
  await event(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  if (given.has(address.port)) return freePort();
  given.add(address.port);
  return address.port;
}

export interface ServerOptions {
  /** Documents applied at the start, YAML. */
  readonly documents?: string;
  readonly args?: readonly string[];
}

export class Server {
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly process: Running;
  private readonly directory: string;

  private constructor(ports: readonly [number, number, number], process: Running, directory: string) {
    [this.amqpPort, this.mqttPort, this.httpPort] = ports;
    this.process = process;
    this.directory = directory;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const directory = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
    const args = [MILLRACE, 'serve', '--host', '127.0.0.1', '--amqp-port', String(ports[0])];
    args.push('--mqtt-port', String(ports[1]), '--http-port', String(ports[2]), ...(options.args ?? []));
    if (options.documents !== undefined) {
      const file = join(directory, 'documents.yaml');
      writeFileSync(file, options.documents);
      args.push('--apply', file);
    }
    const child = new Running(process.execPath, args, { cwd: directory });
    const server = new Server(ports, child, directory);
    await child.until('line "millrace ready"', (running) => running.stderr.includes('millrace ready'), 30_000);
    return server;
  }

  get amqpUrl(): string {
    return `amqp://127.0.0.1:${this.amqpPort}`;
  }

  get mqttUrl(): string {
    return `mqtt://127.0.0.1:${this.mqttPort}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** One request to the control API; the body as text and, where it is JSON, parsed. */
  async http(path: string, init: RequestInit = {}): Promise<{ status: number; text: string; json: unknown }> {
    const response = await fetch(`${this.httpUrl}${path}`, init);
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
  }

  /** Ends the process. A server that died before is an error: no suite may pass over it. */
  async stop(): Promise<void> {
    const early = await Promise.race([this.process.ended, Promise.resolve(undefined)]);
    const result = await this.process.stop();
    rmSync(this.directory, { recursive: true, force: true });
    if (early !== undefined)
      throw new Error(`the server had ended by itself with ${result.code}: ${result.stderr.slice(-4000)}`);
  }
}

export function address(name: string, spec: Readonly<Record<string, unknown>>): string {
  return `apiVersion: millrace.dev/v1\nkind: Address\nmetadata: { name: ${JSON.stringify(name)} }\nspec: ${JSON.stringify(spec)}\n`;
}

export const queue = (name: string, spec: Readonly<Record<string, unknown>> = {}) =>
  address(name, { type: 'queue', ...spec });
export const topic = (name: string, spec: Readonly<Record<string, unknown>> = {}) =>
  address(name, { type: 'topic', ...spec });

export function job(name: string, sql: string, spec: Readonly<Record<string, unknown>> = {}): string {
  const body = JSON.stringify({ sql, ...spec });
  return `apiVersion: millrace.dev/v1\nkind: Job\nmetadata: { name: ${JSON.stringify(name)} }\nspec: ${body}\n`;
}

export const documents = (...parts: readonly string[]): string => parts.join('---\n');

/** The real server with a data directory, on ports that stay the same: it can be killed at any moment and started again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Running } from './commands.js';
import { freePort, MILLRACE } from './server.js';

export interface DurableServerOptions {
  /** Default: a new directory that goes away with `remove`. */
  readonly data?: string;
  readonly args?: readonly string[];
}

export class DurableServer {
  readonly data: string;
  /** What all lives of the server have written to standard error; the newest part of it. */
  log = '';
  private process: Running | undefined;
  private readonly ports: readonly [number, number, number];
  private readonly args: readonly string[];
  private readonly ownDirectory: string | undefined;

  private constructor(ports: readonly [number, number, number], options: DurableServerOptions) {
    this.ports = ports;
    this.args = options.args ?? [];
    this.ownDirectory = options.data === undefined ? mkdtempSync(join(tmpdir(), 'millrace-durable-')) : undefined;
    this.data = options.data ?? join(this.ownDirectory ?? '', 'data');
  }

  static async create(options: DurableServerOptions = {}): Promise<DurableServer> {
    return new DurableServer([await freePort(), await freePort(), await freePort()], options);
  }

  get amqpPort(): number {
    return this.ports[0];
  }

  get mqttPort(): number {
    return this.ports[1];
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.ports[2]}`;
  }

  get pid(): number {
    return this.process?.pid ?? -1;
  }

  get rssMb(): number {
    const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / 1048576;
  }

  /** The most memory that this life of the server ever had, MB. */
  get peakRssMb(): number {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    return Number(line?.[1] ?? Number.NaN) / 1024;
  }

  /** Starts the process and does not wait for it. */
  launch(): void {
    const args = [MILLRACE, 'serve', '--host', '127.0.0.1', '--data', this.data];
    args.push('--amqp-port', String(this.ports[0]), '--mqtt-port', String(this.ports[1]));
    args.push('--http-port', String(this.ports[2]), ...this.args);
    this.process = new Running(process.execPath, args);
  }

  /** @returns milliseconds from the start of the process to its line "millrace ready", looked for every 10 ms */
  async start(timeoutMs = 30_000): Promise<number> {
    const began = performance.now();
    this.launch();
    await this.process?.until('line "millrace ready"', ({ stderr }) => stderr.includes('millrace ready'), timeoutMs);
    return performance.now() - began;
  }

  /** `kill -9`; returns when the process is gone. @throws when it had ended by itself */
  async kill(): Promise<void> {
    await this.end('SIGKILL', 128);
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM', 0);
  }

  private async end(signal: NodeJS.Signals, code: number): Promise<void> {
    const running = this.process;
    if (running === undefined) return;
    this.process = undefined;
    const early = await Promise.race([running.ended, Promise.resolve(undefined)]);
    const result = await running.stop(signal);
    this.log = (this.log + result.stderr).slice(-16_384);
    if (early !== undefined || result.code !== code) {
      throw new Error(`the server ended with ${result.code}, not by ${signal}: ${result.stderr.slice(-4000)}`);
    }
  }

  /** One request to the control API; the body as text and, where it is JSON, parsed. */
  async http(path: string, init: RequestInit = {}): Promise<{ status: number; text: string; json: unknown }> {
    const response = await fetch(`${this.httpUrl}${path}`, init);
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
  }

  /** Creates or replaces one document by the API. */
  async put(kind: 'addresses' | 'jobs', name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
    const document = {
      apiVersion: 'millrace.dev/v1',
      kind: kind === 'jobs' ? 'Job' : 'Address',
      metadata: { name },
      spec,
    };
    const { status, text } = await this.http(`/v1/${kind}/${encodeURIComponent(name)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(document),
    });
    if (status !== 200 && status !== 201) throw new Error(`PUT of ${kind}/${name}: ${status} ${text}`);
  }

  /** Ends the process, however it stands, and removes the directory that was made for it. */
  async remove(): Promise<void> {
    await this.process?.stop('SIGKILL');
    this.process = undefined;
    if (this.ownDirectory !== undefined) rmSync(this.ownDirectory, { recursive: true, force: true });
  }
}

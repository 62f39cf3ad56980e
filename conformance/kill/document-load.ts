/**
 * Documents: addresses and a job are created, changed and deleted by the API all the time, one request after the other.
 * After a restart each must be as the last answered request left it; the one request that was under way at the kill may
 * have been done or not.
 */
import { pause } from '../harness/commands.js';
import type { DurableServer } from '../harness/durable-server.js';
import type { Check, Workload } from './workload.js';

const NAMES = 12;
const PAUSE_MS = 15;

interface Known {
  /** What marks the document's version (`limits.messages` of an address, the number in a job's SQL), or undefined. */
  answered: number | undefined;
  /** A request without an answer: what it would have left. */
  underWay: { readonly version: number | undefined } | undefined;
}

export class DocumentLoad implements Workload {
  readonly kind = 'documents';
  private readonly known = new Map<string, Known>();
  private running = Promise.resolve();
  private stopping = false;
  private requests = 0;
  private requestsAtRestart = 0;
  private checked = 0;

  async start(server: DurableServer): Promise<void> {
    await server.put('addresses', 'kill-document-in', { type: 'topic' });
    this.running = this.run(server);
  }

  counts() {
    return { accepted: this.requests, received: this.checked };
  }

  killed(): void {
    this.requestsAtRestart = this.requests;
  }

  waitsFor(): string | undefined {
    return this.requests > this.requestsAtRestart ? undefined : 'no document could be changed';
  }

  async stopSending(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  owed(): undefined {
    return undefined;
  }

  async afterRestart(server: DurableServer): Promise<Check[]> {
    const faults: string[] = [];
    for (const [name, { answered, underWay }] of this.known) {
      const found = await versionOf(server, name);
      const possible = underWay === undefined ? [answered] : [answered, underWay.version];
      if (!possible.includes(found)) {
        faults.push(
          `${name} is ${found ?? 'not there'}, should be ${possible.map((one) => one ?? 'gone').join(' or ')}`,
        );
      }
      this.known.set(name, { answered: found, underWay: undefined });
      this.checked += 1;
    }
    return [{ name: 'documents', faults }];
  }

  async finish(server: DurableServer) {
    const [{ faults } = { faults: [] }] = await this.afterRestart(server);
    return { checks: [{ name: `documents: ${this.requests} changes answered`, faults }], comparisons: [] };
  }

  private async run(server: DurableServer): Promise<void> {
    for (let version = 1; !this.stopping; version += 1) {
      const index = version % NAMES;
      const name = index === 0 ? 'jobs/kill-document' : `addresses/kill-document-${index}`;
      // The server is away now and then: what was asked meanwhile is done or not.
      if (await this.change(server, name, version)) this.requests += 1;
      await pause(PAUSE_MS);
    }
  }

  /** @returns false when no answer came */
  private async change(server: DurableServer, name: string, version: number): Promise<boolean> {
    const known = this.known.get(name) ?? { answered: undefined, underWay: undefined };
    if (known.underWay !== undefined) return false;
    const deletes = known.answered !== undefined && version % 5 === 0;
    const next = deletes ? undefined : version;
    this.known.set(name, { answered: known.answered, underWay: { version: next } });
    try {
      const { status, text } = await server.http(
        `/v1/${name}`,
        deletes ? { method: 'DELETE' } : request(name, version),
      );
      if (status >= 300) throw new Error(`${name}: ${status} ${text}`);
      this.known.set(name, { answered: next, underWay: undefined });
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
}

const headers = { 'content-type': 'application/json' };

function request(path: string, version: number): RequestInit {
  const [kind, name] = path.split('/');
  const spec =
    kind === 'jobs'
      ? { sql: `INSERT INTO \`kill-document-in\` SELECT 'version ${version}' AS body FROM STREAM \`kill/none\`` }
      : { type: 'queue', limits: { messages: version } };
  const document = {
    apiVersion: 'millrace.dev/v1',
    kind: kind === 'jobs' ? 'Job' : 'Address',
    metadata: { name },
    spec,
  };
  return { method: 'PUT', headers, body: JSON.stringify(document) };
}

async function versionOf(server: DurableServer, path: string): Promise<number | undefined> {
  const { status, json, text } = await server.http(`/v1/${path}`);
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  const { spec } = json as { spec: { limits?: { messages?: number }; sql?: string } };
  return spec.limits?.messages ?? Number(/version (\d+)/.exec(spec.sql ?? '')?.[1]);
}

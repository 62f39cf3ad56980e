/**
 * Ten thousand addresses: created by one request, listed page by page, and there again after a restart.
 *
 *     npx tsx --conditions=source packages/server/bench/ten-thousand.ts [--addresses 10000] [--memory]
 *
 * Client and server are one process. Prints one line a figure, with the load average; never passes or fails.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../src/index.js';

const { values } = parseArgs({
  options: { addresses: { type: 'string', default: '10000' }, memory: { type: 'boolean', default: false } },
});
const count = Number(values.addresses);
const directory = values.memory ? undefined : mkdtempSync(join(tmpdir(), 'millrace-ten-thousand-'));

async function open() {
  const server = await startServer({
    ...{ amqpPort: 0, mqttPort: 0, httpPort: 0, log: () => {} },
    ...(directory === undefined ? {} : { dataDirectory: directory }),
  });
  const { port } = server.endpoints.find(({ protocol }) => protocol === 'http')!;
  return { server, url: `http://127.0.0.1:${port}` };
}

/** What was waited, and how much of that this process was at work: the second holds on a busy machine too. */
interface Time {
  readonly waited: number;
  readonly worked: number;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [Time, T]> {
  const began = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [{ waited: performance.now() - began, worked: (user + system) / 1000 }, result];
}

function report(what: string, times: readonly Time[]): void {
  const figures = (['waited', 'worked'] as const).map((kind) => {
    const sorted = times.map((time) => time[kind]).sort((left, right) => left - right);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1);
    const shown = times.length === 1 ? at(0) : `median ${at(0.5)}, p90 ${at(0.9)}`;
    return `${kind} ${shown} ms`.padEnd(36);
  });
  process.stdout.write(`${what.padEnd(48)} ${figures.join(' ')} load ${loadavg()[0]!.toFixed(1)}\n`);
}

function documents(spec: object): readonly object[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'millrace.dev/v1',
    kind: 'Address',
    metadata: { name: `plant/${String(index % 100).padStart(2, '0')}/device-${String(index).padStart(5, '0')}` },
    spec,
  }));
}

async function apply(url: string, body: unknown, query = ''): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/documents:apply${query}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
}

async function pages(url: string, query: string): Promise<void> {
  const times: Time[] = [];
  let seen = 0;
  for (let cursor = ''; ; ) {
    const [time, page] = await timed(async () => {
      const response = await fetch(`${url}/v1/addresses?limit=100${query}${cursor}`);
      return (await response.json()) as { readonly items: readonly unknown[]; readonly next?: string };
    });
    times.push(time);
    seen += page.items.length;
    if (page.next === undefined) break;
    cursor = `&cursor=${page.next}`;
  }
  report(`a page of 100 of ${seen}${query === '' ? '' : ` (${query.slice(1)})`}`, times);
}

let { server, url } = await open();
const [created] = await timed(() => apply(url, { documents: documents({ type: 'queue' }) }, '?applySet=bench'));
report(`${count} created by one apply`, [created]);
const [same] = await timed(() => apply(url, { documents: documents({ type: 'queue' }) }, '?applySet=bench'));
report('the same again, unchanged', [same]);
const [changed] = await timed(() => apply(url, { documents: documents({ type: 'queue', ttl: '1h' }) }));
report('all of them changed', [changed]);
for (const query of ['', '&sort=-stored', '&filter=stored>=0&total', '&filter=device-0077', '&sort=-createdAt']) {
  await pages(url, query);
}
if (directory !== undefined) {
  await server.close();
  const [restarted, next] = await timed(open);
  ({ server, url } = next);
  report('restart until clients may come', [restarted]);
}
const [pruned] = await timed(() => apply(url, { documents: [] }, '?applySet=bench&prune'));
report('all of them pruned', [pruned]);
await server.close();
if (directory !== undefined) rmSync(directory, { recursive: true, force: true });

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metricsTables, type RunningServer, type SeriesLimits, startServer } from '../../src/index.js';
import { METRIC_GROUPS } from '../../src/metrics/exposition.js';
import { readMetrics } from './scrape.js';

let directory: string;
let server: RunningServer | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-metrics-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function start(metrics?: SeriesLimits): Promise<string> {
  server = await startServer({
    amqpPort: 0,
    mqttPort: 0,
    httpPort: 0,
    dataDirectory: directory,
    dataLimitBytes: 1024 ** 3,
    log: () => {},
    ...(metrics === undefined ? {} : { metrics }),
  });
  return `http://127.0.0.1:${server.endpoints.find(({ protocol }) => protocol === 'http')!.port}`;
}

const queue = (name: string) => ({
  apiVersion: 'millrace.dev/v1',
  kind: 'Address',
  metadata: { name },
  spec: { type: 'queue', limits: { messages: 10 } },
});

async function scrape(url: string) {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return readMetrics(await response.text());
}

describe('/metrics', () => {
  it('has every metric of the table, each label documented, and those of the process', async () => {
    const url = await start();
    await server!.apply([
      queue('in'),
      queue('out'),
      {
        apiVersion: 'millrace.dev/v1',
        kind: 'Job',
        metadata: { name: 'copy' },
        spec: { sql: 'INSERT INTO out SELECT body FROM STREAM in' },
      },
    ]);
    await fetch(`${url}/v1/addresses/in/messages`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    await fetch(`${url}/nowhere`);
    await expect
      .poll(async () => (await scrape(url)).value('millrace_job_rows_out_total', { job_name: 'copy' }))
      .toBe(1);
    const metrics = await scrape(url);
    for (const [, group] of METRIC_GROUPS) {
      for (const { name, labels } of group) {
        const found = metrics.labels.get(name);
        expect(found, name).toBeDefined();
        expect(
          [...found!].filter((label) => !labels.includes(label)),
          name,
        ).toEqual([]);
      }
    }
    expect(metrics.value('millrace_ready')).toBe(1);
    expect(metrics.value('millrace_address_messages_in_total', { address: 'in' })).toBe(1);
    expect(metrics.value('millrace_address_messages_limit', { address: 'in' })).toBe(10);
    expect(metrics.value('millrace_store_state', { state: 'open' })).toBe(1);
    expect(metrics.value('millrace_journal_bytes_limit')).toBe(1024 ** 3);
    expect(metrics.value('millrace_journal_batches_total')).toBeGreaterThan(0);
    expect(metrics.value('millrace_http_requests_total', { method: 'GET', status: '404' })).toBe(1);
    expect(metrics.value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(metrics.labels.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
    expect(metrics.labels.has('nodejs_gc_duration_seconds')).toBe(true);
  });

  it('names so many addresses and no more; the limit changes while it runs', async () => {
    const url = await start({ addresses: 3, jobs: 0 });
    const names = Array.from({ length: 20 }, (_, index) => `q${String(index).padStart(2, '0')}`);
    await server!.apply(names.map(queue));
    for (const name of ['q05', 'q07', 'q09', 'q11']) {
      const messages = name === 'q11' ? 1 : 2;
      for (let count = 0; count < messages; count += 1) {
        await fetch(`${url}/v1/addresses/${name}/messages`, {
          method: 'POST',
          body: 'x',
          headers: { 'content-type': 'text/plain' },
        });
      }
    }
    const first = await scrape(url);
    const stored = (name: string) => first.value('millrace_address_messages_stored', { address: name });
    expect(['q05', 'q07', 'q09', 'q11', '$other'].map(stored)).toEqual([2, 2, 2, undefined, 1]);
    expect(first.value('millrace_addresses', { state: 'ready' })).toBe(20);
    server!.change({ metrics: { addresses: 1000, jobs: 1000 } });
    const second = await scrape(url);
    expect(second.value('millrace_address_messages_stored', { address: 'q11' })).toBe(1);
    expect(second.samples).toBeLessThan(20 * 25 + 150);
  });

  it('has no sample of what is not known', async () => {
    server = await startServer({ amqpPort: 0, mqttPort: 0, httpPort: 0, log: () => {} });
    const metrics = await scrape(
      `http://127.0.0.1:${server.endpoints.find(({ protocol }) => protocol === 'http')!.port}`,
    );
    expect(metrics.value('millrace_journal_bytes_on_disk')).toBeUndefined();
    expect(metrics.value('millrace_journal_syncs_total')).toBeUndefined();
    expect(metrics.value('millrace_job_rows_in_total', { job_name: '$other' })).toBeUndefined();
  });
});

describe('docs/reference/metrics.md', () => {
  it('has the tables of the program', async () => {
    const page = await readFile(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8');
    expect(page, 'make it anew: millrace reference metrics').toContain(await metricsTables());
  });
});

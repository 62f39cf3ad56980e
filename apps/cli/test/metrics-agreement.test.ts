/** What clients counted, what the API says and what /metrics shows are one number. */
import { createClient } from '@millrace/contract';
import { type RunningServer, startServer } from '@millrace/server';
import { afterEach, expect, it } from 'vitest';
import { readMetrics } from '../../../packages/server/test/metrics/scrape.js';
import type { BrokerUrl } from '../src/messaging/broker-url.js';
import { openReceiver, openSender } from '../src/messaging/open.js';

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.close();
});

const document = (kind: string, name: string, spec: object) => ({
  apiVersion: 'millrace.dev/v1',
  kind,
  metadata: { name },
  spec,
});

it('messages in and out, stored, links, rows: the same in the client, /v1 and /metrics', async () => {
  server = await startServer({ amqpPort: 0, mqttPort: 0, httpPort: 0, log: () => {} });
  await server.apply([
    document('Address', 'readings', { type: 'queue' }),
    document('Address', 'copies', { type: 'queue' }),
    document('Address', 'full', { type: 'queue', limits: { messages: 3 }, whenFull: 'reject' }),
    document('Job', 'copy', { sql: 'INSERT INTO copies SELECT body FROM STREAM readings' }),
  ]);
  const at = (protocol: 'amqp' | 'mqtt'): BrokerUrl => {
    const { host, port } = server!.endpoints.find((endpoint) => endpoint.protocol === protocol)!;
    return { protocol, host, port, tls: false, username: undefined, password: undefined };
  };
  const sent = { accepted: 0, refused: 0 };
  const send = async (protocol: 'amqp' | 'mqtt', address: string, count: number) => {
    const sender = await openSender(at(protocol), { address, qos: 1 });
    for (let index = 0; index < count; index += 1) {
      const outcome = await sender.send({ body: String(index), properties: {}, durable: false });
      if (address === 'readings' && outcome.kind === 'accepted') sent.accepted += 1;
      if (address === 'full' && outcome.kind !== 'accepted') sent.refused += 1;
    }
    return sender;
  };
  const senders = [
    await send('amqp', 'readings', 37),
    await send('mqtt', 'readings', 23),
    await send('amqp', 'full', 5),
  ];
  let received = 0;
  const receiver = await openReceiver(at('amqp'), {
    address: 'copies',
    onMessage: () => {
      received += 1;
      return true;
    },
  });
  await expect.poll(() => received).toBe(60);
  const http = `http://127.0.0.1:${server.endpoints.find(({ protocol }) => protocol === 'http')!.port}`;
  const client = createClient({ server: http });
  const [readings, copies, full, job, connections] = await Promise.all([
    client.addresses.get('readings'),
    client.addresses.get('copies'),
    client.addresses.get('full'),
    client.jobs.get('copy'),
    client.connections(),
  ]);
  const metrics = readMetrics(await (await fetch(`${http}/metrics`)).text());
  const of = (name: string, address: string) => metrics.value(`millrace_address_${name}`, { address });
  expect(sent).toEqual({ accepted: 60, refused: 2 });
  expect([readings.status.statistics?.messagesIn, of('messages_in_total', 'readings')]).toEqual([60, 60]);
  expect([copies.status.statistics?.messagesOut, of('messages_out_total', 'copies')]).toEqual([received, received]);
  expect([full.status.statistics?.stored, of('messages_stored', 'full')]).toEqual([3, 3]);
  expect([full.status.statistics?.rejected, of('messages_rejected_total', 'full')]).toEqual([
    sent.refused,
    sent.refused,
  ]);
  expect([job.status.statistics?.rowsIn, metrics.value('millrace_job_rows_in_total', { job_name: 'copy' })]).toEqual([
    60, 60,
  ]);
  expect([job.status.statistics?.rowsOut, metrics.value('millrace_job_rows_out_total', { job_name: 'copy' })]).toEqual([
    60, 60,
  ]);
  for (const protocol of ['amqp', 'mqtt', 'job'] as const) {
    const ours = connections.filter((connection) => connection.protocol === protocol);
    expect(metrics.value('millrace_connections', { protocol }), protocol).toBe(ours.length);
    for (const role of ['sender', 'receiver'] as const) {
      const links = ours.flatMap((connection) => connection.links).filter((link) => link.role === role);
      expect(metrics.value('millrace_links', { protocol, role }), `${protocol} ${role}`).toBe(links.length);
    }
  }
  for (const sender of senders) await sender.close();
  await receiver.close();
});

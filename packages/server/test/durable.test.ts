/** What a server that was closed, or never came to close, has when it is started again in the same directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@millrace/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../src/index.js';

const ADDRESS = {
  apiVersion: 'millrace.dev/v1',
  kind: 'Address',
  metadata: { name: 'temperature' },
  spec: { type: 'queue' },
};
const JOB = {
  apiVersion: 'millrace.dev/v1',
  kind: 'Job',
  metadata: { name: 'copy' },
  spec: { sql: 'INSERT INTO max SELECT body FROM STREAM temperature', paused: true },
};

describe('a server on a directory', () => {
  let directory: string;
  let server: RunningServer | undefined;
  let lines: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-durable-'));
    lines = [];
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function start() {
    server = await startServer({
      amqpPort: 0,
      mqttPort: 0,
      httpPort: 0,
      dataDirectory: directory,
      log: (line) => lines.push(line),
    });
    const { host, port } = server.endpoints.find(({ protocol }) => protocol === 'http')!;
    return createClient({ server: `http://${host}:${port}` });
  }

  async function restart() {
    await server!.close();
    return start();
  }

  it('keeps documents with all their metadata, and what was deleted is gone', async () => {
    let client = await start();
    await server!.apply([
      ADDRESS,
      { ...ADDRESS, metadata: { name: 'max' } },
      { ...ADDRESS, metadata: { name: 'old' } },
      JOB,
    ]);
    await client.addresses.delete('old');
    const before = await client.addresses.get('temperature');
    client = await restart();
    const after = await client.addresses.get('temperature');
    expect(after.metadata).toEqual(before.metadata);
    expect((await client.addresses.list()).map(({ metadata }) => metadata.name)).toEqual(['max', 'temperature']);
    expect(await client.jobs.get('copy')).toMatchObject({ spec: JOB.spec, status: { phase: 'Paused' } });
    expect(lines).toEqual([]);
  });

  it('keeps durable messages in their order, with the time at which they were accepted', async () => {
    let client = await start();
    await server!.apply([ADDRESS]);
    for (const body of ['1', '2', '3']) await client.send('temperature', { body, durable: true });
    const before = await client.browse('temperature');
    client = await restart();
    const after = await client.browse('temperature');
    expect(after.map(({ body }) => body)).toEqual(['1', '2', '3']);
    expect(after.map(({ time }) => time)).toEqual(before.map(({ time }) => time));
  });

  it('knows the ids of durable messages where an address looks for duplicates, also of those that are gone', async () => {
    let client = await start();
    await server!.apply([{ ...ADDRESS, spec: { type: 'queue', deduplication: { ids: 10 } } }]);
    const send = (messageId: string) => client.send('temperature', { body: messageId, messageId, durable: true });
    await send('a');
    await send('a');
    expect((await client.addresses.get('temperature')).status.statistics).toMatchObject({ stored: 1, duplicates: 1 });
    await client.purge('temperature');
    await send('b');
    client = await restart();
    for (const id of ['a', 'b', 'c']) await send(id);
    expect((await client.browse('temperature')).map(({ body }) => body)).toEqual(['b', 'c']);
    expect((await client.addresses.get('temperature')).status.statistics).toMatchObject({ duplicates: 2 });
  });

  it('lets nobody else into its directory, and says who has it', async () => {
    await start();
    const second = startServer({ amqpPort: 0, mqttPort: 0, httpPort: 0, dataDirectory: directory, log: () => {} });
    await expect(second).rejects.toThrow(`${directory} is in use by process ${process.pid}`);
  });

  it('lets go of the directory when a port cannot be had', async () => {
    await start();
    const taken = server!.endpoints.find(({ protocol }) => protocol === 'amqp')!.port;
    const other = await mkdtemp(join(tmpdir(), 'millrace-durable-'));
    const options = { mqttPort: 0, httpPort: 0, dataDirectory: other, log: () => {} };
    await expect(startServer({ ...options, amqpPort: taken })).rejects.toThrow('EADDRINUSE');
    const third = await startServer({ ...options, amqpPort: 0 });
    await third.close();
    await rm(other, { recursive: true });
  });

  it('says in its status where it keeps things', async () => {
    const client = await start();
    expect((await client.status()).store).toMatchObject({ kind: 'disk', state: 'open', directory });
  });
});

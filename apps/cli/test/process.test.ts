/** What only a process of its own shows: signals, closed pipes, exit codes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { valueBody } from '@millrace/amqp';
import { DiskJournal } from '@millrace/journal';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAmqpServer, startFakeAmqpServer } from './fake-amqp-server.js';

const PROGRAM = fileURLToPath(new URL('./run-from-source.ts', import.meta.url));

let server: FakeAmqpServer | undefined;
let child: ChildProcess | undefined;
afterEach(async () => {
  child?.kill('SIGKILL');
  await server?.close();
});

/** Starts the command; `until` waits for text on standard output. */
function start(...argumentList: string[]) {
  const started = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', PROGRAM, ...argumentList], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  const said = { output: '', notes: '' };
  started.stdout.on('data', (bytes: Buffer) => {
    said.output += bytes.toString();
  });
  started.stderr.on('data', (bytes: Buffer) => {
    said.notes += bytes.toString();
  });
  return {
    process: started,
    said,
    ended: once(started, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    })),
    until: async (text: string) => {
      while (!said.output.includes(text)) await once(started.stdout, 'data');
    },
  };
}

describe('a process', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly at %s, with a summary and 0', async (signal) => {
    server = await startFakeAmqpServer([{ body: valueBody('a') }]);
    const { process, said, ended, until } = start('receive', 'max', '--url', server.url);
    await until('a\n');
    process.kill(signal);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(said.notes).toBe(`1 message received from max at ${server.url}.\n`);
    expect(server.goodbyes()).toBe(1);
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const texts = Array.from({ length: 50 }, (_, index) => ({ body: valueBody(`${index}`) }));
    server = await startFakeAmqpServer(texts);
    const { process, said, ended, until } = start('receive', 'max', '--url', server.url);
    await until('0\n');
    process.stdout.destroy();
    server.send({ body: valueBody('one more') });
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(said.notes).toMatch(/^\d+ messages received from max at .*\n$/);
    expect(server.goodbyes()).toBe(1);
  });

  it('prints a store to whoever reads it, for as long as that is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
    try {
      const owner = { replay: () => {}, rewrite: () => {} };
      const journal = await DiskJournal.open({ directory, owner, segmentBytes: 1024 ** 2 });
      for (let record = 0; record < 50_000; record++) journal.append(200, Buffer.from('x'), 0, 1);
      await new Promise((resolve) => journal.commit(resolve));
      await journal.close();
      const { process, said, ended, until } = start('store', 'dump', directory);
      await until('type 200');
      process.stdout.destroy();
      expect(await ended).toEqual({ code: 0, signal: null });
      expect(said.notes).toBe('');
      expect(said.output.length).toBeLessThan(50_000 * 80);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('has the exit code of its command, and ends by itself', async () => {
    const { said, ended } = start('get', 'nothing');
    expect(await ended).toEqual({ code: 2, signal: null });
    expect(said.output).toBe('');
  });
});

/** What only a process of its own shows: signals, closed pipes, exit codes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { valueBody } from '@millrace/amqp';
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

  it('has the exit code of its command, and ends by itself', async () => {
    const { said, ended } = start('get', 'nothing');
    expect(await ended).toEqual({ code: 2, signal: null });
    expect(said.output).toBe('');
  });
});

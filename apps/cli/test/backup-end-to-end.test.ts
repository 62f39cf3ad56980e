/** A server is backed up while it works, and another one goes on from there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { fakeTerminal } from './fake-terminal.js';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  ending.push(async () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function serve(...options: string[]) {
  const terminal = fakeTerminal();
  const ports = ['--amqp-port', '0', '--mqtt-port', '0', '--http-port', '0'];
  const serving = main(['serve', ...ports, ...options], terminal);
  const end = async (): Promise<void> => {
    terminal.interrupt();
    await serving;
  };
  ending.push(end);
  await Promise.race([terminal.notesHolding('millrace ready: '), serving]);
  const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(terminal.notes())?.[1];
  const run = async (line: string, input?: string) => {
    const own = fakeTerminal(input === undefined ? {} : { input });
    const code = await main([...line.split(' '), '--server', `http://127.0.0.1:${port}`], own);
    return { code, output: own.output(), notes: own.notes() };
  };
  return { run, end };
}

const QUEUE =
  '{"apiVersion":"millrace.dev/v1","kind":"Address","metadata":{"name":"readings"},"spec":{"type":"queue"}}';

it('backup, restore, and on', async () => {
  const directory = temporaryDirectory();
  const [data, saved, restored] = ['data', 'saved', 'restored'].map((name) => join(directory, name));
  const limit = ['--data-limit', '64MiB'];
  const first = await serve('--data', data!, ...limit);
  expect(await first.run('apply -f -', QUEUE)).toMatchObject({ code: 0 });
  expect(await first.run('publish readings 1 2 3 --durable')).toMatchObject({ code: 0 });
  const backup = await first.run(`backup ${saved}`);
  expect([backup.code, backup.notes]).toEqual([0, expect.stringMatching(/^saved \d+ records, /)]);
  expect(await first.run('publish readings 4 --durable')).toMatchObject({ code: 0 });
  const inUse = fakeTerminal();
  expect(await main(['restore', saved!, '--data', data!, '--force'], inUse)).toBe(5);
  await first.end();
  expect(await main(['restore', saved!, '--data', restored!], fakeTerminal())).toBe(0);
  const dumped = fakeTerminal();
  expect(await main(['store', 'dump', restored!, '--bodies'], dumped)).toBe(0);
  expect(dumped.output()).toMatch(/kept {12}document Address\/readings, .*"kind":"Address"/);
  expect(dumped.output().match(/message .* of AMQP, .*, body "\d", held by (readings|store \d+) #\d/g)).toHaveLength(3);
  const second = await serve('--data', restored!, ...limit);
  const browsed = await second.run('browse readings -o jsonl');
  expect(
    browsed.output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).body),
  ).toEqual(['1', '2', '3']);
});

it('of a server in memory says what is missing', async () => {
  const { run } = await serve();
  const { code, notes } = await run(`backup ${join(temporaryDirectory(), 'x')}`);
  expect([code, notes]).toEqual([5, expect.stringContaining('start it with --data DIR')]);
});

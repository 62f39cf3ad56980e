import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsTable } from '@millrace/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function configFile(text: string): Promise<string> {
  const file = join(folder, 'millrace.yaml');
  await writeFile(file, text);
  return file;
}

const PORTS = 'amqp: { port: 0 }\nmqtt: { port: 0 }\nhttp: { port: 0 }\n';
const QUEUE = (name: string) =>
  `apiVersion: millrace.dev/v1\nkind: Address\nmetadata: { name: ${name} }\nspec: { type: queue }\n`;

describe('config check', () => {
  it('says that all is sound, with the documents', async () => {
    await writeFile(join(folder, 'queue.yaml'), QUEUE('readings'));
    const file = await configFile(`${PORTS}documents: [queue.yaml]\n`);
    const terminal = fakeTerminal();
    expect(await main(['config', 'check', '--config', file], terminal)).toBe(0);
    expect(terminal.output()).toBe(`${file}: sound, with 1 document to apply\n`);
  });

  it('names each fault with file, line and column', async () => {
    const file = await configFile('log:\n  levl: debug\n');
    const terminal = fakeTerminal();
    expect(await main(['config', 'check', '--config', file], terminal)).toBe(1);
    expect(terminal.notes()).toContain(`${file}:2:3: log.levl: "levl" is not known here; did you mean level?`);
    expect(terminal.output()).toBe('');
  });

  it('looks into the documents too', async () => {
    await writeFile(join(folder, 'bad.yaml'), QUEUE('a').replace('queue', 'queu'));
    const file = await configFile('documents: [bad.yaml]\n');
    const terminal = fakeTerminal();
    expect(await main(['config', 'check', '--config', file], terminal)).toBe(1);
    expect(terminal.notes()).toMatch(/bad\.yaml:4:9.*did you mean queue/);
  });

  it('knows what would let strangers in', async () => {
    const terminal = fakeTerminal({ environment: { MILLRACE_HOST: '0.0.0.0' } });
    expect(await main(['config', 'check'], terminal)).toBe(1);
    expect(terminal.notes()).toContain('--allow-anonymous');
  });

  it('ends with 4 when there is no such file', async () => {
    const terminal = fakeTerminal();
    expect(await main(['config', 'check', '--config', join(folder, 'none.yaml')], terminal)).toBe(4);
  });
});

describe('config show', () => {
  it('with --origin says where each value comes from', async () => {
    const file = await configFile('amqp:\n  port: 1234\n');
    const terminal = fakeTerminal({ environment: { MILLRACE_LOG_LEVEL: 'warn' }, columns: 80 });
    expect(await main(['config', 'show', '--config', file, '--origin', '--http-port', '0'], terminal)).toBe(0);
    expect(terminal.output()).toMatch(/^amqp\.port +1234 +\S+millrace\.yaml:2:3$/m);
    expect(terminal.output()).toMatch(/^log\.level +warn +MILLRACE_LOG_LEVEL$/m);
    expect(terminal.output()).toMatch(/^http\.port +0 +--http-port$/m);
    expect(terminal.output()).toMatch(/^mqtt\.port +1883 +default$/m);
  });

  it('as YAML is a configuration that is taken again', async () => {
    const shown = fakeTerminal();
    expect(await main(['config', 'show', '-o', 'yaml'], shown)).toBe(0);
    const terminal = fakeTerminal();
    expect(await main(['config', 'check', '--config', await configFile(shown.output())], terminal)).toBe(0);
  });
});

describe('serve --config', () => {
  async function serving(file: string, terminal: FakeTerminal) {
    const ended = main(['serve', '--config', file], terminal);
    await terminal.notesHolding('millrace ready');
    const server = /http:\/\/127\.0\.0\.1:\d+/.exec(terminal.notes())?.[0] ?? '';
    return { ended, server };
  }

  it('takes what can change at SIGHUP, and says what needs a restart', async () => {
    await writeFile(join(folder, 'queue.yaml'), QUEUE('first'));
    const file = await configFile(`${PORTS}documents: [queue.yaml]\nlog: { format: json }\n`);
    const terminal = fakeTerminal();
    const { ended, server } = await serving(file, terminal);
    expect((await fetch(`${server}/v1/addresses/first`)).status).toBe(200);
    await writeFile(join(folder, 'queue.yaml'), `${QUEUE('first')}---\n${QUEUE('second')}`);
    await writeFile(file, `${PORTS}documents: [queue.yaml]\nlog: { format: text }\nhost: 127.0.0.2\n`);
    terminal.hangUp();
    await terminal.notesHolding('needs a restart');
    expect(terminal.notes()).toContain('configuration read again: changed log.format; 2 documents applied\n');
    expect(terminal.notes()).toContain('needs a restart to change: host\n');
    expect((await fetch(`${server}/v1/addresses/second`)).status).toBe(200);
    terminal.interrupt();
    expect(await ended).toBe(0);
  });

  it('goes on with what it has when the changed file is faulty', async () => {
    const file = await configFile(PORTS);
    const terminal = fakeTerminal();
    const { ended, server } = await serving(file, terminal);
    await writeFile(file, `${PORTS}logg: {}\n`);
    terminal.hangUp();
    await terminal.notesHolding('the one before goes on');
    expect(terminal.notes()).toContain(`${file}:4:1: logg: "logg" is not known here; did you mean log?`);
    expect((await fetch(`${server}/readyz`)).status).toBe(200);
    terminal.interrupt();
    expect(await ended).toBe(0);
  });
});

describe('docs/reference/configuration.md', () => {
  it('has the table of the program', async () => {
    const page = await readFile(new URL('../../../docs/reference/configuration.md', import.meta.url), 'utf8');
    expect(page, 'make it anew: millrace reference configuration').toContain(settingsTable());
  });
});

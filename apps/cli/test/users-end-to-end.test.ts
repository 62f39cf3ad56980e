/** docs/guide/users.md, command by command, with who logs in standing in the environment. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

const ADMIN = { MILLRACE_USERNAME: 'admin', MILLRACE_PASSWORD: 'change-me-soon' };

let directory: string;
let server: FakeTerminal;
let serving: Promise<number>;
let url: string;
let guide: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-guide-'));
  guide = await readFile(new URL('../../../docs/guide/users.md', import.meta.url), 'utf8');
  for (const [, name, text] of guide.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)) {
    await writeFile(join(directory, name!), text!);
  }
  server = fakeTerminal();
  const ports = ['--amqp-port', '0', '--mqtt-port', '0', '--http-port', '0'];
  const users = join(directory, 'users.yaml');
  serving = main(['serve', ...ports, '--data', join(directory, 'data'), '--apply', users], server);
  await Promise.race([server.notesHolding('millrace ready: '), serving]);
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.notes())?.[0] ?? '';
});

afterAll(async () => {
  server.interrupt();
  expect(await serving).toBe(0);
  await rm(directory, { recursive: true });
});

async function run(environment: Readonly<Record<string, string>>, ...argumentList: string[]) {
  const terminal = fakeTerminal({ environment });
  const code = await main([...argumentList, '--server', url], terminal);
  return { code, output: terminal.output(), notes: terminal.notes() };
}

describe('the guide', () => {
  it('lists the users as it shows them', async () => {
    const shown = /```text\n(NAME[\s\S]*?)```/.exec(guide)?.[1];
    expect(await run(ADMIN, 'get', 'users')).toEqual({ code: 0, output: shown, notes: '' });
  });

  it('adds, describes and deletes one', async () => {
    const file = join(directory, 'viewer.yaml');
    expect(await run(ADMIN, 'apply', '-f', file)).toMatchObject({ code: 0, output: 'user/viewer created\n' });
    expect(await run(ADMIN, 'apply', '-f', file)).toMatchObject({ output: 'user/viewer unchanged\n' });
    const { output } = await run(ADMIN, 'describe', 'user', 'viewer');
    expect(output).toMatch(/VERBS +ADDRESSES\n +view +#/);
    expect(output).not.toMatch(/only-looks|[sS]tored ?[kK]ey|[sS]alt/);
    const viewer = { MILLRACE_USERNAME: 'viewer', MILLRACE_PASSWORD: 'only-looks' };
    expect(await run(viewer, 'status')).toMatchObject({ code: 0 });
    expect(await run(viewer, 'get', 'users')).toMatchObject({ code: 6 });
    expect(await run(ADMIN, 'delete', 'user', 'viewer', '--yes')).toMatchObject({
      code: 0,
      output: 'user/viewer deleted\n',
    });
    expect(await run(viewer, 'status')).toMatchObject({ code: 6 });
  });

  it('a document with a certificate is one too', async () => {
    const applied = await run(ADMIN, 'apply', '-f', join(directory, 'device.yaml'));
    expect(applied).toMatchObject({ code: 0, output: 'user/boiler-2 created\n' });
  });
});

it('who says nothing, or the wrong thing, is told how to say it', async () => {
  for (const environment of [{}, { ...ADMIN, MILLRACE_PASSWORD: 'guess' }, { MILLRACE_TOKEN: 'x' }]) {
    const { code, output, notes } = await run(environment, 'get', 'users');
    expect({ code, output }).toEqual({ code: 6, output: '' });
    expect(notes).toContain('MILLRACE_USERNAME and MILLRACE_PASSWORD, or MILLRACE_TOKEN');
    expect(notes).not.toContain('guess');
  }
});

it('the last who may manage the server stays', async () => {
  const { code, notes } = await run(ADMIN, 'delete', 'user', 'admin', '--yes');
  expect(code).toBe(5);
  expect(notes).toContain('admin is the last user who may manage "#"');
});

it('a wrong document says no more than it must', async () => {
  const file = join(directory, 'wrong.yaml');
  const document = { apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name: 'eve' } };
  const authentication = { type: 'password', password: 'S3cret', passwort: 'S3cret' };
  await writeFile(file, JSON.stringify({ ...document, spec: { authentication } }));
  const { code, notes } = await run(ADMIN, 'apply', '-f', file);
  expect(code).toBe(1);
  expect(notes).toContain('did you mean password?');
  expect(notes).not.toContain('S3cret');
});

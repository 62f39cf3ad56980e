import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { type FakeControlApi, startFakeControlApi } from './fake-control-api.js';
import { fakeTerminal } from './fake-terminal.js';

let home: string;
let api: FakeControlApi;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'millrace-contexts-'));
  api = await startFakeControlApi({ 'GET /v1/jobs?limit=500': { body: { items: [] } } });
});
afterEach(async () => {
  await api.close();
  await rm(home, { recursive: true });
});

async function run(line: string, environment: Readonly<Record<string, string>> = {}, input?: string) {
  const terminal = fakeTerminal({
    environment: { XDG_CONFIG_HOME: home, ...environment },
    ...(input === undefined ? {} : { input }),
  });
  const code = await main(line.split(' '), terminal);
  return { code, output: terminal.output(), notes: terminal.notes() };
}

const asked = () => api.asked.map(({ authorization }) => authorization);
const FILE = () => join(home, 'millrace', 'contexts.json');

describe('contexts', () => {
  it('the first is in use at once; the file is for its owner alone, and the token is never shown', async () => {
    expect((await run(`context add field --server ${api.server} --token-file -`, {}, 'secret-1\n')).code).toBe(0);
    expect((await run('context add plant --server http://127.0.0.1:1')).code).toBe(0);
    expect((await stat(FILE())).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'millrace'))).mode & 0o777).toBe(0o700);
    const { output } = await run('context list');
    expect(output).toMatch(/^\* +field +http:\S+ +yes$/m);
    expect(output).toMatch(/^- +plant +http:\S+ +no$/m);
    for (const format of ['json', 'yaml', 'wide', 'name', 'jsonl']) {
      expect((await run(`context list -o ${format}`)).output).not.toContain('secret-1');
    }
    expect((await run('get jobs')).code).toBe(0);
    expect(asked()).toEqual(['Bearer secret-1']);
    expect((await run('context use plant')).output).toBe('context/plant in use: http://127.0.0.1:1\n');
    expect((await run('get jobs')).code).toBe(7);
    expect((await run('get jobs --context field')).code).toBe(0);
    expect((await run('context delete plant')).output).toBe('context/plant deleted\n');
    expect(JSON.parse(await readFile(FILE(), 'utf8'))).toEqual({
      contexts: { field: { server: api.server, token: 'secret-1' } },
    });
  });

  it('--server, --context, MILLRACE_SERVER, MILLRACE_CONTEXT, the one in use: the first that is there', async () => {
    await run('context add used --server http://127.0.0.1:1 --token-file -', {}, 'used');
    await run(`context add here --server ${api.server} --token-file -`, {}, 'here');
    expect((await run('get jobs')).code).toBe(7);
    expect((await run('get jobs', { MILLRACE_CONTEXT: 'here' })).code).toBe(0);
    expect((await run('get jobs', { MILLRACE_CONTEXT: 'used', MILLRACE_SERVER: api.server })).code).toBe(0);
    expect((await run('get jobs --context here', { MILLRACE_SERVER: 'http://127.0.0.1:1' })).code).toBe(0);
    expect((await run(`get jobs --server ${api.server}`, { MILLRACE_CONTEXT: 'here' })).code).toBe(0);
    // A context's token goes to its own server alone; MILLRACE_TOKEN to whichever is asked.
    expect(asked()).toEqual(['Bearer here', undefined, 'Bearer here', undefined]);
    expect((await run('get jobs', { MILLRACE_CONTEXT: 'here', MILLRACE_TOKEN: 'mine' })).code).toBe(0);
    expect(asked().at(-1)).toBe('Bearer mine');
  });

  it('says what is wrong', async () => {
    expect((await run(`context add a/b --server ${api.server}`)).notes).toContain('is no name of a context');
    expect((await run('context add __proto__ --server http://x')).code).toBe(2);
    expect((await run('context add a --server nowhere')).code).toBe(2);
    await run(`context add field --server ${api.server}`);
    expect(await run('get jobs --context fild')).toMatchObject({
      code: 2,
      notes: expect.stringContaining('did you mean "field"?'),
    });
    expect((await run(`get jobs --context field --server ${api.server}`)).code).toBe(2);
    await chmod(FILE(), 0o644);
    expect((await run('get jobs')).notes).toContain('others can read');
    await writeFile(FILE(), '{"contexts": 5}');
    expect(await run('get jobs')).toMatchObject({
      code: 1,
      notes: expect.stringContaining('is not what "millrace context" wrote'),
    });
    expect((await run('context add a --server http://x', { XDG_CONFIG_HOME: '' })).notes).toContain(
      'no place for contexts',
    );
  });
});

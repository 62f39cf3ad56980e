import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCRIPTS } from '../src/completion/scripts.js';
import { queue, startTestServer, type TestServer } from './running-server.js';

let cli: TestServer;
let folder: string;
beforeAll(async () => {
  cli = await startTestServer([queue('temperature'), queue('temper odd'), queue('max')]);
  folder = mkdtempSync(join(tmpdir(), 'millrace-completion-'));
});
afterAll(async () => {
  await cli.server.close();
  rmSync(folder, { recursive: true });
});

const complete = async (...words: string[]) =>
  (await cli.run(['complete', '--', ...words], { environment: { XDG_CONFIG_HOME: folder } })).output.trim().split('\n');

describe('what may stand next', () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['pub'], ['publish']],
    [
      ['store', ''],
      ['check', 'dump', 'repair'],
    ],
    [
      ['get', 'addr'],
      ['address', 'addresses'],
    ],
    [
      ['get', 'address', 'temper'],
      ['temper odd', 'temperature'],
    ],
    [['describe', 'address', 'm'], ['max']],
    [
      ['delete', 'address', 'max', 'te'],
      ['temper odd', 'temperature'],
    ],
    [['publish', 'temperatu'], ['temperature']],
    [
      ['get', '-o', 'js'],
      ['json', 'jsonl'],
    ],
    [['get', 'jobs', '--output', 'y'], ['yaml']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['dead-letters', 'redrive', '--target', 'm'], ['max']],
    [['purge', '--dry'], ['--dry-run']],
    [
      ['publish', 'max', '--qos', ''],
      ['0', '1', '2'],
    ],
  ];
  it.each(cases)('millrace %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('hidden commands are not offered, nor is anything where nobody answers', async () => {
    expect(await complete('')).not.toContain('complete');
    const { code, notes, output } = await cli.run(['complete', '--', 'get', 'address', ''], {
      environment: { MILLRACE_SERVER: 'http://127.0.0.1:1', XDG_CONFIG_HOME: folder },
    });
    expect([code, notes, output]).toEqual([0, '', '']);
  });

  it('contexts by name, and their server is asked', async () => {
    const environment = { XDG_CONFIG_HOME: folder, MILLRACE_SERVER: '' };
    await cli.run(['context', 'add', 'field', '--server', cli.url], { environment });
    expect((await cli.run(['complete', '--', 'context', 'use', ''], { environment })).output).toBe('field\n');
    expect((await cli.run(['complete', '--', 'status', '--context', 'f'], { environment })).output).toBe('field\n');
    const line = ['complete', '--', 'get', '--context', 'field', 'address', 'ma'];
    expect(
      (await cli.run(line, { environment: { ...environment, MILLRACE_SERVER: 'http://127.0.0.1:1' } })).output,
    ).toBe('max\n');
  });

  it('descriptions follow a tab', async () => {
    const { output } = await cli.run(['complete', '--descriptions', '--', 'purg']);
    expect(output).toBe('purge\tdelete the stored messages of an address\n');
  });
});

describe('in a real bash', () => {
  /** Sets up what bash has when TAB is pressed, and calls what it would call. */
  async function press(words: readonly string[]): Promise<readonly string[]> {
    const program = join(folder, 'bin', 'millrace');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    const source = fileURLToPath(new URL('./run-from-source.ts', import.meta.url));
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' --conditions=source --import tsx '${source}' "$@"\n`);
    chmodSync(program, 0o755);
    writeFileSync(join(folder, 'millrace.bash'), SCRIPTS.bash);
    const list = ['millrace', ...words].map((word) => `'${word}'`).join(' ');
    const script = [
      `source '${join(folder, 'millrace.bash')}'`,
      'complete -p millrace >/dev/null || exit 9',
      `COMP_WORDS=(${list}); COMP_CWORD=${words.length}`,
      '_millrace_complete',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join('\n');
    // Not spawnSync: the server that is asked is in this process.
    const child = spawn('bash', ['--norc', '-c', script], {
      env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, MILLRACE_SERVER: cli.url, HOME: folder },
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    });
    const said = { out: '', error: '' };
    child.stdout.on('data', (bytes: Buffer) => {
      said.out += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      said.error += bytes.toString();
    });
    const [status] = (await once(child, 'close')) as [number];
    if (status !== 0) throw new Error(`${status}: ${said.error}`);
    return said.out.trim().split('\n');
  }

  it('completes commands, and names that the server has, as one word each', async () => {
    expect(await press(['purg'])).toEqual(['purge']);
    expect(await press(['get', 'jobs', '-o', 'ya'])).toEqual(['yaml']);
    expect(await press(['publish', 'temp'])).toEqual(['temper\\ odd', 'temperature']);
  });
});

it.each(['bash', 'zsh', 'fish'] as const)('the script for %s is printed', async (shell) => {
  expect((await cli.run(['completion', shell])).output).toBe(SCRIPTS[shell]);
  expect(SCRIPTS[shell]).toContain('complete');
});

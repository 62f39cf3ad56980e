import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queue, startTestServer, type TestServer } from './running-server.js';

let cli: TestServer;
beforeAll(async () => {
  cli = await startTestServer([queue('a'), queue('b/1'), queue('c')]);
  for (const [name, count] of [
    ['b/1', 3],
    ['c', 1],
  ] as const) {
    for (let sent = 0; sent < count; sent += 1) await cli.run(['publish', name, `${sent}`]);
  }
});
afterAll(() => cli.server.close());

describe('listings', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['get addresses -o name', 'address/a\naddress/b/1\naddress/c\n'],
    ['get addresses -o name --sort -stored', 'address/b/1\naddress/c\naddress/a\n'],
    ['get addresses -o name --sort stored --limit 2', 'address/a\naddress/c\n'],
    ['get addresses -o name --filter stored>0 --filter name!=c', 'address/b/1\n'],
    ['get addresses -o name --filter b', 'address/b/1\n'],
    ['get addresses --columns name,stored --filter c', 'NAME  STORED\nc          1\n'],
    ['get addresses --columns stored,name -o jsonl --filter stored=3', '{"stored":3,"name":"b/1"}\n'],
    ['get address c --columns stored -o yaml', 'stored: 1\n'],
    ['get addresses -o json --filter nothing-such', '[]\n'],
  ];
  it.each(cases)('%s', async (line, expected) => {
    const { code, output } = await cli.run(line);
    expect(output).toBe(expected);
    expect(code).toBe(0);
  });

  it('an unknown field is wrong usage, with the nearest one', async () => {
    for (const line of ['--sort storde', '--columns name,storde', '--filter storde>1']) {
      const { code, notes } = await cli.run(`get addresses ${line}`);
      expect([code, notes]).toEqual([2, expect.stringContaining('did you mean stored?')]);
    }
  });

  it.each(['addresses', 'jobs', 'connections', 'subscriptions'])(
    '%s are whole documents as JSON, lines, YAML',
    async (kind) => {
      const { output } = await cli.run(`get ${kind} -o json`);
      const lines = (await cli.run(`get ${kind} -o jsonl`)).output.trim().split('\n').filter(Boolean);
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(output));
    },
  );

  it('a table at 80 columns has no longer line', async () => {
    const { output } = await cli.run('get addresses -o wide', { columns: 80 });
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

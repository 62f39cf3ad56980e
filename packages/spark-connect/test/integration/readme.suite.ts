import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SparkServer } from './spark-server.js';

const root = join(import.meta.dirname, '../../../..');
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
/** Programs, each followed by what it prints. */
const examples = [...readme.matchAll(/```ts\n(.*?)```\n```text\n(.*?)```/gs)].map(
  ([, program = '', output = '']) =>
    [
      program
        .split('\n')
        .find((line) => line.includes('spark.'))
        ?.trim(),
      program,
      output,
    ] as const,
);

let server: SparkServer;
beforeAll(async () => {
  server = await SparkServer.start();
});
afterAll(() => server?.stop());

it('all programs have what they print behind them', () => {
  expect(examples).toHaveLength(readme.match(/```ts\n/g)?.length ?? 0);
});

it.each(examples)('%s', async (_, program, output) => {
  // In the repository, so that the package is found by its name.
  const folder = join(root, '.cache/spark-connect-readme');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'example.mts');
  writeFileSync(
    file,
    program
      .replaceAll('sc://localhost:15002', `sc://127.0.0.1:${server.port}`)
      .replaceAll('/tmp/checkpoint-of-readings', join(server.folder, 'checkpoint')),
  );
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const run = promisify(execFile)(process.execPath, [tsx, '--conditions=source', file], { cwd: root });
  expect((await run).stdout).toBe(output);
});

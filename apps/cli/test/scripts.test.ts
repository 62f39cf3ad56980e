/** The scripts behind `npm start` and `npm test`: plain Node, so they are run and not imported. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

async function evaluate(expression: string): Promise<unknown> {
  const script = `import * as prepare from './scripts/prepare.mjs'; console.log(JSON.stringify(${expression}) ?? 'null');`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
  return JSON.parse(stdout);
}

describe('scripts/prepare.mjs', () => {
  it('names the version that is needed to a Node.js that is too old', async () => {
    const versions = ['20.19.0', '20.20.2', '22.0.0', '20.18.9', '18.20.0', '8.1.0'];
    const complaints = (await evaluate(`${JSON.stringify(versions)}.map(prepare.nodeComplaint)`)) as (string | null)[];
    expect(complaints.map((complaint) => complaint !== null)).toEqual([false, false, false, true, true, true]);
    expect(complaints[3]).toMatch(/^Millrace needs Node.js 20.19 or newer; this is 20.18.9/);
    const { engines } = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as { engines: { node: string } };
    expect(engines.node, 'the same in both places').toBe('>=20.19');
  });

  it('gives back the exit code of what it runs, whose output does not reach standard output', async () => {
    const script = "console.log('noise'); process.exit(7)";
    expect(await evaluate(`await prepare.run(process.execPath, ['-e', ${JSON.stringify(script)}])`)).toBe(7);
  });

  it('finds executables without a shell', async () => {
    expect(await evaluate("prepare.executable('typescript', 'tsc')")).toMatch(/typescript\/bin\/tsc$/);
  });
});

describe('.npmrc', () => {
  it('keeps the banner of npm away from the data of npm start', async () => {
    expect(await readFile(`${ROOT}/.npmrc`, 'utf8')).toMatch(/^loglevel=silent$/m);
  });
});

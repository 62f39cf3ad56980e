import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { fakeTerminal } from './fake-terminal.js';

describe('docs/reference/cli.md', () => {
  it('is what the program says of itself', async () => {
    const terminal = fakeTerminal();
    expect(await main(['reference'], terminal)).toBe(0);
    const page = await readFile(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
    expect(page, 'make it anew: millrace reference > docs/reference/cli.md').toBe(terminal.output());
  });
});

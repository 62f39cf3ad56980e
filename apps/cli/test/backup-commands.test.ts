import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskJournal, dump } from '@millrace/journal';
import { afterEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { problem } from './fake-control-api.js';
import { fakeTerminal } from './fake-terminal.js';

const directories: string[] = [];
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  directories.push(directory);
  return directory;
}

const OWNER = { replay: () => {}, rewrite: () => {} };

/** A store of records that say their number, and a backup of it. */
async function backupBytes(records = 20): Promise<Buffer> {
  const journal = await DiskJournal.open({ directory: temporaryDirectory(), owner: OWNER, segmentBytes: 4096 });
  for (let number = 0; number < records; number++) {
    const bytes = Buffer.from(`${number}`.padEnd(500, '.'));
    journal.append(200, bytes, 0, bytes.length);
    await new Promise((resolve) => journal.commit(resolve));
  }
  const chunks: Uint8Array[] = [];
  const backup = journal.backup();
  if (backup === 'under-way') throw new Error(backup);
  for await (const chunk of backup) chunks.push(chunk);
  await journal.close();
  return Buffer.concat(chunks);
}

async function serve(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serveBytes = (bytes: Buffer): Promise<string> => serve((_request, response) => response.end(bytes));

async function run(line: readonly string[], options: Parameters<typeof fakeTerminal>[0] = {}) {
  const terminal = fakeTerminal(options);
  const code = await main(line, terminal);
  return { code, output: terminal.output(), notes: terminal.notes(), bytes: terminal.bytes() };
}

async function recordsIn(directory: string): Promise<number> {
  let records = 0;
  for await (const _ of dump(directory)) records++;
  return records;
}

describe('backup', () => {
  it('saves what the server sends, and says what that was', async () => {
    const bytes = await backupBytes();
    const file = join(temporaryDirectory(), 'monday.backup');
    const { code, notes, output } = await run(['backup', file, '--server', await serveBytes(bytes)]);
    expect(notes).toMatch(/^saved 20 records, \d+\.\d KiB to .*monday\.backup, as of 20\d\d-.*Z\n$/);
    expect([code, output]).toEqual([0, '']);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, '..'))).toEqual(['monday.backup']);
  });

  it('replaces no file unasked', async () => {
    const bytes = await backupBytes(1);
    const file = join(temporaryDirectory(), 'old');
    writeFileSync(file, 'old');
    const url = await serveBytes(bytes);
    const refused = await run(['backup', file, '--server', url]);
    expect([refused.code, refused.notes]).toEqual([5, expect.stringContaining('--force to replace it')]);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect((await run(['backup', file, '--server', url, '--force'])).code).toBe(0);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('goes to standard output as bytes', async () => {
    const bytes = await backupBytes(3);
    const { code, bytes: written } = await run(['backup', '-', '--server', await serveBytes(bytes)]);
    expect([code, written.equals(bytes)]).toEqual([0, true]);
  });

  const cases: readonly (readonly [string, (bytes: Buffer) => RequestListener, number, RegExp])[] = [
    [
      'a server without a store',
      () => refusal(409, 'conflict', 'start it with --data DIR'),
      5,
      /start it with --data DIR/,
    ],
    ['a user who may not', () => refusal(403, 'not-allowed', 'you may not'), 6, /you may not/],
    [
      'an answer that ends early',
      (bytes) => (_, response) => response.end(bytes.subarray(0, 700)),
      1,
      /not whole.* offset 700/,
    ],
    [
      'one that breaks off',
      (bytes) => (_, response) => response.write(bytes.subarray(0, 700), () => response.destroy()),
      7,
      /broke off its answer/,
    ],
    ['one that is no backup', () => (_, response) => response.end('<html>'), 1, /it is no backup of a Millrace store/],
  ];
  it.each(cases)('%s: nothing is left', async (_, answer, exitCode, complaint) => {
    const directory = temporaryDirectory();
    const url = await serve(answer(await backupBytes(5)));
    const { code, notes } = await run(['backup', join(directory, 'x'), '--server', url]);
    expect(notes).toMatch(complaint);
    expect([code, readdirSync(directory)]).toEqual([exitCode, []]);
  });

  function refusal(status: number, slug: string, detail: string): RequestListener {
    return (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(problem(status, slug, detail).body));
    };
  }

  it('Ctrl-C leaves nothing, and ends with 130', async () => {
    const directory = temporaryDirectory();
    const bytes = await backupBytes(5);
    const terminal = fakeTerminal();
    const url = await serve((_request, response) => response.write(bytes.subarray(0, 700), () => terminal.interrupt()));
    expect(await main(['backup', join(directory, 'x'), '--server', url], terminal)).toBe(130);
    expect(terminal.notes()).toContain('the backup was not finished');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('where nothing can be written, and where no server is', async () => {
    const missing = join(temporaryDirectory(), 'missing', 'x');
    expect(await run(['backup', missing, '--server', 'http://127.0.0.1:9'])).toMatchObject({
      code: 4,
      notes: expect.stringContaining('not there'),
    });
    const directory = temporaryDirectory();
    expect((await run(['backup', join(directory, 'x'), '--server', 'http://127.0.0.1:9'])).code).toBe(7);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('restore', () => {
  async function fileOf(bytes: Buffer): Promise<string> {
    const file = join(temporaryDirectory(), 'saved');
    writeFileSync(file, bytes);
    return file;
  }

  it('makes a store that opens', async () => {
    const directory = join(temporaryDirectory(), 'new');
    const { code, output } = await run(['restore', await fileOf(await backupBytes()), '--data', directory]);
    expect([code, output]).toEqual([0, expect.stringMatching(/^restored 20 records to .*, as of 20.*Z\n$/)]);
    expect((await run(['store', 'check', directory])).code).toBe(0);
    expect(await recordsIn(directory)).toBe(20);
    const journal = await DiskJournal.open({ directory, owner: OWNER });
    await journal.close();
  });

  it('replaces a store only when asked for, and moves it aside', async () => {
    const file = await fileOf(await backupBytes());
    const directory = temporaryDirectory();
    await run(['restore', await fileOf(await backupBytes(3)), '--data', directory]);
    const refused = await run(['restore', file, '--data', directory]);
    expect([refused.code, refused.notes]).toEqual([5, expect.stringContaining('--force')]);
    expect(await recordsIn(directory)).toBe(3);
    const forced = await run(['restore', file, '--data', directory, '--force']);
    expect([forced.code, forced.notes]).toEqual([0, expect.stringContaining('before-restore-1')]);
    expect([await recordsIn(directory), await recordsIn(join(directory, 'before-restore-1'))]).toEqual([20, 3]);
  });

  it('of a damaged backup names file and offset, and makes nothing', async () => {
    const bytes = await backupBytes();
    const directory = join(temporaryDirectory(), 'new');
    const cut = await run(['restore', await fileOf(bytes.subarray(0, 5000)), '--data', directory]);
    expect([cut.code, cut.notes]).toEqual([
      1,
      expect.stringMatching(/saved: the backup is damaged at offset 5000: it ends there/),
    ]);
    bytes[3000]! ^= 1;
    const file = await fileOf(bytes);
    const wrong = await run(['restore', file, '--data', directory]);
    expect([wrong.code, wrong.notes]).toEqual([
      1,
      expect.stringMatching(/damaged at offset \d+: [\s\S]*nothing was changed/),
    ]);
    expect(existsSync(directory)).toBe(false);
    expect(await run(['restore', `${file}-missing`, '--data', directory])).toMatchObject({ code: 4 });
    expect(await run(['restore', file, '--data'])).toMatchObject({ code: 2 });
  });
});

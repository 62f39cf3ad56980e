/** `diff`, and `apply` of folders as a set. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { job, queue, startTestServer, type TestServer } from './running-server.js';

let cli: TestServer;
let folder: string;
beforeEach(async () => {
  cli = await startTestServer([queue('of-others')]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-set-'));
  await mkdir(join(folder, 'jobs'));
  await put('a.yaml', queue('a'));
  await put('b.json', queue('b'));
  await put('jobs/copy.yml', job('copy', 'INSERT INTO b\nSELECT body\nFROM STREAM a'));
  await writeFile(join(folder, 'notes.txt'), 'not a document');
});
afterEach(async () => {
  await cli.server.close();
  await rm(folder, { recursive: true });
});

const put = (file: string, document: object) => writeFile(join(folder, file), stringify(document));

describe('a folder of documents', () => {
  it('is applied with what is below it, addresses first', async () => {
    expect(await cli.run(['apply', '-f', folder])).toMatchObject({
      code: 0,
      output: 'address/a created\naddress/b created\njob/copy created\n',
    });
  });

  it('diff shows each field, changes nothing, and ends with 1 where that is asked for', async () => {
    await cli.run(['apply', '-f', folder, '--set', 'field']);
    const same = await cli.run(['diff', '-f', folder, '--set', 'field', '--exit-code']);
    expect([same.code, same.output, same.notes]).toEqual([0, '', 'No differences.\n']);
    await put('a.yaml', queue('a', { limits: { messages: 7 } }));
    await put('jobs/copy.yml', job('copy', 'INSERT INTO b\nSELECT upper(body) AS body\nFROM STREAM a'));
    await put('c.yaml', queue('c'));
    const different = await cli.run(['diff', '-f', folder, '--set', 'field', '--exit-code']);
    expect(different.code).toBe(1);
    expect(different.output).toContain('~ address/a\n  spec.limits.messages: 1000000 → 7\n');
    expect(different.output).toContain(
      '~ job/copy\n  spec.sql:\n    - SELECT body\n    + SELECT upper(body) AS body\n',
    );
    expect(different.output).toContain('+ address/c\n');
    const asJson = JSON.parse(
      (await cli.run(['diff', '-f', folder, '--set', 'field', '-o', 'json'])).output,
    ) as object[];
    expect(asJson).toHaveLength(3);
    expect((await cli.run('get addresses -o name')).output).not.toContain('address/c');
  });

  it('--prune asks with what is lost, and deletes what the set has no longer, nothing else', async () => {
    await cli.run(['apply', '-f', folder, '--set', 'field']);
    await rm(join(folder, 'jobs/copy.yml'));
    await rm(join(folder, 'a.yaml'));
    await cli.run('delete job copy --yes');
    await cli.run('publish a 1 2');
    const line = ['apply', '-f', folder, '--set', 'field', '--prune'];
    expect((await cli.run([...line, '--dry-run'])).output).toBe(
      'address/b unchanged (dry run)\naddress/a pruned (dry run)\n',
    );
    expect(await cli.run(line)).toMatchObject({
      code: 2,
      notes: expect.stringContaining('Delete address a with 2 stored messages?'),
    });
    expect(await cli.run(line, { input: 'no\n', isTerminal: true })).toMatchObject({ code: 1, output: '' });
    expect((await cli.run([...line, '--yes'])).output).toBe('address/b unchanged\naddress/a pruned\n');
    expect((await cli.run('get addresses -o name')).output).toBe('address/b\naddress/of-others\n');
    expect((await cli.run(['apply', '-f', folder, '--prune'])).code).toBe(2);
  });

  it('a refusal names file and line, and nothing is applied', async () => {
    await put('jobs/copy.yml', job('copy', 'INSERT INTO b SELECT nothing FROM STREAM a'));
    const { code, notes, output } = await cli.run(['apply', '-f', folder, '--set', 'field']);
    expect([code, output]).toEqual([1, '']);
    expect(notes).toMatch(/copy\.yml:1: job\/copy/);
    expect(notes).toContain('^^^^^^^');
    expect((await cli.run('get addresses -o name')).output).toBe('address/of-others\n');
  });

  it('without documents is an error', async () => {
    await mkdir(join(folder, 'empty'));
    expect((await cli.run(['apply', '-f', join(folder, 'empty')])).notes).toContain('has no .yaml, .yml or .json file');
  });
});

import { readdir, readFile } from 'node:fs/promises';
import { checkV3, describeFault, fromV3, parseDocuments } from '@millrace/contract';
import { describe, expect, it } from 'vitest';
import { DEMO_ADDRESSES, DEMO_JOB } from '../src/commands/demo-documents.js';

const ROOT = new URL('../../../', import.meta.url);

async function documentsOf(file: string) {
  const { documents, faults } = await parseDocuments(await readFile(new URL(file, ROOT), 'utf8'));
  expect(faults.map((fault) => describeFault(fault, file))).toEqual([]);
  return documents.map(({ document }) => document);
}

describe('examples', async () => {
  const files = (await readdir(new URL('examples', ROOT), { recursive: true })).filter((file) =>
    file.endsWith('.yaml'),
  );

  it.each(files)('%s holds valid documents', async (file) => {
    expect((await documentsOf(`examples/${file}`)).length).toBeGreaterThan(0);
  });

  it('the demo runs the documents of max-temperature', async () => {
    const example = [
      ...(await documentsOf('examples/max-temperature/addresses.yaml')),
      ...(await documentsOf('examples/max-temperature/job.yaml')),
    ];
    const { documents, faults } = await parseDocuments(
      [...DEMO_ADDRESSES, DEMO_JOB].map((document) => JSON.stringify(document)).join('\n---\n'),
    );
    expect(faults).toEqual([]);
    expect(documents.map(({ document }) => document)).toEqual(example);
  });

  it('addresses/addresses.json declares the same queues in the form of EnMasse', async () => {
    const checked = checkV3(JSON.parse(await readFile(new URL('addresses/addresses.json', ROOT), 'utf8')));
    if (!checked.ok) throw new Error(JSON.stringify(checked.details));
    const declared = checked.value.map((address) => fromV3(address));
    expect(declared.map(({ metadata, spec }) => [metadata.name, spec.type])).toEqual([
      ['temperature', 'queue'],
      ['max', 'queue'],
    ]);
  });
});

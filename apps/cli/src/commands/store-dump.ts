import type { RecordDescription } from '@millrace/broker';
import type { DumpedRecord } from '@millrace/journal';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { fieldsOf } from '../store/record-fields.js';
import { RecordLines } from '../store/record-line.js';
import { type DirectoryOptions, directoryOf, noStoreIn, onStore, requireDirectory } from '../store/store-directory.js';
import type { Terminal } from '../terminal.js';

export interface StoreDumpOptions extends DirectoryOptions {
  readonly output: 'text' | 'jsonl';
  readonly bodies?: true;
}

/** Written at once; so much is in memory beside the two segments that are read. */
const BLOCK_CHARACTERS = 64 * 1024;

export async function storeDump(terminal: Terminal, options: StoreDumpOptions): Promise<ExitCode> {
  const directory = directoryOf(options);
  const { describeRecord } = await import('@millrace/broker');
  const line = lineFormat(options);
  let records = 0;
  let block = '';
  const flush = async (): Promise<void> => {
    const text = block;
    block = '';
    if (text !== '') await terminal.write(text);
  };
  await onStore(directory, async () => {
    await requireDirectory(directory);
    const { dump } = await import('@millrace/journal');
    try {
      for await (const record of dump(directory)) {
        records++;
        block += `${line(record, described(record, describeRecord))}\n`;
        if (block.length > BLOCK_CHARACTERS) await flush();
      }
    } finally {
      // What stands before damage is shown before it is told of.
      await flush();
    }
    if (records === 0 && !(await hasSegments(directory))) throw noStoreIn(directory);
  });
  return EXIT_CODE.done;
}

type Described = RecordDescription | { readonly kind: 'unreadable'; readonly reason: string };

/** A record that cannot be read is shown as such: the others are of use all the same. */
function described(record: DumpedRecord, describe: (record: DumpedRecord) => RecordDescription): Described {
  try {
    return describe(record);
  } catch (error) {
    return { kind: 'unreadable', reason: (error as Error).message };
  }
}

function lineFormat({ bodies = false, output }: { readonly bodies?: boolean; readonly output: 'text' | 'jsonl' }) {
  const lines = new RecordLines({ bodies });
  return ({ batch, end, file, offset, start, type }: DumpedRecord, what: Described): string => {
    if (output === 'text') {
      const words = what.kind === 'unreadable' ? `unreadable      type ${type}: ${what.reason}` : lines.of(what);
      return `${`${file}:${offset}`.padEnd(23)}  ${words}`;
    }
    const { kind, reason, ...fields } =
      what.kind === 'unreadable'
        ? { ...what, type }
        : { kind: what.kind, reason: undefined, ...fieldsOf(what, { bodies }) };
    return JSON.stringify({ file, offset, batch, recordBytes: end - start, kind, reason, ...fields });
  };
}

async function hasSegments(directory: string): Promise<boolean> {
  const { check } = await import('@millrace/journal');
  return (await check(directory)).segments.length > 0;
}

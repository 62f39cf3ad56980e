import type { CheckReport, SegmentReport } from '@millrace/journal';
import { CommandError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import { type DirectoryOptions, directoryOf, noStoreIn, onStore, requireDirectory } from '../store/store-directory.js';
import type { Terminal } from '../terminal.js';
import { byteSize } from '../text/byte-size.js';
import { counted } from '../text/counted.js';
import { type Column, formatTable } from '../text/table.js';

export interface StoreCheckOptions extends DirectoryOptions {
  readonly output: 'table' | 'json' | 'yaml';
}

const COLUMNS: readonly Column<SegmentReport>[] = [
  { title: 'FILE', value: ({ file }) => file },
  { title: 'USE', value: ({ use }) => use },
  { title: 'BATCHES', value: ({ batches }) => batches, align: 'right' },
  { title: 'RECORDS', value: ({ records }) => records, align: 'right' },
  { title: 'USED', value: ({ bytesUsed }) => byteSize(bytesUsed), align: 'right' },
  { title: 'SIZE', value: ({ bytes }) => byteSize(bytes), align: 'right' },
];

export async function storeCheck(terminal: Terminal, options: StoreCheckOptions): Promise<ExitCode> {
  const directory = directoryOf(options);
  const report = await onStore(directory, async () => {
    await requireDirectory(directory);
    const { check } = await import('@millrace/journal');
    return await check(directory);
  });
  if (report.segments.length === 0) throw noStoreIn(directory);
  if (options.output === 'table') terminal.data(tableOf(report, terminal.columns));
  else await showData(terminal, fieldsOf(report), options.output);
  const { damage } = report;
  if (damage === undefined) return EXIT_CODE.done;
  throw new CommandError(`the store in ${directory} is damaged: ${damage.message}`, {
    where: [`up to there it has ${counted(report.records, 'whole record')}`],
    hint: `millrace store repair --data ${directory} --dry-run, which says what a repair would cost, or restore a backup`,
    cause: damage,
  });
}

function tableOf(report: CheckReport, maxWidth: number | undefined): string {
  const { batches, damage, records, segments } = report;
  const table = formatTable(COLUMNS, segments, { maxWidth });
  if (damage !== undefined) return table;
  const used = segments.filter(({ use }) => use === 'log').length;
  return `${table}sound: ${counted(records, 'record')} in ${batches.toLocaleString('en-US')} batches, ${used} of ${counted(segments.length, 'file')} in use\n`;
}

function fieldsOf({ batches, damage, directory, records, segments }: CheckReport): unknown {
  return {
    directory,
    sound: damage === undefined,
    batches,
    records,
    damage: damage === undefined ? null : { file: damage.file, offset: damage.offset, message: damage.message },
    files: segments,
  };
}

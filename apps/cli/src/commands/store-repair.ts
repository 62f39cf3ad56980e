import type { RepairReport } from '@millrace/journal';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type DirectoryOptions, directoryOf, noStoreIn, onStore, requireDirectory } from '../store/store-directory.js';
import type { Terminal } from '../terminal.js';
import { confirm } from '../text/confirm.js';
import { counted } from '../text/counted.js';

export interface StoreRepairOptions extends DirectoryOptions {
  readonly yes?: true;
  readonly dryRun?: true;
}

export async function storeRepair(terminal: Terminal, options: StoreRepairOptions): Promise<ExitCode> {
  const directory = directoryOf(options);
  return await onStore(directory, async () => {
    await requireDirectory(directory);
    const { repair } = await import('@millrace/journal');
    const rehearsed = await repair(directory, { dryRun: true });
    if (rehearsed.store.segments.length === 0) throw noStoreIn(directory);
    if (rehearsed.damage.length === 0) {
      terminal.data(`${directory} is sound: there is nothing to repair\n`);
      return EXIT_CODE.done;
    }
    for (const { message } of rehearsed.damage) terminal.note(message);
    if (options.dryRun === true) {
      terminal.data(`would ${costOf(rehearsed)}\n`);
      return EXIT_CODE.done;
    }
    if (!(await confirm(terminal, `Repair ${directory}? This would ${costOf(rehearsed)}.`, { yes: options.yes }))) {
      terminal.note('Nothing was changed.');
      return EXIT_CODE.failed;
    }
    const done = await repair(directory);
    terminal.data(reportOf(done));
    return EXIT_CODE.done;
  });
}

/** As the end of a sentence that begins with "would". */
function costOf({ changed, lostBatches, lostRecords, missing, store }: RepairReport): string {
  const parts = [`change ${counted(changed.length, 'file')} after copying ${changed.length === 1 ? 'it' : 'them'}`];
  if (missing.length > 0) parts.push(`do without ${missing.join(', ')}`);
  parts.push(
    lostRecords === 0
      ? 'lose no record that can be read'
      : `lose ${counted(lostRecords, 'whole record')} of ${counted(lostBatches, 'batch')} behind the damage`,
  );
  return `${parts.join(', ')}, and leave ${counted(store.records, 'record')}`;
}

function reportOf({ backup, changed, lostBatches, lostRecords, missing, store }: RepairReport): string {
  const lines = [
    ['changed', changed.join(', ')],
    ['copies', backup ?? '-'],
    ['missing', missing.length === 0 ? '-' : missing.join(', ')],
    [
      'lost',
      `${counted(lostRecords, 'whole record')} of ${counted(lostBatches, 'batch')}, and what was damaged itself`,
    ],
    ['left', `${counted(store.records, 'record')} in ${counted(store.batches, 'batch')}`],
  ];
  return `repaired ${store.directory}\n${lines.map(([title, value]) => `  ${`${title}:`.padEnd(10)}${value}\n`).join('')}`;
}

import { Option } from 'commander';
import { addControlOptions, addExamples, type Declaring, outputOption } from './declaration.js';

const GROUP = 'Store:';

export function declareStoreCommands(declaring: Declaring): void {
  const { program } = declaring;
  const store = program
    .command('store')
    .helpGroup(GROUP)
    .summary('check, show or repair the files of a store')
    .description('Works on the directory of a server that does not run: millrace serve --data named it.');
  addExamples(store, [{ command: 'millrace store check --data ./data', does: 'Is it whole?' }]);
  const within = { ...declaring, program: store };
  declareCheck(within);
  declareDump(within);
  declareRepair(within);
  declareBackup(declaring);
  declareRestore(declaring);
}

function dataOption(): Option {
  return new Option('--data <directory>', 'the store; the same as the argument');
}

function declareCheck({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('check')
    .summary('read everything, change nothing')
    .description(
      'Reads every file and checks every batch of records. Ends with 0 when the store is sound, and with 1 when it is ' +
        'damaged: the file and offset are named, and what to do.',
    )
    .argument('[directory]', 'the store')
    .addOption(dataOption())
    .addOption(outputOption(['table', 'json', 'yaml']));
  addExamples(command, [
    { command: 'millrace store check --data ./data', does: 'A table of its files, and whether it is sound.' },
    { command: 'millrace store check ./data -o json', does: 'For a program.' },
  ]);
  command.action(async (directory, options) => {
    const { storeCheck } = await import('../commands/store-check.js');
    finish(await storeCheck(terminal, { ...options, directory }));
  });
}

function declareDump({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('dump')
    .summary('show the records, one a line')
    .description(
      'Prints each record in the order of writing: messages with the queues and subscriptions that hold them, what was ' +
        'settled, documents, sessions, state of jobs. Settled messages stand in it until their space is used again.',
    )
    .argument('[directory]', 'the store')
    .addOption(dataOption())
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'jsonl']).default('text'))
    .option('--bodies', 'with the bodies of messages, and all values');
  addExamples(command, [
    { command: 'millrace store dump --data ./data | head', does: 'The oldest records.' },
    { command: 'millrace store dump ./data -o jsonl --bodies > records.jsonl', does: 'Everything, for a program.' },
  ]);
  command.action(async (directory, options) => {
    const { storeDump } = await import('../commands/store-dump.js');
    finish(await storeDump(terminal, { ...options, directory }));
  });
}

function declareRepair({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('repair')
    .summary('make a damaged store one that opens')
    .description(
      'Says what is damaged and what a repair would cost, asks, copies each file before it changes it, and cuts the ' +
        'store where it is broken. Where there is a backup that is young enough, restore that instead.',
    )
    .argument('[directory]', 'the store')
    .addOption(dataOption())
    .option('-y, --yes', 'do not ask; needed where nobody can answer')
    .option('--dry-run', 'only say what it would cost');
  addExamples(command, [
    { command: 'millrace store repair --data ./data --dry-run', does: 'What would be lost?' },
    { command: 'millrace store repair --data ./data --yes', does: 'Repair without a question.' },
  ]);
  command.action(async (directory, options) => {
    const { storeRepair } = await import('../commands/store-repair.js');
    finish(await storeRepair(terminal, { ...options, directory }));
  });
}

function declareBackup({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('backup')
    .helpGroup(GROUP)
    .summary('save all that a running server keeps')
    .description(
      'Writes all that the server had accepted when the command began into FILE, while clients go on: messages, ' +
        'documents, sessions, state of jobs. It is checked as it is written, and gets its name when all is there.',
    )
    .argument('<file>', 'the backup, or - for standard output')
    .option('--force', 'replace the file if it is there');
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace backup monday.backup', does: 'Save everything.' },
    { command: 'millrace backup - | gzip > monday.backup.gz', does: 'Through another program.' },
  ]);
  command.action(async (file, options) => {
    const { backup } = await import('../commands/backup.js');
    finish(await backup(terminal, { ...options, file }));
  });
}

function declareRestore({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('restore')
    .helpGroup(GROUP)
    .summary('make a store of a backup')
    .description(
      'Checks the whole backup before it writes anything, then makes a store of it, which a server started with the same ' +
        '--data goes on from. A store that is there already is refused, or with --force moved aside.',
    )
    .argument('<file>', 'the backup, or - for standard input')
    .requiredOption('--data <directory>', 'the new store')
    .option('--force', 'take the place of a store that is there: its files go to before-restore-N/');
  addExamples(command, [
    { command: 'millrace restore monday.backup --data ./restored', does: 'A store as it was on Monday.' },
    { command: 'gunzip < monday.backup.gz | millrace restore - --data ./unpacked', does: 'From another program.' },
  ]);
  command.action(async (file, options) => {
    const { restore } = await import('../commands/restore.js');
    finish(await restore(terminal, { ...options, file }));
  });
}

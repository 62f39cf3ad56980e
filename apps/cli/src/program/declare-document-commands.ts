import { Option } from 'commander';
import { addControlOptions, addExamples, addListingOptions, type Declaring, outputOption } from './declaration.js';

const GROUP = 'Documents:';
const KIND_TEXT = 'address, job, user, subscription or connection; the plural and addr will do';

export function declareDocumentCommands(declaring: Declaring): void {
  declareApply(declaring);
  declareDiff(declaring);
  declareGet(declaring);
  declareDescribe(declaring);
  declareDelete(declaring);
  declarePauseAndResume(declaring);
  declareStatus(declaring);
}

function declareApply({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('apply')
    .helpGroup(GROUP)
    .summary('create or change what the documents of a file describe')
    .description(
      'Creates each address, job and user of the files, or changes it to what the file says. YAML or JSON, several in a file.',
    )
    .requiredOption('-f, --file <file...>', 'a file, a folder, or - for standard input')
    .option('--dry-run', 'check everything, change nothing')
    .option('--set <name>', 'apply them all or none, as the set of this name')
    .option('--prune', 'delete what the set had before and has no longer')
    .option('-y, --yes', 'do not ask before pruning; needed where nobody can answer');
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace apply -f examples/max-temperature/job.yaml', does: 'Create or change the job.' },
    { command: 'millrace apply -f addresses.yaml -f job.yaml --dry-run', does: 'Check both files against the server.' },
    {
      command: 'millrace apply -f documents --set field --prune --dry-run',
      does: 'What a folder would create, change, and delete.',
    },
  ]);
  command.action(async (options) => {
    const { apply } = await import('../commands/apply.js');
    finish(await apply(terminal, options));
  });
}

function declareDiff({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('diff')
    .helpGroup(GROUP)
    .summary('what apply would change')
    .description('Shows each field that apply would change: + is created, ~ changed, - deleted. Changes nothing.')
    .requiredOption('-f, --file <file...>', 'a file, a folder, or - for standard input')
    .option('--set <name>', 'as with apply')
    .option('--prune', 'as with apply')
    .option('--exit-code', 'end with 1 when there are differences')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['text', 'json', 'yaml']).default('text'),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace diff -f examples/max-temperature', does: 'A folder against the server.' },
    { command: 'millrace diff -f documents --set field --prune', does: 'With what would be deleted.' },
  ]);
  command.action(async (options) => {
    const { diff } = await import('../commands/diff.js');
    finish(await diff(terminal, options));
  });
}

function declareGet({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('get')
    .helpGroup(GROUP)
    .summary('list addresses, jobs, users, subscriptions or connections')
    .description('Prints all of a kind, or the named one.')
    .argument('<kind>', KIND_TEXT)
    .argument('[name]', 'only this one');
  addListingOptions(command);
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace get addresses', does: 'A table of all addresses.' },
    {
      command: 'millrace get job max-temperature -o yaml',
      does: 'The document with its status; apply takes it again.',
    },
    { command: 'millrace get connections -o wide', does: 'Who is connected, with all columns.' },
    {
      command: "millrace get addresses --filter 'stored>100' --sort -stored --columns name,stored --limit 10",
      does: 'The ten addresses with the most messages.',
    },
  ]);
  command.action(async (kind, name, options) => {
    const { get } = await import('../commands/get.js');
    finish(await get(terminal, { ...options, kind, name }));
  });
}

function declareDescribe({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('describe')
    .helpGroup(GROUP)
    .summary('everything about one address, job, user or connection')
    .description('Prints everything known of one: what was asked for, how it is, and why.')
    .argument('<kind>', KIND_TEXT)
    .argument('<name>');
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace describe job max-temperature', does: 'Its SQL, state, counts and warnings.' },
  ]);
  command.action(async (kind, name, options) => {
    const { describe } = await import('../commands/describe.js');
    finish(await describe(terminal, { ...options, kind, name }));
  });
}

function declareDelete({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('delete')
    .helpGroup(GROUP)
    .summary('delete an address, job or user, or close a connection')
    .description('Deletes it after showing what goes with it: the stored messages of an address, the state of a job.')
    .argument('<kind>', KIND_TEXT)
    .argument('<name...>')
    .option('-y, --yes', 'do not ask; needed where nobody can answer')
    .option('--dry-run', 'only show what it would delete');
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace delete job max-temperature', does: 'Ask, then delete.' },
    { command: 'millrace delete address temperature max --yes', does: 'Delete both with their messages.' },
  ]);
  command.action(async (kind, names, options) => {
    const { deleteDocuments } = await import('../commands/delete.js');
    finish(await deleteDocuments(terminal, { ...options, kind, names }));
  });
}

function declarePauseAndResume({ program, terminal, finish }: Declaring): void {
  const declarations = [
    [
      'pause',
      'stop a job from reading',
      'The job keeps its state and reads on from there when resumed. Its input waits on the address.',
    ],
    ['resume', 'let a paused or failed job read on', 'The job reads on from where it stopped.'],
  ] as const;
  for (const [action, summary, description] of declarations) {
    const command = program
      .command(action)
      .helpGroup(GROUP)
      .summary(summary)
      .description(description)
      .argument('<job>');
    addControlOptions(command);
    addExamples(command, [
      { command: `millrace ${action} max-temperature`, does: `${summary[0]?.toUpperCase()}${summary.slice(1)}.` },
    ]);
    command.action(async (job, options) => {
      const { controlJob } = await import('../commands/control-job.js');
      finish(await controlJob(terminal, { ...options, job, action }));
    });
  }
}

function declareStatus({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('status')
    .helpGroup(GROUP)
    .summary('how the server is')
    .description(
      'Prints version, endpoints, how many addresses, jobs and connections there are, and what needs attention.',
    )
    .addOption(outputOption(['table', 'json', 'yaml']));
  addControlOptions(command);
  addExamples(command, [{ command: 'millrace status', does: 'Is it well, and where does it listen?' }]);
  command.action(async (options) => {
    const { status } = await import('../commands/status.js');
    finish(await status(terminal, options));
  });
}

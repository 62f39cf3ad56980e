/** Commands that look: top, flow, doctor, snippet. */
import { Option } from 'commander';
import { configOption } from '../configuration/server-flags.js';
import { parseCount, parseDuration } from '../text/option-values.js';
import { addControlOptions, addExamples, type Declaring } from './declaration.js';

const GROUP = 'Watching:';

export function declareWatchCommands(declaring: Declaring): void {
  declareTop(declaring);
  declareFlow(declaring);
  declareExplain(declaring);
  declarePreview(declaring);
  declareDoctor(declaring);
  declareSnippet(declaring);
}

function declareTop({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('top')
    .helpGroup(GROUP)
    .summary('the busiest addresses, jobs and connections')
    .description('Prints rates between two looks. On a terminal it looks again until Ctrl-C; elsewhere it prints once.')
    .addOption(new Option('--interval <duration>', 'between two looks').argParser(parseDuration).default(2000, '2s'))
    .addOption(new Option('--rows <number>', 'so many of each').argParser(parseCount).default(10))
    .addOption(new Option('--count <number>', 'print so many times, then end').argParser(parseCount))
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'jsonl']).default('table'),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace top --count 1', does: 'Rates over the next two seconds, once.' },
    { command: 'millrace top --interval 1s --count 3 -o jsonl', does: 'Three times, an object each.' },
  ]);
  command.action(async (options) => {
    const { top } = await import('../commands/top.js');
    finish(await top(terminal, options));
  });
}

function declareFlow({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('flow')
    .helpGroup(GROUP)
    .summary('who sends what where')
    .description(
      'Shows producers, addresses, jobs and receivers as they are connected now. More than three clients that do the same are one.',
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['tree', 'mermaid', 'dot', 'json'])
        .default('tree'),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace flow', does: 'As a tree, from each beginning.' },
    { command: 'millrace flow -o mermaid > flow.mmd', does: 'For a document.' },
  ]);
  command.action(async (options) => {
    const { flow } = await import('../commands/flow.js');
    finish(await flow(terminal, options));
  });
}

function declareExplain({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('explain')
    .helpGroup(GROUP)
    .summary('how a job is computed')
    .description('Prints what the job reads and sends, its columns, and the plan of its SQL.')
    .argument('<job>')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['text', 'json', 'yaml']).default('text'),
    );
  addControlOptions(command);
  addExamples(command, [{ command: 'millrace explain max-temperature', does: 'Its plan.' }]);
  command.action(async (job, options) => {
    const { explain } = await import('../commands/explain.js');
    finish(await explain(terminal, { ...options, job }));
  });
}

function declarePreview({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('preview')
    .helpGroup(GROUP)
    .summary('the rows that a job gives of real messages')
    .description(
      'Prints the rows as JSON, one a line. Nothing is consumed and nothing sent: a queue is browsed, a topic listened to.',
    )
    .argument('<job>')
    .addOption(
      new Option('--from <where>', 'what is stored too, or only what comes')
        .choices(['stored', 'new'])
        .default('stored'),
    )
    .addOption(new Option('--rows <number>', 'end after so many, 1000 at most').argParser(parseCount).default(100))
    .addOption(
      new Option('--for <duration>', 'end after this time, 10m at most')
        .argParser(parseDuration)
        .default(60_000, '60s'),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace preview max-temperature --rows 3 --for 20s', does: 'Three rows, or twenty seconds.' },
  ]);
  command.action(async (job, options) => {
    const { preview } = await import('../commands/preview.js');
    finish(await preview(terminal, { ...options, job }));
  });
}

function declareDoctor({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('doctor')
    .helpGroup(GROUP)
    .summary('look for what is wrong, and say what helps')
    .description(
      'Looks at Node.js, open files, ports, data directory, disk, server, readiness, store, documents and clocks. Changes nothing. Ends with 1 when something is at fault.',
    )
    .addOption(configOption())
    .option('--data <directory>', 'the data directory that a server has, or would have')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['text', 'json', 'yaml']).default('text'),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace doctor', does: 'This machine, and the server.' },
    { command: 'millrace doctor --data ./data -o json', does: 'With a data directory, for a program.' },
  ]);
  command.action(async (options) => {
    const { doctor } = await import('../commands/doctor.js');
    finish(await doctor(terminal, options));
  });
}

function declareSnippet({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('snippet')
    .helpGroup(GROUP)
    .summary('the first lines of a client for an address')
    .description(
      'Prints a few lines that send to the address and receive from it, with the host and port of the server.',
    )
    .argument('<address>', 'a queue or topic')
    .addOption(
      new Option('--lang <language>', 'of your program')
        .choices(['node', 'python', 'java', 'go', 'curl', 'mosquitto', 'millrace'])
        .default('node'),
    )
    .addOption(new Option('--protocol <name>', 'where there is a choice').choices(['amqp', 'mqtt']));
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace snippet temperature --lang python', does: 'MQTT with paho.' },
    { command: 'millrace snippet temperature --lang python --protocol amqp', does: 'AMQP with Proton.' },
  ]);
  command.action(async (address, options) => {
    const { snippet } = await import('../commands/snippet.js');
    finish(await snippet(terminal, { ...options, address }));
  });
}

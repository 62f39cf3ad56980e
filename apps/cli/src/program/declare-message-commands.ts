import { Option } from 'commander';
import { parseCount, parseDuration, parseProperty } from '../text/option-values.js';
import { addControlOptions, addExamples, type Declaring, outputOption } from './declaration.js';

const GROUP = 'Messages:';

export function declareMessageCommands(declaring: Declaring): void {
  declarePublish(declaring);
  declareReceive(declaring);
  declareBrowse(declaring);
  declarePurge(declaring);
}

function urlOption(): Option {
  return new Option('--url <url>', 'amqp:, amqps:, mqtt: or mqtts: URL; without it the server is asked');
}

function declarePublish({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('publish')
    .helpGroup(GROUP)
    .summary('send messages to an address')
    .description(
      'Sends each BODY as one message. Without a BODY it sends the lines of standard input, or what --simulate makes up.',
    )
    .argument('<address>', 'a queue or topic')
    .argument('[body...]', 'one message each')
    .addOption(urlOption())
    .addOption(
      new Option('--simulate <what>', 'send readings of a sensor that does not exist').choices(['temperature']),
    )
    .addOption(
      new Option(
        '--interval <duration>',
        'pause between two messages (default: 1s with --simulate, else none)',
      ).argParser(parseDuration),
    )
    .addOption(new Option('--count <number>', 'how many messages; bodies are repeated in turn').argParser(parseCount))
    .addOption(new Option('--qos <level>', 'MQTT: 0, 1 or 2 (default: 1)').choices(['0', '1', '2']))
    .option('--retain', 'MQTT: the topic keeps it for later subscribers')
    .option('--durable', 'AMQP: to be stored on disk before it is accepted')
    .addOption(
      new Option('--property <key=value>', 'an application property; may be repeated').argParser(parseProperty),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace publish temperature 23', does: 'Send one message.' },
    {
      command: 'millrace publish temperature --simulate temperature --interval 200ms',
      does: 'Five readings a second until Ctrl-C.',
    },
    { command: 'millrace publish alarms --property site=north < alarms.txt', does: 'One message a line.' },
    {
      command: 'millrace publish devices/1/temperature 21 --url mqtt://127.0.0.1 --qos 1 --retain',
      does: 'Over MQTT, retained.',
    },
  ]);
  command.action(async (address, bodies, options) => {
    const { publish } = await import('../commands/publish.js');
    finish(await publish(terminal, { ...options, address, bodies }));
  });
}

function declareReceive({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('receive')
    .helpGroup(GROUP)
    .summary('print what arrives on an address')
    .description(
      'Receives and accepts messages until Ctrl-C, --count or --for. A queue gives each message to one receiver.',
    )
    .argument('<address>', 'a queue, topic or topic filter')
    .addOption(urlOption())
    .addOption(new Option('--count <number>', 'end after so many messages').argParser(parseCount))
    .addOption(
      new Option('--for <duration>', 'end after this time; exit code 8 when --count is not reached').argParser(
        parseDuration,
      ),
    )
    .addOption(
      new Option('--output <format>', 'bodies alone, or one JSON object a message')
        .choices(['text', 'json'])
        .default('text'),
    );
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace receive max', does: 'Print bodies until Ctrl-C.' },
    {
      command: 'millrace receive max --count 3 --for 30s --output json',
      does: 'Three messages with their properties.',
    },
  ]);
  command.action(async (address, options) => {
    const { receive } = await import('../commands/receive.js');
    finish(await receive(terminal, { ...options, address }));
  });
}

function declareBrowse({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('browse')
    .helpGroup(GROUP)
    .summary('look at stored messages without taking them')
    .description('Prints messages that are stored on an address, oldest first. They stay where they are.')
    .argument('<address>', 'a queue or topic')
    .addOption(new Option('--limit <number>', 'at most so many').argParser(parseCount).default(20))
    .addOption(outputOption(['table', 'wide', 'json', 'jsonl', 'yaml']));
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace browse max', does: 'The oldest 20 messages.' },
    { command: 'millrace browse max --limit 1000 -o jsonl', does: 'One JSON object a message.' },
  ]);
  command.action(async (address, options) => {
    const { browse } = await import('../commands/browse.js');
    finish(await browse(terminal, { ...options, address }));
  });
}

function declarePurge({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('purge')
    .helpGroup(GROUP)
    .summary('delete the stored messages of an address')
    .description('Deletes all messages that are stored on an address, after showing how many. The address stays.')
    .argument('<address>', 'a queue or topic')
    .option('-y, --yes', 'do not ask; needed where nobody can answer')
    .option('--dry-run', 'only show how many it would delete');
  addControlOptions(command);
  addExamples(command, [
    { command: 'millrace purge max --dry-run', does: 'Show how many it would delete.' },
    { command: 'millrace purge max --yes', does: 'Delete them.' },
  ]);
  command.action(async (address, options) => {
    const { purge } = await import('../commands/purge.js');
    finish(await purge(terminal, { ...options, address }));
  });
}

import { Option } from 'commander';
import { parseDuration, parsePort, parseSize } from '../text/option-values.js';
import { addExamples, type Declaring } from './declaration.js';

const GROUP = 'Server:';

export function declareServerCommands(declaring: Declaring): void {
  declareDemo(declaring);
  declareServe(declaring);
}

function portOptions(): readonly Option[] {
  return [
    new Option('--amqp-port <port>', 'where AMQP 1.0 listens; 0 for any free one').argParser(parsePort).default(5672),
    new Option('--mqtt-port <port>', 'where MQTT listens').argParser(parsePort).default(1883),
    new Option('--http-port <port>', 'where the control API listens').argParser(parsePort).default(8080),
  ];
}

function processingOptions(): readonly Option[] {
  return [
    new Option('--processing <plane>', 'what computes the jobs').choices(['embedded', 'spark']).default('embedded'),
    new Option('--spark <url>', 'Spark Connect, such as sc://host:15002').env('MILLRACE_SPARK'),
    new Option('--spark-checkpoints <directory>', 'where jobs keep their progress, as the driver of Spark sees it'),
    new Option(
      '--spark-wal <directory>',
      "for messages that were taken, on the driver's own disk; default: beside the checkpoints",
    ),
    new Option('--spark-broker-url <url>', 'where Spark reaches AMQP, such as amqp://millrace:5672'),
    new Option('--spark-trigger <duration>', 'how often a job looks for messages; default: 500ms').argParser(
      parseDuration,
    ),
  ];
}

function declareDemo({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('demo')
    .helpGroup(GROUP)
    .summary('server, publisher, job and receiver: one line a window')
    .description(
      'Starts a server in this process, declares the queues temperature and max, runs the job max-temperature of ' +
        'examples/max-temperature, sends simulated temperatures and prints the maximum of each 5 seconds as it arrives.',
    )
    .addOption(new Option('--for <duration>', 'end by itself after this time, such as 30s').argParser(parseDuration))
    .addOption(
      new Option('--protocol <name>', 'what the publisher speaks; the receiver speaks AMQP')
        .choices(['amqp', 'mqtt'])
        .default('amqp'),
    )
    .addOption(
      new Option('--output <format>', 'text for people, or one JSON object a window')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(
      new Option('--seed <number>', 'start of the simulated walk; equal seeds, equal readings').argParser(Number),
    );
  for (const option of [...portOptions(), ...processingOptions()]) command.addOption(option);
  addExamples(command, [
    { command: 'millrace demo', does: 'Run until Ctrl-C.' },
    {
      command: 'millrace demo --for 30s --output json > windows.jsonl',
      does: 'Run 30 seconds; the file holds JSON alone.',
    },
    { command: 'millrace demo --protocol mqtt --mqtt-port 2883', does: 'Send over MQTT, on another port.' },
    { command: 'millrace demo --processing spark --for 90s', does: 'The same job on a Spark that is started for it.' },
  ]);
  command.action(async (options) => {
    const { demo } = await import('../commands/demo.js');
    finish(await demo(terminal, options));
  });
}

function declareServe({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('serve')
    .helpGroup(GROUP)
    .summary('the server')
    .description(
      'Runs the server until Ctrl-C or SIGTERM. It listens on this machine alone unless --host says otherwise.',
    )
    .option('--host <host>', 'the network address to listen on', '127.0.0.1');
  for (const option of portOptions()) command.addOption(option);
  command
    .option('--data <directory>', 'keep messages, documents and state here, across restarts and crashes')
    .addOption(
      new Option(
        '--data-limit <size>',
        'bytes of all files there, such as 10GiB; default: no limit but the disk',
      ).argParser(parseSize),
    )
    .option('--apply <file...>', 'documents to apply before it is ready')
    .addOption(
      new Option('--undeclared-amqp <what>', 'what an AMQP client gets that names an address without a document')
        .choices(['refuse', 'queue', 'topic'])
        .default('refuse'),
    )
    .option('--tls-certificate <file>', 'PEM of the server certificate: opens the ports with TLS')
    .option('--tls-key <file>', 'PEM of its key')
    .option('--tls-client-authorities <file>', 'PEM of authorities whose client certificates are taken')
    .addOption(new Option('--amqps-port <port>', 'where AMQP listens with TLS').argParser(parsePort).default(5671))
    .addOption(new Option('--mqtts-port <port>', 'where MQTT listens with TLS').argParser(parsePort).default(8883))
    .addOption(new Option('--https-port <port>', 'where HTTP listens with TLS').argParser(parsePort).default(8443))
    .option('--allow-anonymous', 'listen where other machines can reach it although there are no users');
  for (const option of processingOptions()) command.addOption(option);
  addExamples(command, [
    {
      command: 'millrace serve --data ./data',
      does: 'AMQP on 5672, MQTT on 1883, HTTP on 8080; what is accepted stays.',
    },
    {
      command:
        'millrace serve --apply examples/max-temperature/addresses.yaml --apply examples/max-temperature/job.yaml',
      does: 'Start with these addresses and this job.',
    },
    {
      command: 'millrace serve --processing spark --spark sc://127.0.0.1:15002 --spark-checkpoints /data/checkpoints',
      does: 'Jobs run on Spark.',
    },
  ]);
  command.action(async (options) => {
    const { serve } = await import('../commands/serve.js');
    finish(await serve(terminal, options));
  });
}

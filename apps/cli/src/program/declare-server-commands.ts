import { Option } from 'commander';
import { addServerOptions, portOptions, typedFlags } from '../configuration/server-flags.js';
import { parseDuration } from '../text/option-values.js';
import { addExamples, type Declaring } from './declaration.js';

const GROUP = 'Server:';

export function declareServerCommands(declaring: Declaring): void {
  declareDemo(declaring);
  declareServe(declaring);
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
  const command = addServerOptions(
    program
      .command('serve')
      .helpGroup(GROUP)
      .summary('the server')
      .description(
        'Runs the server until Ctrl-C or SIGTERM. It listens on this machine alone unless --host says otherwise.',
      ),
  );
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
      command: 'millrace serve --config millrace.yaml --log-format json',
      does: 'Settings from a file, logs for machines; SIGHUP reads the file again.',
    },
    {
      command: 'millrace serve --processing spark --spark sc://127.0.0.1:15002 --spark-checkpoints /data/checkpoints',
      does: 'Jobs run on Spark.',
    },
  ]);
  command.action(async (options, typed) => {
    const { serve } = await import('../commands/serve.js');
    finish(await serve(terminal, { ...options, flags: typedFlags(typed) }));
  });
}

import { Option } from 'commander';
import { CORES_MAX, DEFAULT_PORTS, DEFAULT_SIZE, WORKERS_MAX } from '../spark/cluster-options.js';
import { atMost, parseMemory, parsePort } from '../text/option-values.js';
import { addExamples, type Declaring, outputOption } from './declaration.js';

const GROUP = 'Engines:';

export function declareSparkCommands(declaring: Declaring): void {
  const { program } = declaring;
  const spark = program
    .command('spark')
    .helpGroup(GROUP)
    .summary('a local Spark cluster for trial and tests')
    .description(
      'Starts, shows and ends a standalone Spark cluster on this machine: master, workers and a Connect server with the ' +
        'AMQP connector. It needs Java 17 and Python 3; Spark itself is installed once from PyPI.',
    );
  addExamples(spark, [{ command: 'millrace spark up', does: 'Start it, and print its URL.' }]);
  const within = { ...declaring, program: spark };
  declareUp(within);
  declareStatus(within);
  declareDown(within);
}

function directoryOption(): Option {
  return new Option(
    '--directory <directory>',
    'where its files are; default: ~/.cache/millrace/spark, or in XDG_CACHE_HOME',
  );
}

/** Without defaults: what is not given is not compared with a cluster that runs. */
function portOption(flag: string, what: string, byDefault: number): Option {
  return new Option(`${flag} <port>`, `${what}; default: ${byDefault}`).argParser(parsePort);
}

function declareUp({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('up')
    .summary('start it in the background')
    .description(
      'Installs what is missing, starts the processes on 127.0.0.1 and waits until they are ready. Prints the URL for ' +
        'millrace serve --processing spark --spark. A cluster that runs already is left as it is; what is left of a ' +
        'broken one is ended first.',
    )
    .addOption(directoryOption())
    .addOption(portOption('--master-port', 'where the master listens; 0 for any free one', DEFAULT_PORTS.master))
    .addOption(portOption('--master-ui-port', "the master's page", DEFAULT_PORTS.masterUi))
    .addOption(portOption('--worker-ui-port', "the first worker's page", DEFAULT_PORTS.workerUi))
    .addOption(portOption('--connect-port', 'where Spark Connect listens', DEFAULT_PORTS.connect))
    .addOption(portOption('--ui-port', "the page of Spark's queries", DEFAULT_PORTS.ui))
    .addOption(
      new Option('--workers <count>', `how many workers; default: ${DEFAULT_SIZE.workers}`).argParser(
        atMost(WORKERS_MAX),
      ),
    )
    .addOption(
      new Option('--cores <count>', `tasks at a time of each worker; default: ${DEFAULT_SIZE.cores}`).argParser(
        atMost(CORES_MAX),
      ),
    )
    .addOption(
      new Option('--memory <size>', 'heap of each executor, such as 512MiB; default: 1GiB').argParser(parseMemory),
    )
    .option('--jar <file>', 'the AMQP connector; default: the one of this checkout, built by Maven')
    .addOption(new Option('--token <token>', 'what clients must show; default: nothing').env('MILLRACE_SPARK_TOKEN'));
  addExamples(command, [
    { command: 'millrace spark up', does: 'Spark Connect on port 15002.' },
    { command: 'millrace spark up --workers 2 --cores 1 --memory 512MiB', does: 'Two small workers.' },
    {
      command: 'millrace spark up --directory ./spark --master-port 0 --connect-port 0 --ui-port 0',
      does: 'A second one, on ports that are free.',
    },
  ]);
  command.action(async (options) => {
    const { sparkUp } = await import('../commands/spark-up.js');
    finish(await sparkUp(terminal, options));
  });
}

function declareStatus({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('status')
    .summary('its processes, ports and memory')
    .description(
      'Prints each process with its port, page, uptime and memory. Ends with 0 when all run, with 1 when not all do, ' +
        'with the reason, and with 4 when there is no cluster.',
    )
    .addOption(directoryOption())
    .addOption(outputOption(['table', 'json', 'yaml']));
  addExamples(command, [
    { command: 'millrace spark status', does: 'A table.' },
    { command: 'millrace spark status -o json', does: 'For a program.' },
  ]);
  command.action(async (options) => {
    const { sparkStatus } = await import('../commands/spark-status.js');
    finish(await sparkStatus(terminal, options));
  });
}

function declareDown({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('down')
    .summary('end it')
    .description(
      'Ends the processes that up started, and no others, and waits until they have ended. Checkpoints and the ' +
        'installed Spark stay.',
    )
    .addOption(directoryOption());
  addExamples(command, [{ command: 'millrace spark down', does: 'End it.' }]);
  command.action(async (options) => {
    const { sparkDown } = await import('../commands/spark-down.js');
    finish(await sparkDown(terminal, options));
  });
}

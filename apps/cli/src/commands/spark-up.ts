/** `millrace spark up`: a standalone cluster in the background. */
import { realpathSync } from 'node:fs';
import { CommandError, usageError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { clusterDirectory, defaultClusterDirectory } from '../spark/cluster-directory.js';
import {
  type ClusterPorts,
  type ClusterSize,
  DEFAULT_PORTS,
  DEFAULT_SIZE,
  PORT_FLAGS,
} from '../spark/cluster-options.js';
import { endProcesses, observe } from '../spark/cluster-processes.js';
import { takeLock } from '../spark/lock.js';
import { startCluster } from '../spark/start-cluster.js';
import { type ClusterState, readState, removeState } from '../spark/state-file.js';
import type { Terminal } from '../terminal.js';

/** What is not given has its default. */
export interface SparkUpOptions {
  readonly directory?: string;
  readonly masterPort?: number;
  readonly masterUiPort?: number;
  readonly workerUiPort?: number;
  readonly connectPort?: number;
  readonly uiPort?: number;
  readonly workers?: number;
  readonly cores?: number;
  /** Mebibytes. */
  readonly memory?: number;
  readonly jar?: string;
  readonly token?: string;
}

export async function sparkUp(terminal: Terminal, options: SparkUpOptions): Promise<ExitCode> {
  const { environment } = terminal;
  if (options.token === '') throw usageError('a token has at least one character');
  const path = options.directory ?? defaultClusterDirectory(environment);
  const { lockFile } = clusterDirectory(path);
  const unlock = takeLock(lockFile, 'starting a cluster');
  try {
    const directory = clusterDirectory(realpathSync(path));
    const earlier = readState(directory.stateFile);
    if (earlier !== undefined && (await isRunning(terminal, earlier, { directory, options }))) {
      terminal.note('Spark is running already.');
      printHow(terminal, earlier, { directory, path: options.directory });
      return EXIT_CODE.done;
    }
    const state = await startCluster({
      directory: directory.root,
      tie: 'background',
      ports: portsOf(options),
      size: sizeOf(options),
      jar: options.jar,
      token: options.token,
      environment,
      signal: terminal.interruption(),
      say: (line) => terminal.note(line),
    });
    printHow(terminal, state, { directory, path: options.directory });
    return EXIT_CODE.done;
  } finally {
    unlock();
  }
}

/** What is left of a cluster that runs no more as a whole is ended. @throws CommandError when it runs otherwise than asked */
async function isRunning(
  terminal: Terminal,
  state: ClusterState,
  asked: { readonly directory: ReturnType<typeof clusterDirectory>; readonly options: SparkUpOptions },
): Promise<boolean> {
  const { root, stateFile } = asked.directory;
  const ended = observe(state.processes, root).filter(({ running }) => running === undefined);
  if (state.phase === 'running' && ended.length === 0) {
    const difference = differenceFrom(state, asked.options);
    if (difference === undefined) return true;
    throw new CommandError(`Spark is running already, with another ${difference}`, {
      exitCode: EXIT_CODE.conflict,
      hint: 'millrace spark status shows how it runs, millrace spark down ends it',
    });
  }
  if (ended.length < state.processes.length) {
    const names = ended.map(({ started }) => started.name).join(', ');
    terminal.note(names === '' ? 'Ending a cluster whose start was cut short.' : `${names} ended; starting all anew.`);
  }
  const left = await endProcesses(state.processes, { root });
  if (left.length > 0) throw new CommandError(`cannot end ${left.join(', ')} of the cluster that was there before`);
  removeState(stateFile);
  return false;
}

/** @returns the flag whose value is not as asked */
function differenceFrom(state: ClusterState, options: SparkUpOptions): string | undefined {
  const { ports, size } = state;
  const pairs: readonly (readonly [string, number | undefined, number | undefined])[] = [
    [PORT_FLAGS.master, options.masterPort, ports.master],
    [PORT_FLAGS.masterUi, options.masterUiPort, ports.masterUi],
    [PORT_FLAGS.workerUi, options.workerUiPort, ports.workerUis[0]],
    [PORT_FLAGS.connect, options.connectPort, ports.connect],
    [PORT_FLAGS.ui, options.uiPort, ports.ui],
    ['--workers', options.workers, size.workers],
    ['--cores', options.cores, size.cores],
    ['--memory', options.memory, size.memoryMebibytes],
  ];
  const different = pairs.find(([, wanted, is]) => wanted !== undefined && wanted !== 0 && wanted !== is);
  if (different !== undefined) return different[0];
  return options.token !== undefined && !state.needsToken ? '--token' : undefined;
}

function portsOf(options: SparkUpOptions): ClusterPorts {
  return {
    master: options.masterPort ?? DEFAULT_PORTS.master,
    masterUi: options.masterUiPort ?? DEFAULT_PORTS.masterUi,
    workerUi: options.workerUiPort ?? DEFAULT_PORTS.workerUi,
    connect: options.connectPort ?? DEFAULT_PORTS.connect,
    ui: options.uiPort ?? DEFAULT_PORTS.ui,
  };
}

function sizeOf(options: SparkUpOptions): ClusterSize {
  return {
    workers: options.workers ?? DEFAULT_SIZE.workers,
    cores: options.cores ?? DEFAULT_SIZE.cores,
    memoryMebibytes: options.memory ?? DEFAULT_SIZE.memoryMebibytes,
  };
}

/** The URL alone is data. */
function printHow(
  terminal: Terminal,
  state: ClusterState,
  where: { readonly directory: ReturnType<typeof clusterDirectory>; readonly path: string | undefined },
): void {
  terminal.data(`${state.connectUrl}\n`);
  for (const { name, url } of state.processes) terminal.note(`${name.padEnd(10)} ${url}`);
  if (state.needsToken) terminal.note(`Clients need the token: ${state.connectUrl}/;token=<token>`);
  const directory = where.path === undefined ? '' : ` --directory ${where.path}`;
  terminal.note(
    `Next: millrace serve --processing spark --spark ${state.connectUrl} ` +
      `--spark-checkpoints ${where.directory.checkpoints}\n` +
      `End:  millrace spark down${directory}`,
  );
}

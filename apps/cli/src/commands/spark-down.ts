/** `millrace spark down`: ends the cluster that `up` started, and nothing else. */
import { existsSync, realpathSync } from 'node:fs';
import { CommandError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { clusterDirectory, defaultClusterDirectory } from '../spark/cluster-directory.js';
import { endProcesses } from '../spark/cluster-processes.js';
import { takeLock } from '../spark/lock.js';
import { readState, removeState } from '../spark/state-file.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface SparkDownOptions {
  readonly directory?: string;
}

/** Ends with 0 as well when nothing runs: that is what was asked for. */
export async function sparkDown(terminal: Terminal, options: SparkDownOptions): Promise<ExitCode> {
  const path = options.directory ?? defaultClusterDirectory(terminal.environment);
  if (!existsSync(clusterDirectory(path).stateFile)) {
    terminal.note('No Spark runs there.');
    return EXIT_CODE.done;
  }
  const directory = clusterDirectory(realpathSync(path));
  const unlock = takeLock(directory.lockFile, 'ending a cluster');
  try {
    const state = readState(directory.stateFile);
    let ended = 0;
    const onStop = (name: string) => {
      ended += 1;
      terminal.note(`ending ${name} …`);
    };
    const left = await endProcesses(state?.processes ?? [], { root: directory.root, onStop });
    if (left.length > 0)
      throw new CommandError(`${left.join(', ')} cannot be ended`, { hint: 'millrace spark status' });
    removeState(directory.stateFile);
    terminal.note(ended === 0 ? 'It had ended already.' : `${counted(ended, 'process')} ended.`);
    return EXIT_CODE.done;
  } finally {
    unlock();
  }
}

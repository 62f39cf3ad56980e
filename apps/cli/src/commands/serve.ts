import type { Configuration, Log, RunningServer } from '@millrace/server';
import { loadConfiguration } from '../configuration/load-configuration.js';
import type { ServerFlags } from '../configuration/server-flags.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { aborted, type Terminal } from '../terminal.js';
import { applyOrExplain, readConfigured } from './apply-configured.js';
import { describeEndpoints, endpointUrl } from './describe-endpoints.js';
import { reloadAtHangUp } from './reload.js';
import { type ProcessingOptions, processingOf } from './spark-processing.js';
import { startServerOrExplain } from './start-server.js';

export interface ServeOptions extends ProcessingOptions {
  readonly config?: string;
  readonly flags: ServerFlags;
}

/** What the disk may take for what was committed, and Spark's queries to stop, beyond the time that clients have. */
const STOP_BEYOND_GRACE_MS = 10_000;
const STOP_OF_SPARK_MS = 12_000;

export async function serve(terminal: Terminal, options: ServeOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  const processing = processingOf(terminal, options);
  const { configuration, warnings } = await loadConfiguration(terminal, options);
  const { openLog, serverOptionsOf } = await import('@millrace/server');
  const serverLog = await openLog(configuration.log, (line) => terminal.note(line));
  const { log } = serverLog;
  for (const warning of warnings) log(`millrace: ${warning}`, { level: 'warn' });
  const documents = await readConfigured(terminal, configuration);
  const server = await startServerOrExplain({
    ...serverOptionsOf(configuration, log),
    ...(processing === undefined ? {} : { processing }),
    // Before anybody is let in: users among them are there from the first connection on.
    prepare: async (prepared) => {
      for (const from of documents) await applyOrExplain(prepared, from);
    },
  });
  try {
    announce(log, server, configuration);
    if (processing !== undefined) log(`Jobs run on Spark, with checkpoints in ${processing.checkpoints}.`);
    const reload = reloadAtHangUp(terminal, { options, configuration, server, serverLog });
    await aborted(signal);
    reload.stop();
  } finally {
    await closeInTime(
      server,
      log,
      configuration.stop.grace + STOP_BEYOND_GRACE_MS + (processing === undefined ? 0 : STOP_OF_SPARK_MS),
    );
  }
  return EXIT_CODE.done;
}

function announce(log: Log, server: RunningServer, { data }: Configuration): void {
  const readyMs = Math.round(process.uptime() * 1000);
  log(`${describeEndpoints(server.endpoints)} (ready after ${readyMs} ms)`, {
    fields: { endpoints: server.endpoints.map(endpointUrl), readyMs },
  });
  log(
    data.directory === undefined
      ? 'Messages and documents are in memory, and gone when this server ends; --data <directory> keeps them.'
      : `Messages and documents are kept in ${data.directory}.`,
  );
}

/** A disk that does not answer must not hold a service manager for ever. */
async function closeInTime(server: RunningServer, log: Log, boundMs: number): Promise<void> {
  const bound = setTimeout(() => {
    log(`millrace: the end took more than ${boundMs / 1000} s, and is cut off`, { level: 'error' });
    process.exit(EXIT_CODE.failed);
  }, boundMs);
  await server.close();
  clearTimeout(bound);
}

/** SIGHUP: reads the configuration again, takes over what can change, and says what needs a restart. */
import type { Configuration, Log, RunningServer, ServerLog } from '@millrace/server';
import { CommandError, describeError } from '../command-error.js';
import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';
import { applyOrExplain, readConfigured } from './apply-configured.js';

export interface Reloading {
  readonly options: ConfigurationOptions;
  /** What it was started with. */
  readonly configuration: Configuration;
  readonly server: RunningServer;
  readonly serverLog: ServerLog;
}

/** Reloads come one after the other; several that wait are one. */
export function reloadAtHangUp(terminal: Terminal, reloading: Reloading): { stop(): void } {
  let inForce = reloading.configuration;
  let again = false;
  let busy = false;
  const run = async (): Promise<void> => {
    busy = true;
    do {
      again = false;
      inForce = await reload(terminal, reloading, inForce);
    } while (again);
    busy = false;
  };
  const stop = terminal.onHangUp(() => {
    again = true;
    if (!busy) void run();
  });
  return { stop };
}

/** @returns the configuration that is in force now; a faulty one changes nothing */
async function reload(terminal: Terminal, reloading: Reloading, before: Configuration): Promise<Configuration> {
  const { log } = reloading.serverLog;
  try {
    const { configuration } = await loadConfiguration(terminal, reloading.options);
    const documents = await readConfigured(terminal, configuration);
    const { changedSettings } = await import('@millrace/server');
    const changed = changedSettings(before, configuration);
    await reloading.serverLog.change(configuration.log);
    reloading.server.change({ metrics: configuration.metrics });
    await reloadCertificates(reloading);
    let refused = 0;
    for (const from of documents) refused += await applyAndTell(reloading, from);
    const live = changed.filter(({ changes }) => changes === 'live').map(({ path }) => path);
    const restart = changed.filter(({ changes }) => changes === 'restart').map(({ path }) => path);
    log(
      `configuration read again: ${live.length === 0 ? 'no setting changed' : `changed ${live.join(', ')}`}; ` +
        `${counted(documents.length - refused, 'document')} applied`,
      { fields: { changed: live, documents: documents.length - refused } },
    );
    if (restart.length > 0) {
      log(`needs a restart to change: ${restart.join(', ')}`, { level: 'warn', fields: { settings: restart } });
    }
    // What waits for a restart is told of at each reload until then.
    return withOld(configuration, before, restart);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    logError(log, error);
    log('the configuration is not taken over; the one before goes on', { level: 'warn' });
    return before;
  }
}

/** The old ones go on being used when the new ones are faulty: all else is taken over nevertheless. */
async function reloadCertificates({ server, serverLog }: Reloading): Promise<void> {
  try {
    if (await server.reloadCertificates()) serverLog.log('certificates read again: new connections get the new ones');
  } catch (error) {
    serverLog.log(`certificates stay as they are: ${(error as Error).message}`, { level: 'error' });
  }
}

async function applyAndTell(
  { server, serverLog }: Reloading,
  from: Parameters<typeof applyOrExplain>[1],
): Promise<number> {
  try {
    await applyOrExplain(server, from);
    return 0;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    logError(serverLog.log, error);
    return 1;
  }
}

function withOld(configuration: Configuration, before: Configuration, paths: readonly string[]): Configuration {
  const mixed = structuredClone(configuration) as unknown as Record<string, unknown>;
  for (const path of paths) {
    const steps = path.split('.');
    const last = steps.pop()!;
    let target = mixed;
    let source = before as unknown as Record<string, unknown>;
    for (const step of steps) {
      target = target[step] as Record<string, unknown>;
      source = source[step] as Record<string, unknown>;
    }
    target[last] = source[last];
  }
  return mixed as unknown as Configuration;
}

function logError(log: Log, error: CommandError): void {
  log(describeError('millrace', error), { level: 'error' });
}

/** Starts the server for `serve` and `demo`, and says in one sentence why it did not. */
import type { RunningServer, ServerOptions } from '@millrace/server';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';

const PORT_FLAGS = [
  ['amqpPort', '--amqp-port'],
  ['mqttPort', '--mqtt-port'],
  ['httpPort', '--http-port'],
] as const;

/** @throws CommandError */
export async function startServerOrExplain(options: ServerOptions): Promise<RunningServer> {
  const { startServer } = await import('@millrace/server');
  try {
    return await startServer(options);
  } catch (error) {
    throw explain(error, options) ?? error;
  }
}

function explain(error: unknown, options: ServerOptions): CommandError | undefined {
  if (error instanceof Error && error.name === 'ExposureError')
    return new CommandError(error.message, { cause: error });
  if (error instanceof Error && error.name === 'SparkSettingsError')
    return new CommandError(error.message, { exitCode: EXIT_CODE.wrongUsage, cause: error });
  const store = explainStore(error, options.dataDirectory);
  if (store !== undefined) return store;
  const failure = systemError(error);
  if (failure === undefined) return undefined;
  const port = failure.port;
  const flag = PORT_FLAGS.find(([name]) => options[name] === port)?.[1];
  const change = flag === undefined ? '' : `; choose another with ${flag} <port>`;
  switch (failure.code) {
    case 'EADDRINUSE':
      return new CommandError(`port ${port} is in use${change}`, { cause: error });
    case 'EACCES':
      return new CommandError(`port ${port} needs rights that this user has not${change}`, { cause: error });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CommandError(`this machine has no address "${options.host}"`, {
        hint: '--host 127.0.0.1',
        cause: error,
      });
    default:
      return undefined;
  }
}

interface SystemError {
  readonly code: string;
  readonly port: number | undefined;
}

function systemError(error: unknown): SystemError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code, port } = current as { code?: unknown; port?: unknown };
    if (typeof code === 'string') return { code, port: typeof port === 'number' ? port : undefined };
  }
  return undefined;
}

/** What stands against opening the store. */
function explainStore(error: unknown, directory: string | undefined): CommandError | undefined {
  if (directory === undefined || !(error instanceof Error)) return undefined;
  switch (error.name) {
    case 'JournalLocked':
    case 'JournalVersion':
      return new CommandError(error.message, { cause: error });
    case 'JournalFull':
      return new CommandError(`the store ${directory} cannot be opened: ${error.message}`, { cause: error });
    case 'JournalDamage':
      return new CommandError(`the store ${directory} is damaged: ${error.message}`, {
        hint: `millrace store check --data ${directory}`,
        cause: error,
      });
    case 'JournalError':
    case 'KeptFormatError':
    case 'RecordError':
      return new CommandError(`the store ${directory} cannot be read: ${error.message}`, { cause: error });
    default:
  }
  const { code, path } = error as { code?: unknown; path?: unknown };
  if (typeof code !== 'string' || typeof path !== 'string') return undefined;
  return new CommandError(`the store ${directory} cannot be opened: ${error.message}`, { cause: error });
}

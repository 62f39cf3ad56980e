import { CommandError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type BrokerUrl, formatBrokerUrl } from './broker-url.js';

/** A connection, or the link on it, that ended while something was under way. */
export function connectionLost(where: string, cause: Error): CommandError {
  const { scope, condition } = cause as { scope?: unknown; condition?: unknown };
  if (scope === 'link') {
    return new CommandError(`the server closed the link: ${cause.message}`, {
      exitCode: condition === 'amqp:resource-deleted' ? EXIT_CODE.notFound : EXIT_CODE.failed,
      where: [`at ${where}`],
      cause,
    });
  }
  return new CommandError(`the connection was lost: ${cause.message}`, {
    exitCode: EXIT_CODE.notReachable,
    where: [`at ${where}`],
    cause,
  });
}

/** A connection that did not come about for a reason of the network; undefined for any other reason. */
export function connectionFailed(url: BrokerUrl, cause: unknown): CommandError | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  const where = formatBrokerUrl(url);
  const failed = (message: string, exitCode: ExitCode, hint?: string) =>
    new CommandError(message, { exitCode, hint, cause });
  switch (code) {
    case 'ECONNREFUSED':
      return failed(`nothing listens at ${where}`, EXIT_CODE.notReachable, 'millrace serve');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return failed(`there is no host "${url.host}"`, EXIT_CODE.notReachable);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ECONNRESET':
    case 'EPIPE':
      return failed(`${where} cannot be reached: ${cause.message}`, EXIT_CODE.notReachable);
    case 'ETIMEDOUT':
      return failed(`${where} does not answer`, EXIT_CODE.timedOut);
    default:
      return undefined;
  }
}

/** Refused by the broker, by name and password or by a missing right. */
export function notAllowed(message: string, cause: Error): CommandError {
  return new CommandError(message, {
    exitCode: EXIT_CODE.notAllowed,
    hint: 'MILLRACE_USERNAME and MILLRACE_PASSWORD',
    cause,
  });
}

import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';

/** A connection that ended while something was under way. */
export function connectionLost(where: string, cause: Error): CommandError {
  return new CommandError(`the connection was lost: ${cause.message}`, {
    exitCode: EXIT_CODE.notReachable,
    where: [`at ${where}`],
    cause,
  });
}

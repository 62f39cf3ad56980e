import { EXIT_CODE, type ExitCode } from './exit-code.js';

/** A failure that the user is told of: what went wrong, where, and what to try. Anything else thrown is a bug. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  /** Lines that show the place: a URL, a file and line, the SQL with the span underlined. */
  readonly where: readonly string[];
  /** What to try, as one sentence or command. */
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: {
      /** Default: 1, failed. */
      readonly exitCode?: ExitCode;
      readonly where?: readonly string[];
      readonly hint?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_CODE.failed;
    this.where = options.where ?? [];
    this.hint = options.hint;
  }
}

export function usageError(message: string, hint?: string): CommandError {
  return new CommandError(message, { exitCode: EXIT_CODE.wrongUsage, hint });
}

/** The error as lines for standard error. */
export function describeError(program: string, error: CommandError): string {
  const lines = [`${program}: ${error.message}`, ...error.where.map((line) => `  ${line}`)];
  if (error.hint !== undefined) lines.push(`  try: ${error.hint}`);
  return lines.join('\n');
}

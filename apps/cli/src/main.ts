import type { ProblemError } from '@millrace/contract';
import { type Command, CommanderError } from 'commander';
import { CommandError, describeError } from './command-error.js';
import { EXIT_CODE, type ExitCode } from './exit-code.js';
import { createMillraceProgram } from './program/program.js';
import type { Terminal } from './terminal.js';

/** Declares a program; its commands call `finish` with how they ended. */
export type CreateProgram = (terminal: Terminal, finish: (code: ExitCode) => void) => Command;

/** The `millrace` command: {@link runProgram} with its declarations. */
export function main(argumentList: readonly string[], terminal: Terminal): Promise<ExitCode> {
  return runProgram(createMillraceProgram, argumentList, terminal);
}

/**
 * @param argumentList without node and the script
 * @returns the exit code; a bug throws
 */
export async function runProgram(
  createProgram: CreateProgram,
  argumentList: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  let code: ExitCode = EXIT_CODE.done;
  const program = createProgram(terminal, (ended) => {
    code = ended;
  });
  if (argumentList.length === 0) {
    terminal.note(program.helpInformation({ error: true }).trimEnd());
    return EXIT_CODE.wrongUsage;
  }
  try {
    await program.parseAsync([...argumentList], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.wrongUsage;
    const explained = await explain(error);
    if (explained === undefined) throw error;
    terminal.note(describeError(program.name(), explained));
    return explained.exitCode;
  }
}

async function explain(error: unknown): Promise<CommandError | undefined> {
  if (error instanceof CommandError) return error;
  // By name: the class itself would load the whole contract for a command that did not need it.
  if (!(error instanceof Error) || error.name !== 'ProblemError') return undefined;
  const { explainProblem } = await import('./control/explain-problem.js');
  return explainProblem(error as ProblemError);
}

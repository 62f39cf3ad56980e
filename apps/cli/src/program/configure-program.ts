import type { Argument, Command } from 'commander';
import type { Terminal } from '../terminal.js';

export const VERSION = '0.1.0';
const HELP_WIDTH = 80;
const HELP_WIDTH_MAX = 120;

/** What all our programs have: help, version, and errors on the given terminal instead of an exit of the process. */
export function configureProgram(program: Command, terminal: Terminal): Command {
  const name = program.name();
  return program
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.data(text),
      writeErr: (text) => terminal.note(text.trimEnd()),
      getOutHelpWidth: () => Math.min(terminal.columns ?? HELP_WIDTH, HELP_WIDTH_MAX),
      getErrHelpWidth: () => HELP_WIDTH,
      outputError: (text, write) => write(`${name}: ${text.replace(/^error: /, '')}`),
    })
    .configureHelp({
      // Without "[options]", which all have: the summaries need the room.
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map((argument) => argumentText(argument))].join(' '),
    })
    .showHelpAfterError('  try: --help shows what there is');
}

function argumentText(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

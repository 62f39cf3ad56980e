/** What the declarations of commands share. They are all that is loaded at start: each command's code comes when chosen. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { parseCount } from '../text/option-values.js';

export interface Declaring {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Called by a command's action with how it ended. */
  readonly finish: (code: ExitCode) => void;
}

export interface Example {
  readonly command: string;
  readonly does: string;
}

const examplesByCommand = new WeakMap<Command, readonly Example[]>();

/** Shown after the help, and in the reference. */
export function addExamples(command: Command, examples: readonly Example[]): void {
  examplesByCommand.set(command, examples);
  const lines = examples.map(({ command: text, does }) => `  $ ${text}\n      ${does}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

export function examplesOf(command: Command): readonly Example[] {
  return examplesByCommand.get(command) ?? [];
}

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'jsonl', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export function outputOption(formats: readonly OutputFormat[] = OUTPUT_FORMATS): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(formats).default('table');
}

export const DEFAULT_SERVER = 'http://127.0.0.1:8080';

/** Which control API: `resolve-target.ts` fills in what was not typed. */
export function addControlOptions(command: Command): Command {
  return command
    .addOption(new Option('--server <url>', 'the control API').env('MILLRACE_SERVER').default(DEFAULT_SERVER))
    .addOption(new Option('--context <name>', 'the server of this context').env('MILLRACE_CONTEXT'));
}

/** For what lists: how, which columns and rows, in what order. */
export function addListingOptions(command: Command): Command {
  return command
    .addOption(outputOption())
    .addOption(new Option('--columns <fields>', 'only these, separated by commas').argParser(splitFields))
    .addOption(new Option('--sort <field>', 'in order of a field; downwards with - before it'))
    .addOption(new Option('--filter <condition...>', 'FIELD=VALUE, also != ~ !~ > >= < <=; or a part of the name'))
    .addOption(new Option('--limit <number>', 'at most so many').argParser(parseCount));
}

function splitFields(text: string): readonly string[] {
  const fields = text.split(',').map((field) => field.trim());
  if (fields.some((field) => field === '')) throw new InvalidArgumentError('Write fields separated by commas.');
  return fields;
}

/** What the declarations of commands share. They are all that is loaded at start: each command's code comes when chosen. */
import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';

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

export function serverOption(): Option {
  return new Option('--server <url>', 'the control API').env('MILLRACE_SERVER').default('http://127.0.0.1:8080');
}

/**
 * What may stand at the end of a command line: subcommands, options and choices as they are declared, and for names what
 * the server has now. Says nothing rather than something wrong, and never waits long.
 */
import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Asks for the names of a kind: `address`, `job`, `context`, … */
export type LiveNames = (what: LiveKind, line: TypedLine) => Promise<readonly string[]>;
export type LiveKind = 'address' | 'job' | 'context' | { readonly kindWord: string };

export interface TypedLine {
  readonly command: Command;
  readonly options: Readonly<Record<string, string>>;
}

const CANDIDATES_MAX = 1000;

/** @param words after the program's name; the last one is what is being typed */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  liveNames: LiveNames,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? '';
  const state = walk(program, words.slice(0, -1));
  const found = await allAt(state, typed, liveNames);
  return found.filter(({ value }) => value.startsWith(typed)).slice(0, CANDIDATES_MAX);
}

interface State {
  readonly command: Command;
  /** Operands of the command so far. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** Its value comes next. */
  readonly waiting: Option | undefined;
}

function walk(program: Command, words: readonly string[]): State {
  let command = program;
  let operands: string[] = [];
  let waiting: Option | undefined;
  const options: Record<string, string> = {};
  for (const word of words) {
    if (waiting !== undefined) {
      options[waiting.attributeName()] = word;
      waiting = undefined;
      continue;
    }
    if (word.startsWith('-') && word !== '-') {
      const [name = '', value] = word.split('=', 2);
      const option = command.options.find(({ long, short }) => long === name || short === name);
      if (option === undefined || option.isBoolean()) continue;
      if (value === undefined) waiting = option;
      else options[option.attributeName()] = value;
      continue;
    }
    const inner = operands.length === 0 ? command.commands.find((candidate) => candidate.name() === word) : undefined;
    if (inner === undefined) operands.push(word);
    else {
      command = inner;
      operands = [];
    }
  }
  return { command, operands, options, waiting };
}

async function allAt(state: State, typed: string, liveNames: LiveNames): Promise<readonly Candidate[]> {
  const { command, operands, options, waiting } = state;
  const line: TypedLine = { command, options };
  if (waiting !== undefined) return valuesOf(waiting, line, liveNames);
  if (typed.startsWith('-')) {
    return command.options
      .filter(({ hidden, long }) => !hidden && long !== undefined)
      .map(({ description, long }) => ({ value: long!, description }));
  }
  if (command.commands.length > 0 && operands.length === 0) {
    return command.commands
      .filter((inner) => (inner as unknown as { _hidden?: boolean })._hidden !== true)
      .map((inner) => ({ value: inner.name(), description: inner.summary() }));
  }
  const argument = argumentAt(command, operands.length);
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return plain(argument.argChoices);
  return plain(await liveNames(kindOfArgument(argument, operands), line));
}

function argumentAt({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[index] ?? (last?.variadic === true ? last : undefined);
}

async function valuesOf(option: Option, line: TypedLine, liveNames: LiveNames): Promise<readonly Candidate[]> {
  if (option.argChoices !== undefined) return plain(option.argChoices);
  if (option.long === '--context') return plain(await liveNames('context', line));
  return option.long === '--target' ? plain(await liveNames('address', line)) : [];
}

/** By the names that our declarations have. What belongs to no kind is a file, or free text. */
function kindOfArgument(argument: Argument, operands: readonly string[]): LiveKind {
  switch (argument.name()) {
    case 'address':
    case 'job':
      return argument.name() as 'address' | 'job';
    case 'kind':
      return { kindWord: '' };
    default:
      return { kindWord: operands[0] ?? argument.name() };
  }
}

function plain(values: readonly string[]): readonly Candidate[] {
  return values.map((value) => ({ value, description: '' }));
}

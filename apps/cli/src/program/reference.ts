/** The reference of the command line as Markdown, from the very declarations that parse it. */
import type { Argument, Command, Option } from 'commander';
import { EXIT_CODE_MEANINGS } from '../exit-code.js';
import { examplesOf } from './declaration.js';

const INTRODUCTION = `# Command line

*This page is made from the program: \`millrace reference > docs/reference/cli.md\`. A test compares the two.*

Standard output carries data only; what is said to people goes to standard error. Tables are cut at the width of a
terminal, and never when they go into a pipe or file. Commands that destroy something show exactly what and ask; where
nobody can answer they need \`--yes\`, and \`--dry-run\` shows what they would do.

Ctrl-C ends a running command cleanly: links are detached, connections closed, and a summary goes to standard error. A
second Ctrl-C ends it at once.

| environment variable | names |
|---|---|
| \`MILLRACE_SERVER\` | the control API, as \`--server\` does; default \`http://127.0.0.1:8080\` |
| \`MILLRACE_TOKEN\` | the token for the control API |
| \`MILLRACE_USERNAME\`, \`MILLRACE_PASSWORD\` | credentials for AMQP and MQTT, where the URL has none |
`;

/** @param programs `millrace` first */
export function referenceOf(programs: readonly Command[]): string {
  const [main, ...others] = programs;
  if (main === undefined) return '';
  const commands = leavesOf(main, main.name());
  const sections = [INTRODUCTION, exitCodes(), overview(commands)];
  for (const { command, title } of commands) sections.push(sectionOf(command, title));
  for (const program of others) sections.push(sectionOf(program, program.name()));
  return sections.join('\n');
}

function exitCodes(): string {
  const rows = EXIT_CODE_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`);
  return `## Exit codes\n\n| code | meaning |\n|---|---|\n${rows.join('\n')}\n`;
}

interface Leaf {
  readonly command: Command;
  /** As it is typed. */
  readonly title: string;
}

/** Commands that do something: those of a group in the group's place. */
function leavesOf(parent: Command, title: string): readonly Leaf[] {
  return parent.commands
    .filter((command) => !isHidden(command) && command.name() !== 'help')
    .flatMap((command) => {
      const name = `${title} ${command.name()}`;
      return command.commands.length === 0 ? [{ command, title: name }] : leavesOf(command, name);
    });
}

function overview(commands: readonly Leaf[]): string {
  const rows = commands.map(
    ({ command, title }) => `| [\`${title}\`](#${title.replaceAll(' ', '-')}) | ${command.summary()} |`,
  );
  return `## Commands\n\n| command | does |\n|---|---|\n${rows.join('\n')}\n`;
}

function sectionOf(command: Command, title: string): string {
  const parts = [`## ${title}\n`, `${wrap(command.description())}\n`, `\`\`\`\n${title} ${command.usage()}\n\`\`\`\n`];
  const argumentRows = command.registeredArguments.map(argumentRow);
  if (argumentRows.length > 0) parts.push(`| argument | |\n|---|---|\n${argumentRows.join('\n')}\n`);
  const optionRows = command.options.filter((option) => !option.hidden).map(optionRow);
  if (optionRows.length > 0) parts.push(`| option | |\n|---|---|\n${optionRows.join('\n')}\n`);
  const examples = examplesOf(command).map(({ command: text, does }) => `# ${does}\n${text}`);
  if (examples.length > 0) parts.push(`\`\`\`sh\n${examples.join('\n\n')}\n\`\`\`\n`);
  return parts.join('\n');
}

/** Lines of at most 120 characters. */
function wrap(text: string): string {
  return text.replace(/(.{1,120})(?: |$)/g, '$1\n').trimEnd();
}

function argumentRow(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}…` : argument.name();
  return `| \`${name}\`${argument.required ? '' : ', may be left out'} | ${cell(argument.description)} |`;
}

function optionRow(option: Option): string {
  const notes = [cell(option.description)];
  if (option.argChoices !== undefined)
    notes.push(`one of ${option.argChoices.map((choice) => `\`${choice}\``).join(', ')}`);
  if (option.defaultValue !== undefined) notes.push(`default \`${String(option.defaultValue)}\``);
  if (option.envVar !== undefined) notes.push(`or \`${option.envVar}\``);
  if (option.mandatory) notes.push('required');
  return `| \`${option.flags}\` | ${notes.join('; ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function isHidden(command: Command): boolean {
  // commander has no reader for it; help leaves these out by the same field.
  return (command as unknown as { _hidden?: boolean })._hidden === true;
}

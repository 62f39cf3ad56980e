import { createInterface } from 'node:readline';
import { usageError } from '../command-error.js';
import type { Terminal } from '../terminal.js';

/**
 * Asks before something is destroyed. `question` says exactly what, with the count.
 * @throws CommandError wrong usage, where nobody can answer and --yes was not given
 */
export async function confirm(
  terminal: Terminal,
  question: string,
  options: { readonly yes?: boolean | undefined },
): Promise<boolean> {
  if (options.yes === true) return true;
  if (!terminal.inputIsTerminal) {
    throw usageError(
      `${question} Nobody can answer here, so nothing was done`,
      'the same with --yes, or with --dry-run first',
    );
  }
  terminal.note(`${question} [y/N]`);
  const answer = await readLine(terminal);
  return /^y(es)?$/i.test(answer.trim());
}

/** One line of the terminal's input; empty at its end. */
function readLine(terminal: Terminal): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: terminal.input });
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => resolve(''));
  });
}

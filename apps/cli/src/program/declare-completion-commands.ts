import { Argument } from 'commander';
import { addExamples, type Declaring } from './declaration.js';

export function declareCompletionCommands({ program, terminal, finish }: Declaring): void {
  const command = program
    .command('completion')
    .helpGroup('This command line:')
    .summary('what makes your shell complete commands and names')
    .description(
      'Prints a script for your shell. It completes commands, options and their values, and the names that the server has.',
    )
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']));
  addExamples(command, [
    { command: 'millrace completion bash > millrace.bash', does: 'Then: source millrace.bash, in ~/.bashrc.' },
    { command: 'millrace completion fish > millrace.fish', does: 'Then: into ~/.config/fish/completions.' },
  ]);
  command.action(async (shell: 'bash' | 'zsh' | 'fish') => {
    const { SCRIPTS } = await import('../completion/scripts.js');
    terminal.data(SCRIPTS[shell]);
    finish(0);
  });
  program
    .command('complete', { hidden: true })
    .description('What a shell asks while its user types.')
    .option('--descriptions', 'with a description after a tab')
    .argument('[words...]')
    .action(async (words, options) => {
      const { complete } = await import('../commands/complete.js');
      finish(await complete(terminal, program, { ...options, words }));
    });
}

import { Argument, Command } from 'commander';
import type { ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { configureProgram } from './configure-program.js';
import type { Declaring } from './declaration.js';
import { declareCertificateCommands } from './declare-certificate-commands.js';
import { declareCompletionCommands } from './declare-completion-commands.js';
import { declareConfigCommands } from './declare-config-commands.js';
import { declareContextCommands } from './declare-context-commands.js';
import { declareDeadLetterCommands } from './declare-dead-letter-commands.js';
import { declareDocumentCommands } from './declare-document-commands.js';
import { declareMessageCommands } from './declare-message-commands.js';
import { declareServerCommands } from './declare-server-commands.js';
import { declareSparkCommands } from './declare-spark-commands.js';
import { declareStoreCommands } from './declare-store-commands.js';
import { declareWatchCommands } from './declare-watch-commands.js';

/** The whole `millrace` command line, without the code of any command. */
export function createMillraceProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = configureProgram(new Command('millrace'), terminal)
    .description('Messages over AMQP 1.0 and MQTT, kept in addresses, with continuous SQL over them.')
    .helpCommand('help [command]', 'print help on a command');
  program.hook('preAction', async (_program, command) => {
    if (!command.options.some(({ long }) => long === '--context')) return;
    const { resolveTarget } = await import('../contexts/resolve-target.js');
    await resolveTarget(command, terminal);
  });
  const declaring: Declaring = { program, terminal, finish };
  declareServerCommands(declaring);
  declareConfigCommands(declaring);
  declareCertificateCommands(declaring);
  declareMessageCommands(declaring);
  declareDeadLetterCommands(declaring);
  declareDocumentCommands(declaring);
  declareStoreCommands(declaring);
  declareSparkCommands(declaring);
  declareWatchCommands(declaring);
  declareContextCommands(declaring);
  declareCompletionCommands(declaring);
  declareReference(declaring);
  return program;
}

/** How docs/reference/cli.md is made. */
function declareReference({ program, terminal, finish }: Declaring): void {
  program
    .command('reference', { hidden: true })
    .description('Prints the reference of this command line as Markdown, or the table of another page.')
    .addArgument(new Argument('[page]').choices(['cli', 'configuration', 'metrics']).default('cli'))
    .action(async (page) => {
      if (page !== 'cli') {
        const { metricsTables, settingsTable } = await import('@millrace/server');
        terminal.data(page === 'metrics' ? await metricsTables() : settingsTable());
        finish(0);
        return;
      }
      const { referenceOf } = await import('./reference.js');
      const clients = await import('./amqp-client-programs.js');
      const ignore = () => {};
      terminal.data(
        referenceOf([
          program,
          clients.createAmqpPublisherProgram(terminal, ignore),
          clients.createAmqpReceiverProgram(terminal, ignore),
        ]),
      );
      finish(0);
    });
}

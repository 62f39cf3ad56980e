import { addServerOptions, typedFlags } from '../configuration/server-flags.js';
import { addExamples, type Declaring, outputOption } from './declaration.js';

export function declareConfigCommands(declaring: Declaring): void {
  const { program, terminal, finish } = declaring;
  const config = program
    .command('config')
    .helpGroup('Server:')
    .summary('check and show the settings of a server')
    .description('What `millrace serve` would be started with: a file, the environment over it, flags over both.');
  addExamples(config, [
    { command: 'millrace config check --config millrace.yaml', does: 'Every fault, with its line and column.' },
    { command: 'millrace config show --config millrace.yaml --origin', does: 'Each value, and where it comes from.' },
  ]);
  const check = addServerOptions(
    config
      .command('check')
      .summary('say what is wrong with the settings')
      .description(
        'Checks the file, the environment, the flags, and the documents that they name. Starts nothing, and asks no server.',
      ),
  );
  addExamples(check, [
    { command: 'millrace config check --config millrace.yaml', does: 'Every fault, with its line and column.' },
  ]);
  check.action(async (options, command) => {
    const { configCheck } = await import('../commands/config.js');
    finish(await configCheck(terminal, { config: options.config, flags: typedFlags(command) }));
  });
  const show = addServerOptions(
    config
      .command('show')
      .summary('print the settings')
      .description('Prints every setting with its value, the defaults too.')
      .option('--origin', 'where each value comes from: file and line, variable, flag, or default')
      .addOption(outputOption(['table', 'json', 'jsonl', 'yaml'])),
  );
  addExamples(show, [
    { command: 'millrace config show --config millrace.yaml --origin', does: 'Each value, and where it comes from.' },
    { command: 'millrace config show -o yaml', does: 'All defaults, in the form of the file.' },
  ]);
  show.action(async (options, command) => {
    const { configShow } = await import('../commands/config.js');
    const { config, origin, output } = options;
    finish(await configShow(terminal, { config, origin, output, flags: typedFlags(command) }));
  });
}

import { addExamples, addListingOptions, type Declaring } from './declaration.js';

export function declareContextCommands({ program, terminal, finish }: Declaring): void {
  const context = program
    .command('context')
    .helpGroup('This command line:')
    .summary('the servers that you work with, by name')
    .description(
      'Names of servers with their tokens. A command asks the first of --server, --context, MILLRACE_SERVER, MILLRACE_CONTEXT, the context in use, and this machine.',
    );
  addExamples(context, [
    { command: 'millrace context add field --server http://127.0.0.1:8080', does: 'Give a server a name.' },
    { command: 'millrace status --context field', does: 'Ask it, whichever is in use.' },
  ]);
  const add = context
    .command('add')
    .summary('give a server a name, or change it')
    .description('The first one is used at once. The file is readable by its owner alone.')
    .argument('<name>')
    .requiredOption('--server <url>', 'the control API')
    .option('--token-file <file>', 'a file with its token, or - for standard input');
  addExamples(add, [
    { command: 'millrace context add field --server http://127.0.0.1:8080', does: 'A server without users.' },
    {
      command: 'millrace context add plant --server https://plant.example:8443 --token-file plant.token',
      does: 'With a token, which does not stand in the history of the shell.',
    },
  ]);
  add.action(async (name, options) => {
    const { contextAdd } = await import('../commands/context.js');
    finish(await contextAdd(terminal, { ...options, name }));
  });
  const use = context
    .command('use')
    .summary('ask this server from now on')
    .description('For all commands that name none.')
    .argument('<name>');
  addExamples(use, [{ command: 'millrace context use field', does: 'Ask it from now on.' }]);
  use.action(async (name) => {
    const { contextUse } = await import('../commands/context.js');
    finish(await contextUse(terminal, name));
  });
  const list = addListingOptions(
    context.command('list').summary('all names').description('Prints all contexts; their tokens are never shown.'),
  );
  addExamples(list, [{ command: 'millrace context list', does: 'All names; * is in use.' }]);
  list.action(async (options) => {
    const { contextList } = await import('../commands/context.js');
    finish(await contextList(terminal, options));
  });
  const remove = context
    .command('delete')
    .summary('forget a name')
    .description('Forgets the name and its token; the server goes on.')
    .argument('<name>');
  addExamples(remove, [{ command: 'millrace context delete field', does: 'Forget it.' }]);
  remove.action(async (name) => {
    const { contextDelete } = await import('../commands/context.js');
    finish(await contextDelete(terminal, name));
  });
}

import { type Command, Option } from 'commander';
import { parseCount } from '../text/option-values.js';
import { addControlOptions, addExamples, addListingOptions, type Declaring } from './declaration.js';

const ADDRESS_TEXT = 'the queue that they are on';

export function declareDeadLetterCommands({ program, terminal, finish }: Declaring): void {
  const group = program
    .command('dead-letters')
    .helpGroup('Messages:')
    .summary('look at what could not be delivered, send it again, or discard it')
    .description(
      'Messages that were rejected, or delivered too often, lie on the queue dead-letters, or where their address says.',
    );
  addExamples(group, [
    { command: 'millrace dead-letters list', does: 'What there is, and where it came from.' },
    { command: 'millrace dead-letters redrive --rate 100', does: 'All back to where they came from.' },
  ]);
  const list = group
    .command('list')
    .summary('print them, the oldest first')
    .description(
      'Prints messages with the address that they came from. They stay where they are. At most 100, without --limit.',
    )
    .argument('[address]', ADDRESS_TEXT, 'dead-letters');
  addControlOptions(addListingOptions(list));
  addExamples(list, [
    { command: 'millrace dead-letters list', does: 'The oldest 100.' },
    { command: "millrace dead-letters list --filter 'body~error' -o jsonl", does: 'Those with a word in their body.' },
  ]);
  list.action(async (address, options) => {
    const { deadLettersList } = await import('../commands/dead-letters.js');
    finish(await deadLettersList(terminal, { ...options, address }));
  });
  const redrive = choice(group.command('redrive').summary('send them again'))
    .description(
      'Sends them back to where they came from, or to --target, each batch as a whole. What a receiver has is left.',
    )
    .addOption(new Option('--rate <number>', 'messages a second at most').argParser(parseCount))
    .option('--target <address>', 'send all of them there instead');
  addControlOptions(redrive);
  addExamples(redrive, [
    { command: 'millrace dead-letters redrive --dry-run', does: 'How many it would be.' },
    {
      command: "millrace dead-letters redrive --filter 'body~timeout' --rate 100 --yes",
      does: 'Some of them, slowly.',
    },
  ]);
  redrive.action(async (address, options) => {
    const { deadLettersRedrive } = await import('../commands/dead-letters.js');
    finish(await deadLettersRedrive(terminal, { ...options, address }));
  });
  const discard = choice(group.command('discard').summary('delete them')).description(
    'Deletes them after showing how many. They are gone.',
  );
  addControlOptions(discard);
  addExamples(discard, [
    {
      command: "millrace dead-letters discard --filter 'time<2026-01-01' --dry-run",
      does: 'How many old ones there are.',
    },
    { command: 'millrace dead-letters discard --yes', does: 'Delete all.' },
  ]);
  discard.action(async (address, options) => {
    const { deadLettersDiscard } = await import('../commands/dead-letters.js');
    finish(await deadLettersDiscard(terminal, { ...options, address }));
  });
}

function choice(command: Command): Command {
  return command
    .argument('[address]', ADDRESS_TEXT, 'dead-letters')
    .addOption(
      new Option('--filter <condition...>', 'only such: body~error, address=temperature, properties.site=north'),
    )
    .addOption(new Option('--limit <number>', 'at most so many').argParser(parseCount))
    .option('-y, --yes', 'do not ask; needed where nobody can answer')
    .option('--dry-run', 'only show how many it would be');
}

/** `amqp-publisher` and `amqp-receiver`: started with HOST PORT ADDRESS, as the users of the EnMasse demo did. */
import { Command } from 'commander';
import type { ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { parsePort } from '../text/option-values.js';
import { configureProgram } from './configure-program.js';
import { addExamples } from './declaration.js';

export function createAmqpPublisherProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = withArguments(new Command('amqp-publisher'), terminal).description(
    'Sends a simulated temperature to ADDRESS each second over AMQP 1.0, and prints it, until Ctrl-C.',
  );
  addExamples(program, [{ command: 'amqp-publisher 127.0.0.1 5672 temperature', does: 'What the demo starts.' }]);
  return program.action(async (host, port, address) => {
    const { amqpPublisher } = await import('../commands/amqp-clients.js');
    finish(await amqpPublisher(terminal, { host, port, address }));
  });
}

export function createAmqpReceiverProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = withArguments(new Command('amqp-receiver'), terminal).description(
    'Receives from ADDRESS over AMQP 1.0 and prints each body, until Ctrl-C.',
  );
  addExamples(program, [{ command: 'amqp-receiver 127.0.0.1 5672 max', does: 'What the demo starts.' }]);
  return program.action(async (host, port, address) => {
    const { amqpReceiver } = await import('../commands/amqp-clients.js');
    finish(await amqpReceiver(terminal, { host, port, address }));
  });
}

function withArguments(program: Command, terminal: Terminal): Command {
  return configureProgram(program, terminal)
    .argument('<host>', 'where the broker is')
    .argument('<port>', 'its AMQP port, such as 5672', parsePort)
    .argument('<address>', 'a queue or topic')
    .addHelpText('after', '\nMILLRACE_USERNAME and MILLRACE_PASSWORD hold the credentials, if the broker wants any.');
}

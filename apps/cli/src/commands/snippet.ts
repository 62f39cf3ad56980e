/** `millrace snippet`: the first lines of a client, with the real host and port. */
import { CommandError, usageError } from '../command-error.js';
import { findBroker } from '../control/find-broker.js';
import { getItem } from '../control/get-item.js';
import { kindOf } from '../control/kinds.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type Language, SNIPPETS } from '../snippets/snippets.js';
import type { Terminal } from '../terminal.js';

export interface SnippetOptions extends ControlOptions {
  readonly address: string;
  readonly lang: Language;
  readonly protocol?: 'amqp' | 'mqtt';
}

export async function snippet(terminal: Terminal, options: SnippetOptions): Promise<ExitCode> {
  const { address, lang, protocol, server } = options;
  const written = SNIPPETS[lang];
  const write = protocol === undefined ? Object.values(written)[0] : written[protocol];
  if (write === undefined) {
    throw usageError(`there is no snippet for ${lang} over ${protocol}, only over ${Object.keys(written).join(', ')}`);
  }
  const client = await openControlClient(terminal, options);
  await getItem(client, await kindOf('address'), address);
  const amqp = await findBroker(terminal, options, 'amqp');
  const mqtt = await findBroker(terminal, options, 'mqtt');
  if (amqp.tls || mqtt.tls) terminal.note('The server listens with TLS: add its authority to what your client trusts.');
  if (amqp.host !== mqtt.host) throw new CommandError('AMQP and MQTT are on different hosts: name one with --server');
  terminal.data(write({ address, host: amqp.host, amqpPort: amqp.port, mqttPort: mqtt.port, server }));
  return EXIT_CODE.done;
}

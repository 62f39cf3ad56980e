/** The two clients of the EnMasse demo: as little as a sensor and a screen need. */
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type BrokerUrl, formatBrokerUrl } from '../messaging/broker-url.js';
import { connectionLost } from '../messaging/connection-error.js';
import { incomingAsText } from '../messaging/incoming-text.js';
import { openReceiver, openSender } from '../messaging/open.js';
import { simulateTemperatures } from '../simulation/temperatures.js';
import { aborted, pause, type Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface AmqpClientOptions {
  readonly host: string;
  readonly port: number;
  readonly address: string;
}

const INTERVAL_MS = 1000;

export async function amqpPublisher(terminal: Terminal, options: AmqpClientOptions): Promise<ExitCode> {
  const url = urlOf(terminal, options);
  const signal = terminal.interruption();
  const sender = await openSender(url, { address: options.address });
  const temperatures = simulateTemperatures(Date.now());
  let accepted = 0;
  let refused = 0;
  while (!signal.aborted) {
    const body = String(temperatures.next());
    const outcome = await Promise.race([
      sender.send({ body, properties: {}, durable: false }),
      // Without a receiver a direct address gives no credit: Ctrl-C must end the wait.
      aborted(signal),
    ]);
    if (outcome?.kind === 'accepted') {
      accepted += 1;
      terminal.data(`${body}\n`);
    } else if (outcome?.kind === 'refused') {
      refused += 1;
      terminal.note(`${body} was refused: ${outcome.reason}`);
    }
    await pause(INTERVAL_MS, signal);
  }
  await sender.close();
  terminal.note(`${counted(accepted, 'message')} accepted by ${options.address} at ${formatBrokerUrl(url)}.`);
  if (refused === 0) return EXIT_CODE.done;
  return accepted > 0 ? EXIT_CODE.partly : EXIT_CODE.failed;
}

export async function amqpReceiver(terminal: Terminal, options: AmqpClientOptions): Promise<ExitCode> {
  const url = urlOf(terminal, options);
  const where = `${options.address} at ${formatBrokerUrl(url)}`;
  const signal = terminal.interruption();
  let received = 0;
  const receiver = await openReceiver(url, {
    address: options.address,
    onMessage: (message) => {
      received += 1;
      terminal.data(incomingAsText(message, { forTerminal: terminal.outputIsTerminal }));
      return true;
    },
  });
  const lost = await Promise.race([receiver.lost, aborted(signal)]);
  if (lost !== undefined) throw connectionLost(where, lost);
  await receiver.close();
  terminal.note(`${counted(received, 'message')} received from ${where}.`);
  return EXIT_CODE.done;
}

function urlOf(terminal: Terminal, options: AmqpClientOptions): BrokerUrl {
  return {
    protocol: 'amqp',
    host: options.host,
    port: options.port,
    tls: false,
    username: terminal.environment.MILLRACE_USERNAME,
    password: terminal.environment.MILLRACE_PASSWORD,
  };
}

/** The two clients of the EnMasse demo: as little as a sensor and a screen need. */
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type BrokerUrl, formatBrokerUrl } from '../messaging/broker-url.js';
import { connectionLost } from '../messaging/connection-error.js';
import { InFlight } from '../messaging/in-flight.js';
import { incomingAsText } from '../messaging/incoming-text.js';
import type { MessageSender, SendOutcome } from '../messaging/message.js';
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
const UNDER_WAY_MAX = 100;

export async function amqpPublisher(terminal: Terminal, options: AmqpClientOptions): Promise<ExitCode> {
  const url = urlOf(terminal, options);
  const signal = terminal.interruption();
  const sender = await openSender(url, { address: options.address });
  const temperatures = simulateTemperatures(Date.now());
  const readings = new InFlight(UNDER_WAY_MAX, signal);
  while (!signal.aborted) {
    readings.add(sendReading(terminal, sender, String(temperatures.next())));
    await pause(INTERVAL_MS, signal);
    await readings.room();
  }
  await readings.drained();
  await sender.close();
  terminal.note(`${counted(readings.accepted, 'message')} accepted by ${options.address} at ${formatBrokerUrl(url)}.`);
  if (readings.refused === 0) return EXIT_CODE.done;
  return readings.accepted > 0 ? EXIT_CODE.partly : EXIT_CODE.failed;
}

async function sendReading(terminal: Terminal, sender: MessageSender, body: string): Promise<SendOutcome> {
  const outcome = await sender.send({ body, properties: {}, durable: false });
  if (outcome.kind === 'accepted') terminal.data(`${body}\n`);
  else terminal.note(`${body} was refused: ${outcome.reason}`);
  return outcome;
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

import { usageError } from '../command-error.js';
import { findBroker } from '../control/find-broker.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { inputLines, repeatedBodies, simulatedBodies } from '../messaging/bodies.js';
import { formatBrokerUrl } from '../messaging/broker-url.js';
import { InFlight } from '../messaging/in-flight.js';
import type { MessageSender, OutgoingMessage } from '../messaging/message.js';
import { openSender } from '../messaging/open.js';
import { pause, type Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface PublishOptions {
  readonly address: string;
  readonly bodies: readonly string[];
  readonly url?: string;
  readonly server: string;
  readonly token?: string;
  readonly simulate?: 'temperature';
  readonly interval?: number;
  readonly count?: number;
  readonly qos?: '0' | '1' | '2';
  readonly retain?: true;
  readonly durable?: true;
  readonly property?: Readonly<Record<string, string>>;
}

const SIMULATION_INTERVAL_MS = 1000;
/** Sends under way at a time: enough to fill a fast connection, few enough to stop soon. */
const UNDER_WAY_MAX = 256;

export async function publish(terminal: Terminal, options: PublishOptions): Promise<ExitCode> {
  checkUsage(terminal, options);
  const wantsMqtt = options.qos !== undefined || options.retain === true;
  const url = await findBroker(terminal, options, wantsMqtt ? 'mqtt' : 'amqp');
  checkProtocol(url.protocol, options);
  const signal = terminal.interruption();
  const sender = await openSender(url, {
    address: options.address,
    ...(options.qos === undefined ? {} : { qos: Number(options.qos) as 0 | 1 | 2 }),
    ...(options.retain === undefined ? {} : { retain: options.retain }),
  });
  const endless = options.count === undefined && options.simulate !== undefined;
  if (endless) terminal.note(`Sending to ${options.address} at ${formatBrokerUrl(url)}; Ctrl-C ends it.`);
  const inFlight = new InFlight(UNDER_WAY_MAX, signal);
  await sendAll({ terminal, sender, inFlight, options, signal });
  await sender.close();
  report(terminal, inFlight, `${options.address} at ${formatBrokerUrl(url)}`);
  if (inFlight.refused > 0) return inFlight.accepted > 0 ? EXIT_CODE.partly : EXIT_CODE.failed;
  return signal.aborted && !endless ? EXIT_CODE.interrupted : EXIT_CODE.done;
}

function checkUsage(terminal: Terminal, options: PublishOptions): void {
  if (options.simulate !== undefined && options.bodies.length > 0) {
    throw usageError('--simulate makes the bodies, so none can be given');
  }
  const fromInput = options.simulate === undefined && options.bodies.length === 0;
  if (fromInput && terminal.inputIsTerminal) {
    throw usageError(
      'nothing to publish: no body, and standard input is a terminal',
      `millrace publish ${options.address} 23`,
    );
  }
}

function checkProtocol(protocol: 'amqp' | 'mqtt', options: PublishOptions): void {
  if (protocol === 'amqp' && (options.qos !== undefined || options.retain !== undefined)) {
    throw usageError('--qos and --retain are of MQTT, the URL of AMQP', '--durable, or an mqtt: URL');
  }
  if (protocol === 'mqtt' && options.durable !== undefined) {
    throw usageError('--durable is of AMQP, the URL of MQTT', '--qos 1');
  }
}

async function sendAll(work: {
  readonly terminal: Terminal;
  readonly sender: MessageSender;
  readonly inFlight: InFlight;
  readonly options: PublishOptions;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { sender, inFlight, options, signal } = work;
  const intervalMs = options.interval ?? (options.simulate === undefined ? 0 : SIMULATION_INTERVAL_MS);
  let first = true;
  for await (const body of bodiesOf(work.terminal, options, signal)) {
    if (!first && intervalMs > 0) await pause(intervalMs, signal);
    if (signal.aborted) break;
    first = false;
    await inFlight.room();
    if (signal.aborted) break;
    inFlight.add(sender.send(messageOf(body, options)));
  }
  await inFlight.drained();
}

function messageOf(body: string, options: PublishOptions): OutgoingMessage {
  return { body, properties: options.property ?? {}, durable: options.durable ?? false };
}

function bodiesOf(
  terminal: Terminal,
  options: PublishOptions,
  signal: AbortSignal,
): Iterable<string> | AsyncIterable<string> {
  if (options.simulate !== undefined) return simulatedBodies(Date.now(), options.count);
  if (options.bodies.length > 0) return repeatedBodies(options.bodies, options.count ?? options.bodies.length);
  return inputLines(terminal, options.count, signal);
}

function report(terminal: Terminal, inFlight: InFlight, where: string): void {
  terminal.note(`${counted(inFlight.accepted, 'message')} accepted by ${where}.`);
  if (inFlight.refused === 0) return;
  const reasons = [...inFlight.reasons].map(([reason, count]) => `${count} × ${reason}`).join('; ');
  terminal.note(`${counted(inFlight.refused, 'message')} refused: ${reasons}`);
}

/** `millrace demo`: the main job, end to end, in one process and over real sockets. */

import type { Client, ServerEndpoint } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { BrokerUrl } from '../messaging/broker-url.js';
import { connectionLost } from '../messaging/connection-error.js';
import { InFlight } from '../messaging/in-flight.js';
import { openReceiver, openSender } from '../messaging/open.js';
import { simulateTemperatures } from '../simulation/temperatures.js';
import { aborted, pause, type Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';
import { DEMO_ADDRESSES, DEMO_JOB } from './demo-documents.js';
import { readWindow, windowAsJson, windowAsText } from './demo-window.js';
import { describeEndpoints, endpointUrl } from './describe-endpoints.js';
import { startServerOrExplain } from './start-server.js';
import { watchJob } from './watch-job.js';

export interface DemoOptions {
  readonly for?: number;
  readonly protocol: 'amqp' | 'mqtt';
  readonly output: 'text' | 'json';
  readonly seed?: number;
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
}

const HOST = '127.0.0.1';
const READING_INTERVAL_MS = 200;
const UNDER_WAY_MAX = 100;

export async function demo(terminal: Terminal, options: DemoOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  const { amqpPort, mqttPort, httpPort } = options;
  const log = (line: string) => terminal.note(line);
  const server = await startServerOrExplain({ host: HOST, amqpPort, mqttPort, httpPort, log });
  try {
    await server.apply([...DEMO_ADDRESSES, DEMO_JOB]);
    terminal.note(describeEndpoints(server.endpoints));
    return await runDemo(terminal, options, { endpoints: server.endpoints, signal });
  } finally {
    await server.close();
  }
}

async function runDemo(
  terminal: Terminal,
  options: DemoOptions,
  context: { readonly endpoints: readonly ServerEndpoint[]; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const startedAt = performance.now();
  let windows = 0;
  const receiver = await openReceiver(brokerAt(context.endpoints, 'amqp'), {
    address: 'max',
    onMessage: (message) => {
      const window = readWindow(message);
      if (window === undefined) {
        terminal.note('Skipped a message on "max" that is not of the job.');
        return true;
      }
      terminal.data(options.output === 'json' ? windowAsJson(window) : windowAsText(window));
      windows += 1;
      return true;
    },
  });
  const senderUrl = brokerAt(context.endpoints, options.protocol);
  const sender = await openSender(senderUrl, { address: 'temperature', qos: 1 });
  const stop = new AbortController();
  const over = AbortSignal.any([context.signal, stop.signal]);
  const readings = new InFlight(UNDER_WAY_MAX, over);
  const sending = sendReadings({ sender, readings, seed: options.seed ?? Date.now(), over });
  // When the receiver fails first, nobody looks at the sender's failure any more.
  sending.catch(() => {});
  const timeUp = options.for === undefined ? aborted(over) : pause(options.for, over);
  // A failure of the sender rejects here; that it stops before the time has another cause, which is `over`.
  const watching = watchJob(await controlClient(terminal, context.endpoints), DEMO_JOB.metadata.name, over);
  watching.catch(() => {});
  const lost = await Promise.race([receiver.lost, timeUp, sending, watching]);
  stop.abort();
  if (lost instanceof CommandError) throw lost;
  if (lost instanceof Error) throw connectionLost('the demo', lost);
  await sending;
  await sender.close();
  await receiver.close();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  terminal.note(
    `Sent ${counted(readings.accepted, 'reading')} over ${options.protocol.toUpperCase()}, ` +
      (readings.refused > 0 ? `${counted(readings.refused, 'reading')} refused, ` : '') +
      `received the maximum of ${counted(windows, 'window')} in ${seconds} s.`,
  );
  return options.for !== undefined && context.signal.aborted ? EXIT_CODE.interrupted : EXIT_CODE.done;
}

async function sendReadings(work: {
  readonly sender: Awaited<ReturnType<typeof openSender>>;
  readonly readings: InFlight;
  readonly seed: number;
  readonly over: AbortSignal;
}): Promise<undefined> {
  const temperatures = simulateTemperatures(work.seed);
  while (!work.over.aborted) {
    const body = String(temperatures.next());
    work.readings.add(work.sender.send({ body, properties: {}, durable: false }));
    await pause(READING_INTERVAL_MS, work.over);
    await work.readings.room();
  }
  await work.readings.drained();
}

function controlClient(terminal: Terminal, endpoints: readonly ServerEndpoint[]): Promise<Client> {
  return openControlClient(terminal, { server: endpointUrl(endpointOf(endpoints, 'http')) });
}

function brokerAt(endpoints: readonly ServerEndpoint[], protocol: 'amqp' | 'mqtt'): BrokerUrl {
  const { host, port } = endpointOf(endpoints, protocol);
  return { protocol, host, port, tls: false, username: undefined, password: undefined };
}

function endpointOf(endpoints: readonly ServerEndpoint[], protocol: ServerEndpoint['protocol']): ServerEndpoint {
  const endpoint = endpoints.find((candidate) => candidate.protocol === protocol && !candidate.tls);
  if (endpoint !== undefined) return endpoint;
  throw new CommandError(`the server has no endpoint for ${protocol}, only ${endpoints.map(endpointUrl).join(', ')}`);
}

/** `millrace demo`: the main job, end to end, in one process and over real sockets. */

import type { Client, ServerEndpoint } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { BrokerUrl } from '../messaging/broker-url.js';
import { connectionLost } from '../messaging/connection-error.js';
import { openReceiver } from '../messaging/open.js';
import { aborted, pause, type Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';
import { DEMO_ADDRESSES, DEMO_JOB } from './demo-documents.js';
import { type DemoReadings, startReadings } from './demo-readings.js';
import { DemoResults } from './demo-results.js';
import { openDemoSpark } from './demo-spark.js';
import { describeEndpoints, endpointUrl } from './describe-endpoints.js';
import { type ProcessingOptions, refuseSparkFlags, type SparkProcessing } from './spark-processing.js';
import { startServerOrExplain } from './start-server.js';
import { watchJob } from './watch-job.js';

export interface DemoOptions extends ProcessingOptions {
  readonly for?: number;
  readonly protocol: 'amqp' | 'mqtt';
  readonly output: 'text' | 'json';
  readonly seed?: number;
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
}

const HOST = '127.0.0.1';

export async function demo(terminal: Terminal, options: DemoOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  refuseSparkFlags(options);
  if (options.processing === 'embedded') return await runWithServer(terminal, options, signal);
  const spark = await openDemoSpark(terminal, options, signal);
  try {
    return await runWithServer(terminal, options, signal, spark.processing);
  } finally {
    await spark.stop();
  }
}

async function runWithServer(
  terminal: Terminal,
  options: DemoOptions,
  signal: AbortSignal,
  processing?: SparkProcessing,
): Promise<ExitCode> {
  const { amqpPort, mqttPort, httpPort } = options;
  const log = (line: string) => terminal.note(line);
  const ports = { host: HOST, amqpPort, mqttPort, httpPort };
  const server = await startServerOrExplain({ ...ports, log, ...(processing === undefined ? {} : { processing }) });
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
  const results = new DemoResults(terminal, options.output);
  const receiver = await openReceiver(brokerAt(context.endpoints, 'amqp'), {
    address: 'max',
    onMessage: (message) => results.take(message),
  });
  const stop = new AbortController();
  const over = AbortSignal.any([context.signal, stop.signal]);
  try {
    const publisher = brokerAt(context.endpoints, options.protocol);
    const readings = await startReadings(publisher, options.seed ?? Date.now(), over);
    const client = await controlClient(terminal, context.endpoints);
    const watching = watchJob(client, DEMO_JOB.metadata.name, over);
    watching.catch(() => {});
    const timeUp = options.for === undefined ? aborted(over) : pause(options.for, over);
    // A failure of the sender rejects here; that it stops before the time has another cause, which is `over`.
    throwIfLost(await Promise.race([receiver.lost, timeUp, readings.sent, watching]));
    readings.stop();
    await readings.sent;
    let isWhole = true;
    if (options.processing === 'spark' && !context.signal.aborted) {
      const lastWindow = results.untilCounted(readings.counts.accepted, over);
      const outcome = await Promise.race([receiver.lost, watching, lastWindow]);
      throwIfLost(outcome);
      isWhole = outcome === true;
    }
    await readings.close();
    await receiver.close();
    terminal.note(summary(readings.counts, results.windows, { protocol: options.protocol, startedAt }));
    if (options.for !== undefined && context.signal.aborted) return EXIT_CODE.interrupted;
    return isWhole ? EXIT_CODE.done : EXIT_CODE.timedOut;
  } finally {
    stop.abort();
  }
}

/** @throws CommandError */
function throwIfLost(lost: unknown): void {
  if (lost instanceof CommandError) throw lost;
  if (lost instanceof Error) throw connectionLost('the demo', lost);
}

function summary(
  { accepted, refused }: DemoReadings['counts'],
  windows: number,
  run: { readonly protocol: string; readonly startedAt: number },
): string {
  const seconds = ((performance.now() - run.startedAt) / 1000).toFixed(1);
  return (
    `Sent ${counted(accepted, 'reading')} over ${run.protocol.toUpperCase()}, ` +
    (refused > 0 ? `${counted(refused, 'reading')} refused, ` : '') +
    `received the maximum of ${counted(windows, 'window')} in ${seconds} s.`
  );
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

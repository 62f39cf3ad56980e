import type { RunningServer, ServerOptions } from '@millrace/server';
import { usageError } from '../command-error.js';
import { type DocumentFromFile, readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { aborted, type Terminal } from '../terminal.js';
import { describeEndpoints } from './describe-endpoints.js';
import { type ProcessingOptions, processingOf } from './spark-processing.js';
import { startServerOrExplain } from './start-server.js';

export interface ServeOptions extends ProcessingOptions {
  readonly host: string;
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly data?: string;
  readonly dataLimit?: number;
  readonly apply?: readonly string[];
  readonly undeclaredAmqp: 'refuse' | 'queue' | 'topic';
  readonly allowAnonymous?: boolean;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly tlsClientAuthorities?: string;
  readonly amqpsPort: number;
  readonly mqttsPort: number;
  readonly httpsPort: number;
}

export async function serve(terminal: Terminal, options: ServeOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  const processing = processingOf(terminal, options);
  const documents = options.apply === undefined ? [] : await readDocuments(terminal, options.apply);
  const server = await startServerOrExplain({
    host: options.host,
    amqpPort: options.amqpPort,
    mqttPort: options.mqttPort,
    httpPort: options.httpPort,
    undeclaredAmqp: options.undeclaredAmqp,
    ...tlsOf(options),
    allowAnonymous: options.allowAnonymous ?? false,
    ...(options.data === undefined ? {} : { dataDirectory: options.data }),
    ...(options.dataLimit === undefined ? {} : { dataLimitBytes: options.dataLimit }),
    ...(processing === undefined ? {} : { processing }),
    // Before anybody is let in: users among them are there from the first connection on.
    prepare: async (prepared) => {
      for (const from of documents) await applyOrExplain(prepared, from);
    },
    log: (line) => terminal.note(line),
  });
  try {
    terminal.note(`${describeEndpoints(server.endpoints)} (ready after ${Math.round(process.uptime() * 1000)} ms)`);
    terminal.note(
      options.data === undefined
        ? 'Messages and documents are in memory, and gone when this server ends; --data <directory> keeps them.'
        : `Messages and documents are kept in ${options.data}.`,
    );
    if (processing !== undefined) terminal.note(`Jobs run on Spark, with checkpoints in ${processing.checkpoints}.`);
    await aborted(signal);
  } finally {
    await server.close();
  }
  return EXIT_CODE.done;
}

/** One after the other, so that a refusal can name its file. @throws CommandError */
async function applyOrExplain(server: Pick<RunningServer, 'apply'>, from: DocumentFromFile): Promise<void> {
  try {
    await server.apply([from.document]);
  } catch (error) {
    const { ProblemError } = await import('@millrace/contract');
    if (!(error instanceof ProblemError)) throw error;
    const { explainRefusal } = await import('../control/explain-problem.js');
    throw explainRefusal(from, error);
  }
}

/** @throws CommandError wrong usage, when one file is there without the other */
function tlsOf(options: ServeOptions): Pick<ServerOptions, 'tls' | 'amqpsPort' | 'mqttsPort' | 'httpsPort'> {
  const { tlsCertificate: certificate, tlsKey: key, tlsClientAuthorities: clientAuthorities } = options;
  if (certificate === undefined && key === undefined && clientAuthorities === undefined) return {};
  if (certificate === undefined || key === undefined) {
    throw usageError('TLS needs a certificate and its key', '--tls-certificate server.pem --tls-key server-key.pem');
  }
  const { amqpsPort, mqttsPort, httpsPort } = options;
  const asking = clientAuthorities === undefined ? {} : { clientAuthorities };
  return { tls: { certificate, key, ...asking }, amqpsPort, mqttsPort, httpsPort };
}

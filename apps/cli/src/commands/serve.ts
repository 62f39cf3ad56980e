import type { RunningServer } from '@millrace/server';
import { type DocumentFromFile, readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { aborted, type Terminal } from '../terminal.js';
import { describeEndpoints } from './describe-endpoints.js';
import { startServerOrExplain } from './start-server.js';

export interface ServeOptions {
  readonly host: string;
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly data?: string;
  readonly dataLimit?: number;
  readonly apply?: readonly string[];
  readonly undeclaredAmqp: 'refuse' | 'queue' | 'topic';
  readonly allowAnonymous?: boolean;
}

export async function serve(terminal: Terminal, options: ServeOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  const documents = options.apply === undefined ? [] : await readDocuments(terminal, options.apply);
  const server = await startServerOrExplain({
    host: options.host,
    amqpPort: options.amqpPort,
    mqttPort: options.mqttPort,
    httpPort: options.httpPort,
    undeclaredAmqp: options.undeclaredAmqp,
    allowAnonymous: options.allowAnonymous ?? false,
    ...(options.data === undefined ? {} : { dataDirectory: options.data }),
    ...(options.dataLimit === undefined ? {} : { dataLimitBytes: options.dataLimit }),
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

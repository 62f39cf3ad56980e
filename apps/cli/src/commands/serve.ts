import { readDocuments } from '../control/read-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { aborted, type Terminal } from '../terminal.js';
import { describeEndpoints } from './describe-endpoints.js';
import { startServerOrExplain } from './start-server.js';

export interface ServeOptions {
  readonly host: string;
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly httpPort: number;
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
    log: (line) => terminal.note(line),
  });
  try {
    if (documents.length > 0) await server.apply(documents.map(({ document }) => document));
    terminal.note(`${describeEndpoints(server.endpoints)} (ready after ${Math.round(process.uptime() * 1000)} ms)`);
    await aborted(signal);
  } finally {
    await server.close();
  }
  return EXIT_CODE.done;
}

import { findBroker } from '../control/find-broker.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { formatBrokerUrl } from '../messaging/broker-url.js';
import { connectionLost } from '../messaging/connection-error.js';
import { incomingAsJson, incomingAsText } from '../messaging/incoming-text.js';
import { openReceiver } from '../messaging/open.js';
import { aborted, pause, type Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface ReceiveOptions {
  readonly address: string;
  readonly url?: string;
  readonly server: string;
  readonly token?: string;
  readonly count?: number;
  readonly for?: number;
  readonly output: 'text' | 'json';
}

const WINDOW_MAX = 100;

type Ending = 'count' | 'time' | 'interrupted' | Error;

export async function receive(terminal: Terminal, options: ReceiveOptions): Promise<ExitCode> {
  const url = await findBroker(terminal, options, 'amqp');
  const where = `${options.address} at ${formatBrokerUrl(url)}`;
  const signal = terminal.interruption();
  const complete = new AbortController();
  const forTerminal = terminal.outputIsTerminal;
  let received = 0;
  const receiver = await openReceiver(url, {
    address: options.address,
    // No more than what is asked for leaves the queue.
    window: Math.min(WINDOW_MAX, options.count ?? WINDOW_MAX),
    onMessage: (message) => {
      terminal.data(options.output === 'json' ? incomingAsJson(message) : incomingAsText(message, { forTerminal }));
      received += 1;
      if (received !== options.count) return true;
      complete.abort();
      return false;
    },
  });
  if (terminal.outputIsTerminal) terminal.note(`Receiving from ${where}; Ctrl-C ends it.`);
  const ending = await endingOf({ complete: complete.signal, signal, lost: receiver.lost, forMs: options.for });
  if (ending instanceof Error) throw connectionLost(where, ending);
  await receiver.close();
  terminal.note(`${counted(received, 'message')} received from ${where}.`);
  return exitCodeOf(ending, options);
}

async function endingOf(by: {
  readonly complete: AbortSignal;
  readonly signal: AbortSignal;
  readonly lost: Promise<Error>;
  readonly forMs: number | undefined;
}): Promise<Ending> {
  const over = AbortSignal.any([by.complete, by.signal]);
  const stopped = by.forMs === undefined ? aborted(over) : pause(by.forMs, over);
  const lost = await Promise.race([by.lost, stopped]);
  if (by.complete.aborted) return 'count';
  if (lost !== undefined) return lost;
  return by.signal.aborted ? 'interrupted' : 'time';
}

function exitCodeOf(ending: 'count' | 'time' | 'interrupted', options: ReceiveOptions): ExitCode {
  const endless = options.count === undefined && options.for === undefined;
  switch (ending) {
    case 'count':
      return EXIT_CODE.done;
    case 'time':
      return options.count === undefined ? EXIT_CODE.done : EXIT_CODE.timedOut;
    case 'interrupted':
      return endless ? EXIT_CODE.done : EXIT_CODE.interrupted;
  }
}

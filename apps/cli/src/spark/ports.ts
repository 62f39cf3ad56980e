/** Ports of the loopback address: free ones, and whether the wanted ones are. */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { CommandError } from '../command-error.js';
import { type ClusterPorts, LOOPBACK, PORT_FLAGS } from './cluster-options.js';

export interface ChosenPorts extends Omit<ClusterPorts, 'workerUi'> {
  /** One a worker. */
  readonly workerUis: readonly number[];
}

/**
 * Makes each 0 a free port, and finds out whether the others are free. All are held open until all are known, so that no
 * two are the same. Spark itself would take the next port without a word.
 * @throws CommandError that names the flag
 */
export async function choosePorts(wanted: ClusterPorts, workers: number): Promise<ChosenPorts> {
  const held: Server[] = [];
  const take = async (flag: string, port: number): Promise<number> => {
    const server = await listenOrExplain(flag, port);
    held.push(server);
    return portOf(server);
  };
  try {
    const workerUis: number[] = [];
    const master = await take(PORT_FLAGS.master, wanted.master);
    const masterUi = await take(PORT_FLAGS.masterUi, wanted.masterUi);
    for (let worker = 0; worker < workers; worker++) {
      const port = wanted.workerUi === 0 ? 0 : wanted.workerUi + worker;
      workerUis.push(await take(PORT_FLAGS.workerUi, port));
    }
    const connectPort = await take(PORT_FLAGS.connect, wanted.connect);
    const ui = await take(PORT_FLAGS.ui, wanted.ui);
    return { master, masterUi, workerUis, connect: connectPort, ui };
  } finally {
    await Promise.all(held.map(close));
  }
}

async function listenOrExplain(flag: string, port: number): Promise<Server> {
  if (port > 65535) throw new CommandError(`there is no port ${port}; choose lower ones with ${flag} <port>`);
  const server = createServer();
  try {
    // Several pages of Java listen on the same port of ::ffff:127.0.0.1, which this refuses too.
    server.listen({ host: LOOPBACK, port, exclusive: true });
    await once(server, 'listening');
    return server;
  } catch (error) {
    const { code } = error as { code?: unknown };
    const rights = code === 'EACCES' ? 'needs rights that this user has not' : 'is in use';
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    throw new CommandError(`port ${port} ${rights}; choose another with ${flag} <port>, 0 for any free one`, {
      cause: error,
    });
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

const ANSWER_TIMEOUT_MS = 1000;

/** Does something accept connections there? */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port, timeout: ANSWER_TIMEOUT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

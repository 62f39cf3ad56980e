/** Bytes that a real client sends, recorded on their way: the valid frames from which faulty ones are made. */
import { connect, createServer, type Socket } from 'node:net';
import { event } from './commands.js';

/** Lets `client` talk to the server through a relay and gives back all that it sent. */
export async function record(serverPort: number, client: (port: number) => Promise<void>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const relay = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    sockets.push(near, far);
    near.on('data', (chunk) => {
      chunks.push(chunk);
      far.write(chunk);
    });
    far.on('data', (chunk) => near.write(chunk));
    for (const socket of [near, far]) socket.on('error', () => {});
  });
  relay.listen(0, '127.0.0.1');
  await event(relay, 'listening');
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  try {
    await client(address.port);
  } finally {
    for (const socket of sockets) socket.destroy();
    relay.close();
  }
  return Buffer.concat(chunks);
}

export interface Reply {
  readonly bytes: Buffer;
  /** `server`: it closed; `still-open`: it did not within the time given. */
  readonly end: 'server' | 'still-open';
}

/**
 * Sends bytes over a new connection and watches for the answer. With `half-close` our side says that no more will come, as
 * a client that was cut off in the middle of a frame.
 */
export async function exchange(
  port: number,
  bytes: Buffer,
  options: { halfClose: boolean; waitMs: number },
): Promise<Reply> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise<'server'>((resolve) => {
    socket.on('error', () => resolve('server'));
    socket.on('end', () => resolve('server'));
    socket.on('close', () => resolve('server'));
  });
  await event(socket, 'connect');
  if (options.halfClose) socket.end(bytes);
  else socket.write(bytes);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'still-open'>((resolve) => {
    timer = setTimeout(() => resolve('still-open'), options.waitMs);
  });
  const end = await Promise.race([ended, late]);
  clearTimeout(timer);
  socket.destroy();
  return { bytes: Buffer.concat(chunks), end };
}

/** A seeded generator (mulberry32): a failure can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

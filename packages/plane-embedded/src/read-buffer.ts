/**
 * All connections read into one buffer: what a protocol keeps it copies, so the bytes need to last only as long as the call.
 * Node allocates 64 KB for each read otherwise, which is most of the garbage of a broker that gets one message at a time.
 *
 * Node takes a read buffer (`onread`) for sockets that a program makes, not for those that a server accepts. So the accepted
 * socket's handle is given to a new one. Where that is not possible, reading falls back to Node's own way.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';

export const READ_SIZE = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_SIZE);

interface WithHandle {
  _handle?: object | null;
}

/**
 * @param accepted as it comes from a server with `pauseOnConnect`
 * @param ingest returns false to be given no more until the socket is resumed
 * @returns the socket to use from now on, paused
 */
export function readInto(accepted: Socket, ingest: (chunk: Buffer) => boolean): Socket {
  const handle = (accepted as WithHandle)._handle;
  if (handle === undefined || handle === null) {
    return readEvents(accepted, ingest);
  }
  (accepted as WithHandle)._handle = null;
  const onread = {
    buffer: shared,
    callback: (length: number): boolean => {
      // A view of its own length: a subarray costs less than a copy, and the protocol wants to know where the bytes end.
      return ingest(length === READ_SIZE ? shared : shared.subarray(0, length));
    },
  };
  const options = { handle, onread, manualStart: true } as SocketConstructorOpts;
  const socket = new Socket(options);
  socket.setNoDelay(true);
  return socket;
}

/** The same in Node's own way: TLS sockets take no read buffer. */
export function readEvents<Accepted extends Duplex>(accepted: Accepted, ingest: (chunk: Buffer) => boolean): Accepted {
  accepted.on('data', (chunk: Buffer) => {
    if (!ingest(chunk)) accepted.pause();
  });
  accepted.pause();
  return accepted;
}

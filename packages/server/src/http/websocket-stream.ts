/**
 * A WebSocket as a stream of bytes, for protocols that do not care where one message ends ([MQTT-6.0.0-2], AMQP WSB
 * §2.3): binary messages only. What is written goes out as one message.
 */
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

export class WebSocketStream extends Duplex {
  private readonly socket: WebSocket;

  /** @param socket with `binaryType` nodebuffer */
  constructor(socket: WebSocket) {
    super({ autoDestroy: true });
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => this.received(data, isBinary));
    // The close event that follows says all there is to say.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.push(null);
      this.destroy();
    });
  }

  /** [MQTT-6.0.0-1]: what is not binary ends the connection. */
  private received(data: Buffer, isBinary: boolean): void {
    if (!isBinary) this.socket.close(UNSUPPORTED_DATA, 'binary messages only');
    else if (this.socket.readyState === this.socket.OPEN && !this.push(data)) this.socket.pause();
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.send(chunk, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.close(NORMAL);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.terminate();
    done(error);
  }
}

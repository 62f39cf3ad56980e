import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Listener } from '../src/listener.js';
import type { Host, ProtocolConnection } from '../src/protocol-connection.js';
import { Admission } from '../src/transport-limits.js';
import { Turn } from '../src/turn.js';

/** Sends back what it gets; `x` makes it throw, `q` ends. */
class Echo implements ProtocolConnection {
  closedCalls = 0;
  readonly host: Host;
  constructor(host: Host) {
    this.host = host;
  }
  ingest(chunk: Buffer): void {
    if (chunk.includes('x')) throw new Error('planted');
    this.host.output.reserve(chunk.length);
    chunk.copy(this.host.output.buffer, this.host.output.position);
    this.host.output.position += chunk.length;
    if (chunk.includes('q')) this.host.end();
  }
  tick(): number {
    return 0;
  }
  closed(): void {
    this.closedCalls += 1;
  }
  observe(): undefined {
    return undefined;
  }
  close(reason: string): void {
    this.ingest(Buffer.from(reason));
    this.host.end();
  }
}

const opened: { listener: Listener; sockets: Socket[] }[] = [];

async function start(limit?: number, admission = new Admission()) {
  const echoes: Echo[] = [];
  const faults: unknown[] = [];
  const listener = new Listener({
    name: 'echo',
    host: '127.0.0.1',
    port: 0,
    turn: new Turn(),
    admission,
    ...(limit === undefined ? {} : { connectionLimit: limit }),
    accept: (host) => {
      const echo = new Echo(host);
      echoes.push(echo);
      return echo;
    },
    onFault: (error) => faults.push(error),
  });
  await listener.start();
  const sockets: Socket[] = [];
  opened.push({ listener, sockets });
  const open = async (): Promise<Socket> => {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { listener, echoes, faults, open };
}

async function readAll(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

afterEach(async () => {
  for (const { listener, sockets } of opened.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await listener.stop('test over', 100);
  }
});

describe('listener', () => {
  it('brings large output whole and in order, over many pooled buffers', async () => {
    const { open } = await start();
    const socket = await open();
    const sent = Buffer.alloc(1_000_000);
    for (let i = 0; i < sent.length; i += 1) sent[i] = 65 + (i % 23);
    const received = readAll(socket, sent.length);
    socket.write(sent);
    expect((await received).equals(sent)).toBe(true);
  });

  it('ends one connection at a fault of ours and leaves the others', async () => {
    const { open, echoes, faults } = await start();
    const [bad, good] = [await open(), await open()];
    const closed = once(bad, 'close');
    bad.write('x');
    await closed;
    good.write('hello');
    expect((await readAll(good, 5)).toString()).toBe('hello');
    expect(faults).toHaveLength(1);
    expect(echoes.map((echo) => echo.closedCalls)).toEqual([1, 0]);
  });

  it('writes the last words before it ends', async () => {
    const { open } = await start();
    const socket = await open();
    const received = readAll(socket, 4);
    const ended = once(socket, 'end');
    socket.write('bye' + 'q');
    expect((await received).toString()).toBe('byeq');
    await ended;
  });

  it('refuses connections over the limit and counts them', async () => {
    const { open, listener } = await start(1);
    await open();
    const second = await open();
    await once(second, 'close');
    expect(listener.refused).toBe(1);
    expect(listener.size).toBe(1);
  });

  it('tells every peer when it stops, and takes no new ones', async () => {
    const { open, listener } = await start();
    const socket = await open();
    const received = readAll(socket, 4);
    await listener.stop('stop', 1000);
    expect((await received).toString()).toBe('stop');
    expect(listener.size).toBe(0);
  });

  it('does not read a connection that sends too many messages for as long as it was too fast', async () => {
    const admission = new Admission({ messagesPerSecond: 10 });
    const { open, echoes } = await start(undefined, admission);
    const socket = await open();
    const read = readAll(socket, 1);
    socket.write('a');
    await read;
    for (let i = 0; i < 12; i++) echoes[0]!.host.messageRate!.count();
    const before = Date.now();
    socket.write('b');
    await readAll(socket, 1);
    socket.write('c');
    await readAll(socket, 1);
    // 2 messages too many, at 10 in a second.
    expect(Date.now() - before).toBeGreaterThan(100);
  });

  it('ends what has sent too much before it was open, and the oldest when there are too many', async () => {
    const admission = new Admission({ halfOpen: 2, halfOpenBytes: 100 });
    const { open, listener } = await start(undefined, admission);
    const sockets = [await open(), await open()];
    const [first, second] = sockets.map((socket) => once(socket, 'close'));
    await open();
    await first;
    expect([listener.counters.gaveWay, listener.counters.neverOpened]).toEqual([1, 1]);
    sockets[1]!.write(Buffer.alloc(200, 'y'));
    await second;
    expect([listener.counters.excessive, admission.halfOpenBytes]).toEqual([1, 0]);
  });

  it('bounds what comes from one host', async () => {
    const { open, listener } = await start(undefined, new Admission({ connectionsPerHost: 1 }));
    await open();
    const second = await open();
    if (!second.closed) await once(second, 'close');
    expect([listener.size, listener.refused, listener.counters.refusedHost]).toEqual([1, 1, 1]);
  });
});

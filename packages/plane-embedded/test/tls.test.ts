import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ClientCertificate } from '@millrace/security';
import { afterEach, describe, expect, it } from 'vitest';
import { Listener } from '../src/listener.js';
import type { Host, ProtocolConnection } from '../src/protocol-connection.js';
import type { TlsTerms } from '../src/tls-entrance.js';
import { Admission, type TransportLimits } from '../src/transport-limits.js';
import { Turn } from '../src/turn.js';
import { until } from './amqp/amqp-server.js';
import { clientTls, terms } from './support/tls.js';

/** Sends back what it gets. */
class Echo implements ProtocolConnection {
  readonly host: Host;
  constructor(host: Host) {
    this.host = host;
    host.established?.();
  }
  ingest(chunk: Buffer): void {
    const { output } = this.host;
    output.reserve(chunk.length);
    chunk.copy(output.buffer, output.position);
    output.position += chunk.length;
  }
  tick(): number {
    return 0;
  }
  closed(): void {}
  observe(): undefined {
    return undefined;
  }
  close(): void {
    this.host.end();
  }
}

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function start(tls: TlsTerms, limits: Partial<TransportLimits> = {}) {
  const echoes: Echo[] = [];
  const admission = new Admission(limits);
  const listener = new Listener({
    name: 'mqtts',
    host: '127.0.0.1',
    port: 0,
    turn: new Turn(),
    admission,
    tls,
    accept: (host) => {
      const echo = new Echo(host);
      echoes.push(echo);
      return echo;
    },
    onFault: (error) => {
      throw error;
    },
  });
  await listener.start();
  cleanUp.push(() => listener.stop('the test is over', 100));
  const open = async (options: ConnectionOptions = clientTls()): Promise<TLSSocket> => {
    const socket = connect({ host: '127.0.0.1', port: listener.port, ...options });
    cleanUp.push(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.on('error', () => {});
    return socket;
  };
  const raw = async (): Promise<Socket> => {
    const socket = connectTcp(listener.port, '127.0.0.1');
    cleanUp.push(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  return { listener, admission, echoes, open, raw };
}

function closing(socket: Socket): Promise<unknown> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
}

async function echoed(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let got = '';
  while (got.length < text.length) got += String((await once(socket, 'data'))[0]);
  return got;
}

describe('a listener with TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    const { open, echoes } = await start(terms('server'));
    const socket = await open({ ...clientTls(), minVersion: version, maxVersion: version });
    expect([socket.getProtocol(), await echoed(socket, 'hello')]).toEqual([version, 'hello']);
    expect(echoes[0]?.host).toMatchObject({ encrypted: true, certificate: undefined });
    expect(echoes[0]?.host.remoteAddress).toBe(`127.0.0.1:${socket.localPort}`);
  });

  it('does not speak TLS 1.1', async () => {
    const { open, listener } = await start(terms('server'));
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(open({ ...clientTls(), ...old })).rejects.toThrow(/version|alert/i);
    await until(() => listener.counters.handshakesFailed === 1);
  });

  it('brings much both ways, whole and in order', async () => {
    const { open } = await start(terms('server'));
    const socket = await open();
    const text = Array.from({ length: 200_000 }, (_, i) => `${i}`).join(' ');
    expect((await echoed(socket, text)) === text).toBe(true);
  });

  it('knows the certificate of a client', async () => {
    const { open, echoes } = await start(terms('server'));
    await echoed(await open(clientTls('ann')), 'x');
    const certificate = echoes[0]?.host.certificate as ClientCertificate;
    expect(certificate).toMatchObject({
      commonName: 'ann',
      alternativeNames: ['ann.example.com', 'urn:device:ann,1', 'ann@example.com'],
    });
    expect(certificate.fingerprint256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  it('lets nobody in with a certificate of another authority', async () => {
    const { open, listener, echoes } = await start(terms('server'));
    const socket = await open(clientTls('stranger')).catch(() => undefined);
    if (socket !== undefined) await closing(socket);
    await until(() => listener.counters.handshakesFailed === 1);
    expect([echoes.length, listener.size]).toEqual([0, 0]);
  });

  it('wants a certificate where it is required', async () => {
    const { open, listener, echoes } = await start(terms('server', 'require'));
    const socket = await open().catch(() => undefined);
    if (socket !== undefined) await closing(socket);
    await until(() => listener.counters.handshakesFailed === 1);
    expect(echoes.length).toBe(0);
    expect(await echoed(await open(clientTls('ann')), 'x')).toBe('x');
  });

  it('gives new connections a new certificate, and leaves those that are there', async () => {
    const { open, listener } = await start(terms('server'));
    const before = await open();
    listener.setTls(terms('renewed'));
    const after = await open();
    expect([before, after].map((socket) => socket.getPeerCertificate().subject.O)).toEqual([undefined, 'Renewed']);
    expect([await echoed(before, 'a'), await echoed(after, 'b')]).toEqual(['a', 'b']);
    expect(() => listener.setTls({ ...terms('server'), context: { cert: 'x', key: 'y' } })).toThrow();
    expect((await open()).getPeerCertificate().subject.O).toBe('Renewed');
  });

  it('gives up on a handshake that does not come, and on one that is none', async () => {
    const { raw, listener, admission } = await start(terms('server'), { tlsHandshakeMs: 50 });
    const silent = await raw();
    await until(() => admission.halfOpen === 1);
    await once(silent, 'close');
    expect(listener.counters).toMatchObject({ handshakesTimedOut: 1, handshakesFailed: 0 });
    const wrong = await raw();
    wrong.write('CONNECT, please\r\n\r\n');
    await once(wrong, 'close');
    expect(listener.counters).toMatchObject({ handshakesTimedOut: 1, handshakesFailed: 1 });
    await until(() => admission.size === 0 && admission.halfOpen === 0);
  });

  it('lets the oldest handshake go when there are too many', async () => {
    const { raw, open, listener, admission } = await start(terms('server'), { halfOpen: 2 });
    const silent = [await raw(), await raw()];
    await until(() => admission.halfOpen === 2);
    const gone = once(silent[0]!, 'close');
    expect(await echoed(await open(), 'honest')).toBe('honest');
    await gone;
    expect([silent[1]!.destroyed, listener.counters.gaveWay]).toEqual([false, 1]);
  });

  it('forgets what has closed', async () => {
    const { open, listener, admission } = await start(terms('server'));
    const socket = await open();
    await echoed(socket, 'x');
    expect([admission.size, listener.size]).toEqual([1, 1]);
    socket.end();
    await until(() => admission.size === 0 && listener.size === 0);
  });
});

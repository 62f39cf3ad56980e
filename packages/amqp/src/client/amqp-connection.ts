/** A client's connection: opens links over one session and closes in order. Connecting anew is left to the caller. */
import { randomUUID } from 'node:crypto';
import type { AmqpError } from '../amqp-error.js';
import type { Fields } from '../codec/values.js';
import { Connection } from '../engine/connection.js';
import { GrowingOutput } from '../engine/output.js';
import type { ReceiverLink } from '../engine/receiver-link.js';
import { type SaslMechanism, saslAnonymous, saslExternal, saslPlain } from '../engine/sasl-mechanism.js';
import { saslScramSha256 } from '../engine/sasl-scram.js';
import type { SenderLink } from '../engine/sender-link.js';
import type { Session } from '../engine/session.js';
import { type Open, SenderSettleMode } from '../performatives/performatives.js';
import { Deferred } from './deferred.js';
import { ClientHandler } from './link-events.js';
import { AmqpReceiver, type ReceiverOptions } from './receiver.js';
import { AmqpSender, type SenderOptions } from './sender.js';
import { openSocket, Transport, type TransportOptions } from './transport.js';

export interface ConnectOptions extends TransportOptions {
  /**
   * With a password: SASL SCRAM-SHA-256; or PLAIN, over TLS or to loopback, where the peer has only that. Default:
   * EXTERNAL with a client certificate in `tls`, else ANONYMOUS.
   */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Mechanisms by preference, instead of those. */
  readonly sasl?: readonly SaslMechanism[];
  /** Default: a new one. */
  readonly containerId?: string;
  /** Host that is asked for in open. Default: `host`. */
  readonly hostname?: string;
  /** How long the peer may be silent, ms; 0: for ever. Default: 60,000. */
  readonly idleTimeoutMs?: number;
  /** Largest frame, bytes. Default: 65,536. */
  readonly frameSizeMax?: number;
  /** Largest message taken, bytes. Default: 16 MiB. */
  readonly messageSizeMax?: number;
  readonly properties?: Fields;
}

/**
 * Connects and opens.
 * @throws AmqpError with the condition and what the peer or the system said
 */
export async function connect(options: ConnectOptions): Promise<AmqpConnection> {
  const socket = await openSocket(options);
  const connection = new AmqpConnection(
    options,
    (engine, output, closed) => new Transport(socket, engine, output, closed),
  );
  await connection.opened;
  return connection;
}

type TransportFactory = (engine: Connection, output: GrowingOutput, closed: () => void) => Transport;

export class AmqpConnection {
  readonly containerId: string;
  /** Resolves when the peer has opened; rejects when it refuses. */
  readonly opened: Promise<Open>;
  /** Resolves when the connection is gone: with the error that ended it, or undefined. */
  readonly closed: Promise<AmqpError | undefined>;
  private readonly engine: Connection;
  private readonly transport: Transport;
  private session: Session | undefined = undefined;
  private names = 0;

  constructor(options: ConnectOptions, transportFactory: TransportFactory) {
    this.containerId = options.containerId ?? `client-${randomUUID()}`;
    const opened = new Deferred<Open>();
    const closed = new Deferred<AmqpError | undefined>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    let failure: AmqpError | undefined;
    const handler = new ClientHandler({
      opened: (open) => {
        this.transport.watch();
        opened.resolve(open);
      },
      closed: (error) => {
        failure = error;
        opened.reject(error ?? new Error('the connection was closed'));
      },
      disconnect: () => this.transport.end(),
      work: () => this.transport.wake(),
      sessionEnded: (session) => {
        if (this.session === session) this.session = undefined;
      },
    });
    const output = new GrowingOutput();
    this.engine = new Connection({
      role: 'client',
      containerId: this.containerId,
      output,
      handler,
      hostname: options.hostname ?? options.host,
      idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
      saslClient: options.sasl ?? defaultSasl(options),
      ...boundsGiven(options),
    });
    this.transport = transportFactory(this.engine, output, () => closed.resolve(failure));
    this.engine.start();
  }

  /** What the peer said of itself. */
  get remote(): Open | undefined {
    return this.engine.remote;
  }

  /**
   * Attaches a sender.
   * @param address undefined: the anonymous relay, where each message's `to` names the address
   * @throws AmqpError when the peer refuses: amqp:not-found, amqp:unauthorized-access, …
   */
  async openSender(address: string | undefined, options: SenderOptions = {}): Promise<AmqpSender> {
    const link = this.ensureSession().attach('sender', options.name ?? this.nextName('sender'), {
      source: { address: this.containerId },
      target: { ...options.target, address },
      senderSettleMode: options.settlement === 'settled' ? SenderSettleMode.settled : SenderSettleMode.unsettled,
    }) as SenderLink;
    const sender = new AmqpSender(link, this.transport, address, options);
    await sender.life.attached;
    return sender;
  }

  /**
   * Attaches a receiver; messages come at once.
   * @param address undefined: the peer makes a temporary one (a dynamic source), named by `receiver.address`
   * @throws AmqpError when the peer refuses: amqp:not-found, amqp:unauthorized-access, …
   */
  async openReceiver(address: string | undefined, options: ReceiverOptions = {}): Promise<AmqpReceiver> {
    const link = this.ensureSession().attach('receiver', options.name ?? this.nextName('receiver'), {
      source: { ...options.source, address, dynamic: address === undefined ? true : undefined },
      target: { address: this.containerId },
      senderSettleMode: options.settlement === 'settled' ? SenderSettleMode.settled : SenderSettleMode.unsettled,
      ...(options.desiredCapabilities === undefined ? {} : { desiredCapabilities: options.desiredCapabilities }),
    }) as ReceiverLink;
    const receiver = new AmqpReceiver(link, options);
    await receiver.life.attached;
    return receiver;
  }

  /** Closes in order; links end with it. */
  async close(): Promise<void> {
    this.engine.close();
    this.transport.wake();
    this.transport.watch();
    await this.closed;
  }

  private ensureSession(): Session {
    this.session ??= this.engine.beginSession();
    return this.session;
  }

  private nextName(role: string): string {
    return `${role}-${++this.names}-${this.containerId}`;
  }
}

function defaultSasl(options: ConnectOptions): readonly SaslMechanism[] {
  const { username, password = '', tls, host } = options;
  if (username !== undefined) {
    const scram = saslScramSha256(username, password);
    // Who offers PLAIN alone on an open wire, or pretends that the peer does, is not told the password.
    return tls !== undefined || isLoopback(host) ? [scram, saslPlain(username, password)] : [scram];
  }
  const hasCertificate = tls?.cert !== undefined || tls?.pfx !== undefined;
  return hasCertificate ? [saslExternal(), saslAnonymous()] : [saslAnonymous()];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function boundsGiven(options: ConnectOptions): Pick<ConnectOptions, 'frameSizeMax' | 'messageSizeMax' | 'properties'> {
  const { frameSizeMax, messageSizeMax, properties } = options;
  return {
    ...(frameSizeMax === undefined ? {} : { frameSizeMax }),
    ...(messageSizeMax === undefined ? {} : { messageSizeMax }),
    ...(properties === undefined ? {} : { properties }),
  };
}

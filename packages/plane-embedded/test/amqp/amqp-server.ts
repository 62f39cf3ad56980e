/** A broker behind an AMQP listener on a free port, and clients of it. */
import { connect as connectTcp, type Socket } from 'node:net';
import {
  type AmqpConnection,
  type AmqpMessage,
  type AmqpReceiver,
  Connection,
  ConnectionHandler,
  connect,
  type DeliveryState,
  GrowingOutput,
  type SenderLink,
  valueBody,
} from '@millrace/amqp';
import { type AddressSettingsInput, Broker, type BrokerOptions, type Journal, Recovery } from '@millrace/broker';
import { MemoryJournal } from '@millrace/journal';
import type { AccessControl, Principal, Verb } from '@millrace/security';
import { AMQP_DEFAULTS, type AmqpContext, AmqpCounters, type AmqpSettings } from '../../src/amqp/amqp-context.js';
import { AmqpListenerConnection } from '../../src/amqp/amqp-listener-connection.js';
import type { AmqpService } from '../../src/amqp/amqp-service.js';
import { Listener } from '../../src/listener.js';
import { Turn, type TurnTask } from '../../src/turn.js';
import type { CrashingJournal } from '../support/crashing-journal.js';
import { TrustingAccess } from '../support/trusting-access.js';

const TRUSTING = new TrustingAccess();

export interface ServerOptions {
  readonly addresses?: Readonly<Record<string, AddressSettingsInput>>;
  readonly journal?: Journal;
  readonly recovery?: Recovery;
  readonly paging?: NonNullable<BrokerOptions['paging']>;
  readonly settings?: Partial<AmqpSettings>;
  readonly services?: ReadonlyMap<string, AmqpService>;
  readonly authorize?: (principal: Principal, verb: Verb, address: string) => boolean;
  /** Default: whoever gives a name has it. */
  readonly access?: AccessControl;
}

export class AmqpServer {
  readonly broker: Broker;
  readonly journal: Journal;
  readonly context: AmqpContext;
  readonly listener: Listener;
  readonly faults: unknown[] = [];
  private readonly clients: AmqpConnection[] = [];

  constructor(options: ServerOptions = {}) {
    const turn = new Turn();
    this.journal = options.journal ?? new MemoryJournal();
    const commit: TurnTask = { scheduled: false, endOfTurn: () => this.broker.commitPending() };
    this.broker = new Broker({
      journal: this.journal,
      ...(options.recovery === undefined ? {} : { recovery: options.recovery }),
      ...(options.paging === undefined ? {} : { paging: options.paging }),
      now: Date.now,
      scheduleCommit: () => turn.scheduleCommit(commit),
    });
    for (const [name, settings] of Object.entries(options.addresses ?? { q: { type: 'queue' } })) {
      const refusal = this.broker.declare(name, settings);
      if (refusal !== undefined) throw new Error(JSON.stringify(refusal));
    }
    this.context = {
      broker: this.broker,
      authorizer: { authorize: options.authorize ?? (() => true) },
      access: options.access ?? TRUSTING,
      services: options.services ?? new Map(),
      settings: { ...AMQP_DEFAULTS, ...options.settings },
      counters: new AmqpCounters(),
    };
    this.listener = new Listener({
      name: 'amqp',
      host: '127.0.0.1',
      port: 0,
      turn,
      accept: (host) => new AmqpListenerConnection(this.context, host),
      onFault: (error) => this.faults.push(error),
    });
  }

  static async start(options: ServerOptions = {}): Promise<AmqpServer> {
    const server = new AmqpServer(options);
    await server.listener.start();
    return server;
  }

  async client(containerId = 'test', username?: string): Promise<AmqpConnection> {
    const { port } = this.listener;
    const client = await connect({ host: '127.0.0.1', port, containerId, username, password: 'p' });
    this.clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.listener.stop('the test is over', 500);
  }
}

/** What the disk of a crashed server has, in a new one. */
export async function restart(journal: CrashingJournal, options: ServerOptions = {}): Promise<AmqpServer> {
  const recovery = new Recovery();
  const again = journal.crash();
  for (const record of again.records) recovery.replay(record);
  return AmqpServer.start({ ...options, journal: again, recovery });
}

/** A client's engine on a socket, for what the client library does not do. */
export class RawClient extends ConnectionHandler {
  readonly output = new GrowingOutput();
  readonly engine = new Connection({ role: 'client', containerId: 'raw', output: this.output, handler: this });
  readonly socket: Socket;
  /** All that came. */
  readonly received: Buffer[] = [];
  readonly settledStates: (DeliveryState | undefined)[] = [];

  constructor(server: AmqpServer) {
    super();
    this.socket = connectTcp(server.listener.port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      this.received.push(Buffer.from(chunk));
      this.engine.ingest(chunk, 0, chunk.length);
      this.write();
    });
    this.engine.start();
  }

  /** Sends what the engine has written. */
  write(): void {
    this.engine.flush();
    if (this.output.position > 0) this.socket.write(this.output.take());
  }

  override onSettled(_link: SenderLink, _context: unknown, state: DeliveryState | undefined): void {
    this.settledStates.push(state);
  }
}

export function text(value: string, more: Partial<AmqpMessage> = {}): AmqpMessage {
  return { ...more, body: valueBody(value) };
}

/** The texts of the next `count` messages. */
export async function texts(receiver: AmqpReceiver, count: number): Promise<unknown[]> {
  const received: unknown[] = [];
  while (received.length < count) {
    const next = await receiver.receive(2_000);
    if (next === undefined) throw new Error(`only ${received.length} of ${count} came: ${received.join(', ')}`);
    const { body } = next.message;
    received.push(body.kind === 'value' ? body.value : body);
  }
  return received;
}

/** Waits until it is so. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not so within 5 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

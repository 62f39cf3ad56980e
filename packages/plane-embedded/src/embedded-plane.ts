/** Broker, listeners and jobs in one process: puts the parts together, starts and stops them. */
import { join } from 'node:path';
import type { Spool } from '@millrace/amqp';
import { Broker } from '@millrace/broker';
import type { StoreStatus } from '@millrace/contract';
import type { DocumentStore, MessagingPlane, ProcessingPlane } from '@millrace/controller';
import type { AccessControl, Authorizer } from '@millrace/security';
import { AMQP_DEFAULTS, type AmqpContext, AmqpCounters } from './amqp/amqp-context.js';
import { AmqpListenerConnection } from './amqp/amqp-listener-connection.js';
import type { AmqpService } from './amqp/amqp-service.js';
import { PreviewRun } from './jobs/preview-run.js';
import { EmbeddedProcessingPlane } from './jobs/processing-plane.js';
import { KeptDocuments } from './kept-documents.js';
import { type AdoptedStream, Listener, type ListenerCounters, type ListenerOptions } from './listener.js';
import { EmbeddedMessageAccess } from './message-access.js';
import { EmbeddedMessagingPlane } from './messaging-plane.js';
import type { MqttCounters } from './mqtt/mqtt-context.js';
import { MqttProtocol } from './mqtt/mqtt-protocol.js';
import { type PlaneFigures, planeFigures } from './plane-figures.js';
import type { Host, ProtocolConnection } from './protocol-connection.js';
import { SpoolDirectory } from './spool-directory.js';
import { memoryStore, type Store, storeStatus } from './store.js';
import type { TlsTerms } from './tls-entrance.js';
import { Admission, type TransportLimits } from './transport-limits.js';
import { Turn, type TurnTask } from './turn.js';

export interface EmbeddedPlaneOptions {
  readonly host: string;
  /** 0 takes any free port; `off`: nobody listens there. */
  readonly amqpPort: number | 'off';
  readonly mqttPort: number | 'off';
  /** Default: no TLS. */
  readonly tls?: TlsListening;
  /** Bounds on connections. Default of each: TRANSPORT_DEFAULTS. */
  readonly limits?: Partial<TransportLimits>;
  readonly authorizer: Authorizer;
  /** Who the users are. Default: there are none, and everyone is anonymous. */
  readonly access?: AccessControl | undefined;
  /** Targets of AMQP links that answer requests, by name; may be filled until the first connection. */
  readonly services: ReadonlyMap<string, AmqpService>;
  /** What an AMQP client gets that names an address without a document. Default: refuse. */
  readonly undeclaredAmqp?: 'refuse' | 'queue' | 'topic';
  /** Default: topic. */
  readonly undeclaredMqtt?: 'topic' | 'refuse';
  /** Where it is kept. Default: memory. */
  readonly store?: Store;
  /** A fault of ours that cost a client its connection, or a job its run. */
  readonly onFault: (error: unknown) => void;
}

export interface TlsListening {
  readonly terms: TlsTerms;
  readonly amqpsPort: number | 'off';
  readonly mqttsPort: number | 'off';
}

/** What came to one listener, counted since the start. */
export interface ListenerView {
  readonly name: string;
  /** 0 for those of WebSocket, which listen with HTTP. */
  readonly port: number;
  /** Now. */
  readonly connections: number;
  readonly counters: Readonly<ListenerCounters>;
}

/** Expiry and clean-up of the broker, in bounded pieces. */
const BROKER_TICK_MS = 100;
const SESSION_TICK_MS = 1_000;
/** How long a settlement may wait for something to be written with: after a crash its message comes again. */
const SETTLEMENT_WAIT_MS = 2;

export class EmbeddedPlane {
  readonly messaging: MessagingPlane;
  readonly processing: ProcessingPlane & { close(): void };
  /** The documents, kept with the messages. */
  readonly documents: DocumentStore;
  private readonly store: Store;
  /** Where large messages are kept while they arrive. */
  private readonly openSpool: (() => Spool) | undefined;
  private readonly turn = new Turn();
  private readonly broker: Broker;
  private readonly mqtt: MqttProtocol;
  private readonly amqpCounters = new AmqpCounters();
  private readonly admission: Admission;
  private readonly listeners: readonly Listener[];
  private readonly stopWatching: (() => void) | undefined;
  private readonly timers: NodeJS.Timeout[];

  constructor(options: EmbeddedPlaneOptions) {
    const commit: TurnTask = { scheduled: false, endOfTurn: () => this.broker.commitPending() };
    const store = options.store ?? memoryStore();
    this.store = store;
    this.broker = new Broker({
      journal: store.journal,
      ...(store.kind === 'disk' ? { recovery: store.recovery } : {}),
      now: Date.now,
      scheduleCommit: () => this.turn.scheduleCommit(commit),
      schedulePutOff: () => setTimeout(() => this.broker.commitPutOff(), SETTLEMENT_WAIT_MS),
    });
    this.openSpool = store.kind === 'disk' ? new SpoolDirectory(join(store.directory, 'incoming')).create : undefined;
    this.documents = new KeptDocuments(this.broker);
    this.admission = new Admission(options.limits);
    const { authorizer, undeclaredMqtt = 'topic' } = options;
    this.mqtt = new MqttProtocol({
      broker: this.broker,
      authorizer,
      access: options.access,
      openSpool: this.openSpool,
      settings: { undeclared: undeclaredMqtt, connectTimeoutMs: this.admission.limits.handshakeMs },
    });
    this.listeners = this.createListeners(options);
    this.stopWatching = options.access?.onChange((changed) => {
      for (const listener of this.listeners) void listener.recheck(changed).catch(options.onFault);
    });
    const access = new EmbeddedMessageAccess(this.broker);
    this.messaging = new EmbeddedMessagingPlane(this.broker, this.listeners, options.host, access);
    this.processing = new EmbeddedProcessingPlane({
      access,
      onFault: options.onFault,
      preview: (plan, how, events) => new PreviewRun(this.broker, plan, how, events),
      otherReceivers: (address) => Math.max(0, (this.broker.address(address)?.receivers ?? 0) - 1),
    });
    this.timers = [setInterval(() => this.broker.tick(Date.now()), BROKER_TICK_MS)];
  }

  /**
   * Lets clients in. What is declared by then, they find; what they left in the store is there.
   *
   * @throws the listen error of the first port that cannot be had; nothing listens then
   */
  async listen(): Promise<void> {
    this.mqtt.recover(Date.now());
    for (const listener of this.listeners) await listener.start();
    this.timers.push(setInterval(() => this.mqtt.tick(Date.now()), SESSION_TICK_MS));
  }

  /**
   * Tells clients, and lets go of the store when all that was committed is in it.
   * @param graceMs how long clients may take to hear it. Default: 2,000
   */
  async stop(reason: string, graceMs?: number): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.stopWatching?.();
    this.processing.close();
    await Promise.all(this.listeners.map((listener) => listener.stop(reason, graceMs)));
    this.broker.commitPending();
    this.broker.commitPutOff();
    if (this.store.kind === 'disk') await this.store.journal.close();
  }

  storeStatus(): StoreStatus {
    return storeStatus(this.store);
  }

  figures(): PlaneFigures {
    const { admission, amqpCounters: amqp, broker, listeners, mqtt, store } = this;
    return planeFigures({ admission, amqp, broker, listeners, mqtt, store });
  }

  /** Handshakes that begin later get these; connections that are there go on. @throws Error of node:tls */
  setTls(terms: TlsTerms): void {
    for (const listener of this.listeners) listener.setTls(terms);
  }

  /** A connection that came over WebSocket: as `Listener.adopt`. */
  adopt(protocol: 'amqp' | 'mqtt', stream: AdoptedStream): ((bytes: number) => boolean) | undefined {
    return this.listeners.find(({ name }) => name === webSocketName(protocol))?.adopt(stream);
  }

  observeListeners(): readonly ListenerView[] {
    return this.listeners.map(({ name, port, size, counters }) => ({ name, port, connections: size, counters }));
  }

  /** What is counted of both protocols. */
  get counters(): { readonly amqp: Readonly<AmqpCounters>; readonly mqtt: Readonly<MqttCounters> } {
    return { amqp: this.amqpCounters, mqtt: this.mqtt.counters };
  }

  /** Of all listeners: connections that are there, those that are not open yet, and the bytes that these have sent. */
  get admissions(): { readonly connections: number; readonly halfOpen: number; readonly halfOpenBytes: number } {
    const { size, halfOpen, halfOpenBytes } = this.admission;
    return { connections: size, halfOpen, halfOpenBytes };
  }

  private createListeners(options: EmbeddedPlaneOptions): readonly Listener[] {
    const { host, tls, onFault } = options;
    const { turn, admission } = this;
    const accept = { amqp: this.amqpAccept(options), mqtt: (of: Host) => this.mqtt.accept(of) };
    const listeners: Listener[] = [];
    const add = (name: string, port: number | 'off' | 'none', more: Partial<ListenerOptions>): void => {
      if (port === 'off') return;
      const protocol = name.startsWith('amqp') ? 'amqp' : 'mqtt';
      listeners.push(
        new Listener({ name, protocol, host, port, turn, admission, onFault, accept: accept[protocol], ...more }),
      );
    };
    add('amqp', options.amqpPort, {});
    add('mqtt', options.mqttPort, {});
    if (tls !== undefined) {
      add('amqps', tls.amqpsPort, { tls: tls.terms });
      add('mqtts', tls.mqttsPort, { tls: tls.terms });
    }
    for (const protocol of ['amqp', 'mqtt'] as const) add(webSocketName(protocol), 'none', {});
    return listeners;
  }

  private amqpAccept(options: EmbeddedPlaneOptions): (host: Host) => ProtocolConnection {
    const context: AmqpContext = {
      broker: this.broker,
      authorizer: options.authorizer,
      access: options.access,
      services: options.services,
      openSpool: this.openSpool,
      settings: {
        ...AMQP_DEFAULTS,
        undeclared: options.undeclaredAmqp ?? 'refuse',
        openTimeoutMs: this.admission.limits.handshakeMs,
      },
      counters: this.amqpCounters,
    };
    return (host) => new AmqpListenerConnection(context, host);
  }
}

function webSocketName(protocol: 'amqp' | 'mqtt'): string {
  return `${protocol}-websocket`;
}

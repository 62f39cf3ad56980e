/** Broker, listeners and jobs in one process: puts the parts together, starts and stops them. */
import { join } from 'node:path';
import type { Spool } from '@millrace/amqp';
import { Broker } from '@millrace/broker';
import type { StoreStatus } from '@millrace/contract';
import type { DocumentStore, MessagingPlane, ProcessingPlane } from '@millrace/controller';
import { ANONYMOUS, type Authorizer } from '@millrace/security';
import { AMQP_DEFAULTS, AmqpCounters } from './amqp/amqp-context.js';
import { AmqpListenerConnection } from './amqp/amqp-listener-connection.js';
import type { AmqpService } from './amqp/amqp-service.js';
import { PreviewRun } from './jobs/preview-run.js';
import { EmbeddedProcessingPlane } from './jobs/processing-plane.js';
import { KeptDocuments } from './kept-documents.js';
import { Listener } from './listener.js';
import { EmbeddedMessageAccess } from './message-access.js';
import { EmbeddedMessagingPlane } from './messaging-plane.js';
import { MqttProtocol } from './mqtt/mqtt-protocol.js';
import { type PlaneFigures, planeFigures } from './plane-figures.js';
import { SpoolDirectory } from './spool-directory.js';
import { memoryStore, type Store, storeStatus } from './store.js';
import { Turn, type TurnTask } from './turn.js';

export interface EmbeddedPlaneOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly amqpPort: number;
  readonly mqttPort: number;
  readonly authorizer: Authorizer;
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
  private readonly amqpCounters = new AmqpCounters();
  private readonly mqtt: MqttProtocol;
  private readonly listeners: readonly Listener[];
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
    const { authorizer, undeclaredMqtt = 'topic' } = options;
    this.mqtt = new MqttProtocol({
      broker: this.broker,
      authorizer,
      openSpool: this.openSpool,
      settings: { undeclared: undeclaredMqtt },
    });
    this.listeners = [this.amqpListener(options), this.mqttListener(options)];
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
    const { broker, listeners, amqpCounters: amqp, mqtt, store } = this;
    return planeFigures({ broker, listeners, amqp, mqtt, store });
  }

  private amqpListener(options: EmbeddedPlaneOptions): Listener {
    const context = {
      broker: this.broker,
      authorizer: options.authorizer,
      authenticate: () => ANONYMOUS,
      services: options.services,
      openSpool: this.openSpool,
      settings: { ...AMQP_DEFAULTS, undeclared: options.undeclaredAmqp ?? 'refuse' },
      counters: this.amqpCounters,
    };
    return new Listener({
      name: 'amqp',
      host: options.host,
      port: options.amqpPort,
      turn: this.turn,
      accept: (host) => new AmqpListenerConnection(context, host),
      onFault: options.onFault,
    });
  }

  private mqttListener(options: EmbeddedPlaneOptions): Listener {
    return new Listener({
      name: 'mqtt',
      host: options.host,
      port: options.mqttPort,
      turn: this.turn,
      accept: (host) => this.mqtt.accept(host),
      onFault: options.onFault,
    });
  }
}

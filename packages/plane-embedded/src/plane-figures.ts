/** What the embedded plane counts, and where its bounds are: plain numbers, read when somebody asks. */
import type { AddressView, Broker } from '@millrace/broker';
import type { JournalFigures } from '@millrace/journal';
import type { AmqpCounters } from './amqp/amqp-context.js';
import type { Listener, ListenerCounters } from './listener.js';
import type { MqttCounters } from './mqtt/mqtt-context.js';
import type { MqttProtocol } from './mqtt/mqtt-protocol.js';
import type { Store } from './store.js';
import type { Admission, TransportLimits } from './transport-limits.js';

export interface ListenerFigures {
  readonly name: string;
  /** Now. */
  readonly connections: number;
  readonly connectionLimit: number;
  /** Since the start. */
  readonly counters: Readonly<ListenerCounters>;
}

export interface PlaneFigures {
  readonly listeners: readonly ListenerFigures[];
  /** Bounds that all listeners share, and where they stand. */
  readonly admission: {
    readonly connections: number;
    readonly halfOpen: number;
    readonly halfOpenBytes: number;
    readonly limits: Pick<TransportLimits, 'connections' | 'halfOpen' | 'halfOpenBytes'>;
  };
  readonly amqp: Readonly<AmqpCounters>;
  readonly mqtt: Readonly<MqttCounters>;
  /** Sessions of MQTT, connected and away. */
  readonly mqttSessions: number;
  /** All, those without a document too. */
  readonly addresses: readonly AddressView[];
  /** Durable subscriptions. */
  readonly subscriptions: number;
  /** Content bytes of stored messages, each message once, and how many there may be. */
  readonly storedBytes: number;
  readonly storedBytesLimit: number;
  /** Undefined in memory. */
  readonly journal: JournalFigures | undefined;
}

export function planeFigures(parts: {
  readonly broker: Broker;
  readonly listeners: readonly Listener[];
  readonly admission: Admission;
  readonly amqp: AmqpCounters;
  readonly mqtt: MqttProtocol;
  readonly store: Store;
}): PlaneFigures {
  const { admission, broker, mqtt, store } = parts;
  return {
    listeners: parts.listeners.map(({ name, size, connectionLimit, counters }) => ({
      name,
      connections: size,
      connectionLimit,
      counters,
    })),
    admission: {
      connections: admission.size,
      halfOpen: admission.halfOpen,
      halfOpenBytes: admission.halfOpenBytes,
      limits: admission.limits,
    },
    amqp: parts.amqp,
    mqtt: mqtt.counters,
    mqttSessions: mqtt.sessions,
    addresses: broker.addresses(),
    subscriptions: broker.subscriptions().length,
    ...broker.memory,
    journal: store.kind === 'disk' ? store.journal.figures() : undefined,
  };
}

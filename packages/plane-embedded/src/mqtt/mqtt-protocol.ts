/** MQTT for a listener: makes the protocol half of each connection, and owns the sessions that outlive them. */
import { randomUUID } from 'node:crypto';
import type { Broker } from '@millrace/broker';
import type { Spool } from '@millrace/mqtt';
import type { AccessControl, Authorizer } from '@millrace/security';
import type { Host, ProtocolConnection } from '../protocol-connection.js';
import { MQTT_DEFAULTS, type MqttContext, MqttCounters, type MqttSettings } from './mqtt-context.js';
import { MqttServerConnection } from './server-connection.js';
import { SessionRecovery } from './session-recovery.js';
import { SessionRegistry } from './session-registry.js';

export interface MqttProtocolOptions {
  readonly broker: Broker;
  readonly authorizer: Authorizer;
  /** Who the users are. Default: there are none, and everyone is anonymous. */
  readonly access?: AccessControl | undefined;
  /** Name for a client that gives none; unique. Default: random. */
  readonly newClientId?: () => string;
  /** Where large packets are kept while they arrive. Default: in memory. */
  readonly openSpool?: (() => Spool) | undefined;
  /** Default of each: MQTT_DEFAULTS. */
  readonly settings?: Partial<MqttSettings>;
}

export class MqttProtocol {
  readonly counters = new MqttCounters();
  private readonly context: MqttContext;
  private readonly registry: SessionRegistry;

  constructor(options: MqttProtocolOptions) {
    this.context = {
      broker: options.broker,
      authorizer: options.authorizer,
      access: options.access,
      newClientId: options.newClientId ?? (() => `auto-${randomUUID()}`),
      settings: { ...MQTT_DEFAULTS, ...options.settings },
      counters: this.counters,
      openSpool: options.openSpool,
      publishing: undefined,
    };
    this.registry = new SessionRegistry(this.context);
  }

  /** Sessions, connected and away. */
  get sessions(): number {
    return this.registry.size;
  }

  /**
   * Takes up what was kept before a restart. Call it once, when the addresses are declared and before anybody connects.
   * @throws KeptFormatError for what a newer program wrote
   */
  recover(nowMs: number): void {
    new SessionRecovery(this.context, this.registry).run(nowMs);
  }

  /** For `Listener`. */
  accept(host: Host): ProtocolConnection {
    return new MqttServerConnection(this.context, this.registry, host);
  }

  /** Delayed wills and expired sessions. Call it about once a second. */
  tick(nowMs: number): void {
    this.registry.tick(nowMs);
  }
}

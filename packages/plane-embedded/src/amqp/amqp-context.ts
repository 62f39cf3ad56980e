/** What all AMQP connections of one listener share. */
import type { Spool } from '@millrace/amqp';
import type { Broker } from '@millrace/broker';
import type { AccessControl, Authorizer } from '@millrace/security';
import type { AmqpService } from './amqp-service.js';

export interface AmqpSettings {
  /** Name of this broker in open. Default: millrace. */
  readonly containerId: string;
  /** Largest frame taken, bytes. Default: 65,536. */
  readonly frameSizeMax: number;
  /** Largest message taken, bytes; an address may allow less. Default: 10 MiB and 64 KiB. */
  readonly messageSizeMax: number;
  /** Sessions of a connection. Default: 64. */
  readonly sessions: number;
  /** Links of a session. Default: 256. */
  readonly linksPerSession: number;
  /** Links of a connection, over all its sessions. Default: 1,000. */
  readonly links: number;
  /** Credit given to a sending client; less when its address has no room for so many. Default: 2,000. */
  readonly credit: number;
  /** Requests to a service that may be open on a link. Default: 100. */
  readonly serviceCredit: number;
  /** Addresses to which an anonymous relay link keeps an open way; beyond that all ways are opened anew. Default: 100. */
  readonly relayAddresses: number;
  /** Bytes that wait in a connection's output before its receivers are given no more. Default: 1 MiB. */
  readonly outputBytes: number;
  /** How long a client may be silent, ms; it is asked for half of that. Default: 120,000. */
  readonly idleTimeoutMs: number;
  /** How long a client may take from connecting to open, ms. Default: 10,000. */
  readonly openTimeoutMs: number;
  /** What an address is that no document declares. Default: refuse. */
  readonly undeclared: 'refuse' | 'queue' | 'topic';
}

export const AMQP_DEFAULTS: AmqpSettings = {
  containerId: 'millrace',
  frameSizeMax: 65_536,
  messageSizeMax: 10 * 1024 ** 2 + 65_536,
  sessions: 64,
  linksPerSession: 256,
  links: 1_000,
  credit: 2_000,
  serviceCredit: 100,
  relayAddresses: 100,
  outputBytes: 1024 ** 2,
  idleTimeoutMs: 120_000,
  openTimeoutMs: 10_000,
  undeclared: 'refuse',
};

/** Counted since the start; plain integers, read when asked for. */
export class AmqpCounters {
  connections = 0;
  /** Pre-settled messages that the broker did not take. */
  droppedIn = 0;
  /** Messages that could not be handed to a receiver: larger than it takes, or without an AMQP form. */
  undeliverable = 0;
  linksRefused = 0;
  /** Clients that could not say who they are. */
  authenticationsFailed = 0;
  /** Links and connections that ended because a right was taken away. */
  revoked = 0;
}

export interface AmqpContext {
  readonly broker: Broker;
  readonly authorizer: Authorizer;
  /** Who the users are. Default: there are none, and everyone is anonymous. */
  readonly access?: AccessControl | undefined;
  /** Targets that are not addresses but answer requests, by name. */
  readonly services: ReadonlyMap<string, AmqpService>;
  /** Where large messages are kept while they arrive. Default: in memory. */
  readonly openSpool?: (() => Spool) | undefined;
  readonly settings: AmqpSettings;
  readonly counters: AmqpCounters;
}

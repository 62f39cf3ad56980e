/** What all MQTT connections of one listener share. */

import type { Broker } from '@millrace/broker';
import type { Spool } from '@millrace/mqtt';
import type { AccessControl, Authorizer } from '@millrace/security';
import type { ClientSession } from './client-session.js';

export interface MqttSettings {
  /** Largest packet taken from a client, bytes. Default: 10 MiB and 64 KiB, so that a message of 10 MiB fits. */
  readonly maximumPacketSize: number;
  /** Publications of QoS 1 and 2 that a client may have open. Default: 65,535. */
  readonly receiveMaximum: number;
  /** Publications sent to a client and not acknowledged. MQTT 5 clients may lower it. Default: 1,000. */
  readonly inFlightMaximum: number;
  /** Bytes that wait in a connection's output before it is given no more. Default: 1 MiB. */
  readonly outputBytes: number;
  /** Sessions at once, connected or away. Default: 100,000. */
  readonly sessions: number;
  /** Longest that a session is kept without a connection, s. Default: 604,800, a week. */
  readonly sessionExpiryMaximum: number;
  /** Subscriptions of one session. Default: 10,000. */
  readonly subscriptionsPerSession: number;
  /** What is kept of a session's subscriptions over a restart, bytes. Default: 2 MiB. */
  readonly sessionBytes: number;
  /** A will with its properties, bytes. Default: 128 KiB. */
  readonly willBytes: number;
  /** Topics to which a connection keeps an open way; beyond that all ways are opened anew. Default: 1,000. */
  readonly topicsPerConnection: number;
  /** How long a publisher without keep-alive is held back before it is told, ms. Default: 60,000. */
  readonly holdMs: number;
  /** From connecting to the answer to CONNECT, ms. Default: 10,000. */
  readonly connectTimeoutMs: number;
  /** Largest CONNECT, bytes. Default: 384 KiB: the largest will, and 64 KiB each for identifier, user name and password. */
  readonly connectPacketMax: number;
  /** What a topic is that no document declares. Default: topic. */
  readonly undeclared: 'topic' | 'refuse';
}

export const MQTT_DEFAULTS: MqttSettings = {
  maximumPacketSize: 10 * 1024 ** 2 + 65_536,
  receiveMaximum: 65_535,
  inFlightMaximum: 1_000,
  outputBytes: 1024 ** 2,
  sessions: 100_000,
  sessionExpiryMaximum: 604_800,
  subscriptionsPerSession: 10_000,
  sessionBytes: 2 * 1024 ** 2,
  willBytes: 128 * 1024,
  topicsPerConnection: 1_000,
  holdMs: 60_000,
  connectTimeoutMs: 10_000,
  connectPacketMax: 384 * 1024,
  undeclared: 'topic',
};

/** Counted since the start; plain integers, read when asked for. */
export class MqttCounters {
  connections = 0;
  /** QoS 0 publications that the broker did not take. */
  droppedIn = 0;
  /** Messages larger than their receiver takes, or on an address that is no topic name. */
  undeliverable = 0;
  sessionsExpired = 0;
  willsSent = 0;
  /** Clients that could not say who they are. */
  authenticationsFailed = 0;
  /** Subscriptions and connections that ended because a right was taken away. */
  revoked = 0;
}

export interface MqttContext {
  readonly broker: Broker;
  readonly authorizer: Authorizer;
  /** Who the users are; undefined: there are none, and everyone is anonymous. */
  readonly access: AccessControl | undefined;
  /** Name for a client that gives none; unique. */
  readonly newClientId: () => string;
  /** Where large messages are kept while they arrive. Default: in memory. */
  readonly openSpool?: (() => Spool) | undefined;
  readonly settings: MqttSettings;
  readonly counters: MqttCounters;
  /** Whose message the broker is routing right now: what "no local" looks at. */
  publishing: ClientSession | undefined;
}

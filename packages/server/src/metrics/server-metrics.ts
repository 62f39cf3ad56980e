import type { StoreStatus } from '@millrace/contract';
import type { ConnectionObservation } from '@millrace/controller';
import type { PlaneFigures } from '@millrace/plane-embedded';
import { counter, gauge, type Metric, type Sample } from './metric.js';

const STORE_STATES: readonly StoreStatus['state'][] = ['open', 'full', 'failed', 'closed'];
const PROTOCOLS: readonly ConnectionObservation['protocol'][] = ['amqp', 'mqtt', 'job'];

export const SERVER_METRICS: readonly Metric[] = [
  {
    name: 'millrace_build_info',
    kind: 'gauge',
    help: 'Always 1; the labels say which version and planes run.',
    labels: ['version', 'messaging', 'processing'],
    read: ({ sources: { version, controller } }) => [
      {
        labels: {
          version,
          messaging: controller.messaging.capabilities.plane,
          processing: controller.processing.capabilities.plane,
        },
        value: 1,
      },
    ],
  },
  gauge(
    'millrace_ready',
    '1 when all documents have been brought to the planes and the store has not failed.',
    (snapshot) => Number(snapshot.sources.controller.ready && snapshot.store.state !== 'failed'),
  ),
  {
    name: 'millrace_http_requests_total',
    kind: 'counter',
    help: 'HTTP requests that were answered, by method and status.',
    labels: ['method', 'status'],
    *read({ sources }) {
      for (const { method, status, count } of sources.requests.entries())
        yield { labels: { method, status }, value: count };
    },
  },
];

export const CONNECTION_METRICS: readonly Metric[] = [
  perListener('millrace_listener_connections', 'gauge', 'Connections of a listener now.', 'connections'),
  perListener('millrace_listener_connections_limit', 'gauge', 'How many it takes at once.', 'connectionLimit'),
  {
    name: 'millrace_listener_accepted_total',
    kind: 'counter',
    help: 'Connections that it has taken.',
    labels: ['listener'],
    read: ({ plane }) =>
      plane.listeners.map(({ counters, name }) => ({ labels: { listener: name }, value: counters.accepted })),
  },
  byReason(
    'millrace_listener_refused_total',
    'Connections closed on arrival for a limit: of all, of a host, of its rate.',
    [
      ['full', 'refusedFull'],
      ['host-full', 'refusedHost'],
      ['host-rate', 'refusedRate'],
    ],
  ),
  byReason(
    'millrace_listener_unopened_total',
    'Connections that ended before they were open; `all` counts the others too.',
    [
      ['gave-way', 'gaveWay'],
      ['sent-too-much', 'excessive'],
      ['handshake-failed', 'handshakesFailed'],
      ['handshake-timeout', 'handshakesTimedOut'],
      ['all', 'neverOpened'],
    ],
  ),
  gauge(
    'millrace_transport_connections',
    'Connections of all listeners of AMQP and MQTT.',
    ({ plane }) => plane.admission.connections,
  ),
  gauge(
    'millrace_transport_connections_limit',
    'How many they may be.',
    ({ plane }) => plane.admission.limits.connections,
  ),
  gauge(
    'millrace_half_open_connections',
    'Of those, connections that are not open yet.',
    ({ plane }) => plane.admission.halfOpen,
  ),
  gauge(
    'millrace_half_open_connections_limit',
    'How many they may be; then the oldest gives way.',
    ({ plane }) => plane.admission.limits.halfOpen,
  ),
  gauge('millrace_half_open_bytes', 'Bytes that these have sent.', ({ plane }) => plane.admission.halfOpenBytes),
  gauge('millrace_half_open_bytes_limit', 'How many they may be.', ({ plane }) => plane.admission.limits.halfOpenBytes),
  byProtocol(
    'millrace_authentications_failed_total',
    'Clients that could not say who they are.',
    'authenticationsFailed',
  ),
  byProtocol(
    'millrace_revoked_total',
    'Connections, links and subscriptions that ended because a right was taken away.',
    'revoked',
  ),
  gauge(
    'millrace_certificate_expiry_timestamp_seconds',
    'Until when the certificate of the server is valid; no sample without TLS.',
    ({ sources }) => {
      const validTo = sources.certificateValidTo();
      return validTo === undefined ? undefined : validTo.getTime() / 1000;
    },
  ),
  {
    name: 'millrace_connections',
    kind: 'gauge',
    help: 'Open connections by protocol; `job` is a job that reads.',
    labels: ['protocol'],
    *read({ connections }) {
      for (const protocol of PROTOCOLS) {
        const value = connections.filter((connection) => connection.protocol === protocol).length;
        yield { labels: { protocol }, value };
      }
    },
  },
  perLink('millrace_links', 'Links (AMQP), subscriptions (MQTT) and readers (jobs).', () => 1),
  perLink(
    'millrace_links_credit',
    'Messages that their receivers may take more, over all links.',
    ({ credit }) => credit,
  ),
  perLink(
    'millrace_links_unsettled',
    'Messages handed over and not settled, over all links.',
    ({ unsettled }) => unsettled,
  ),
  counter('millrace_amqp_links_refused_total', 'AMQP links that were refused.', ({ plane }) => plane.amqp.linksRefused),
  counter(
    'millrace_amqp_messages_dropped_total',
    'Pre-settled AMQP messages that no address took.',
    ({ plane }) => plane.amqp.droppedIn,
  ),
  counter(
    'millrace_amqp_messages_undeliverable_total',
    'Messages that could not be handed to an AMQP receiver: larger than it takes, or without an AMQP form.',
    ({ plane }) => plane.amqp.undeliverable,
  ),
  gauge('millrace_mqtt_sessions', 'MQTT sessions, connected and away.', ({ plane }) => plane.mqttSessions),
  counter(
    'millrace_mqtt_sessions_expired_total',
    'MQTT sessions whose time was over.',
    ({ plane }) => plane.mqtt.sessionsExpired,
  ),
  counter('millrace_mqtt_wills_sent_total', 'Wills that were sent.', ({ plane }) => plane.mqtt.willsSent),
  counter(
    'millrace_mqtt_messages_dropped_total',
    'QoS 0 publications that no address took.',
    ({ plane }) => plane.mqtt.droppedIn,
  ),
  counter(
    'millrace_mqtt_messages_undeliverable_total',
    'Messages larger than their MQTT receiver takes, or on an address that is no topic name.',
    ({ plane }) => plane.mqtt.undeliverable,
  ),
];

export const STORE_METRICS: readonly Metric[] = [
  gauge(
    'millrace_stored_bytes',
    'Content of all stored messages, each message once.',
    ({ plane }) => plane.storedBytes,
  ),
  gauge('millrace_stored_bytes_limit', 'How much that may be.', ({ plane }) => plane.storedBytesLimit),
  gauge(
    'millrace_durable_subscriptions',
    'Subscriptions that keep messages while nobody receives.',
    ({ plane }) => plane.subscriptions,
  ),
  {
    name: 'millrace_store_state',
    kind: 'gauge',
    help: '1 for the state that the store is in: `open`, `full`, `failed` or `closed`.',
    labels: ['state'],
    *read({ store }) {
      for (const state of STORE_STATES) yield { labels: { state }, value: Number(store.state === state) };
    },
  },
  gauge(
    'millrace_journal_bytes_limit',
    'Limit of all files; no sample: the disk is the limit.',
    ({ sources }) => sources.storeLimitBytes,
  ),
  gauge('millrace_journal_bytes_on_disk', 'All files of the journal.', ({ plane }) => plane.journal?.bytesOnDisk),
  gauge('millrace_journal_bytes_used', 'Bytes in segments that hold records.', ({ plane }) => plane.journal?.bytesUsed),
  gauge(
    'millrace_journal_bytes_live',
    'Bytes of records that are still needed.',
    ({ plane }) => plane.journal?.bytesLive,
  ),
  gauge(
    'millrace_journal_bytes_pending',
    'Bytes committed and not on disk yet.',
    ({ plane }) => plane.journal?.bytesPending,
  ),
  gauge('millrace_journal_segments', 'Segments that hold records.', ({ plane }) => plane.journal?.segments),
  gauge('millrace_journal_damaged', '1 when damage was found while a segment was emptied.', ({ plane }) =>
    plane.journal === undefined ? undefined : Number(plane.journal.damage !== undefined),
  ),
  counter('millrace_journal_batches_total', 'Batches that were committed.', ({ plane }) => plane.journal?.batches),
  counter('millrace_journal_records_total', 'Records in them.', ({ plane }) => plane.journal?.records),
  counter(
    'millrace_journal_syncs_total',
    'Writes made durable, each of one or more batches.',
    ({ plane }) => plane.journal?.syncs,
  ),
  counter('millrace_journal_written_bytes_total', 'Bytes written.', ({ plane }) => plane.journal?.bytesWritten),
  counter(
    'millrace_journal_rewritten_bytes_total',
    'Of those, written again to empty a segment.',
    ({ plane }) => plane.journal?.bytesRewritten,
  ),
  counter(
    'millrace_journal_segments_emptied_total',
    'Segments that were emptied.',
    ({ plane }) => plane.journal?.segmentsEmptied,
  ),
  counter(
    'millrace_journal_commits_refused_total',
    'Commits refused for want of room, or after a failure.',
    ({ plane }) => plane.journal?.commitsRefused,
  ),
];

function perListener(
  name: string,
  kind: Metric['kind'],
  help: string,
  field: 'connections' | 'connectionLimit',
): Metric {
  return {
    name,
    kind,
    help,
    labels: ['listener'],
    read: ({ plane }) =>
      plane.listeners.map((listener) => ({ labels: { listener: listener.name }, value: listener[field] })),
  };
}

type ListenerCounter = keyof PlaneFigures['listeners'][number]['counters'];

function byReason(name: string, help: string, reasons: readonly (readonly [string, ListenerCounter])[]): Metric {
  return {
    name,
    kind: 'counter',
    help,
    labels: ['listener', 'reason'],
    *read({ plane }): Generator<Sample> {
      for (const listener of plane.listeners) {
        for (const [reason, field] of reasons) {
          yield { labels: { listener: listener.name, reason }, value: listener.counters[field] };
        }
      }
    },
  };
}

function byProtocol(name: string, help: string, field: 'authenticationsFailed' | 'revoked'): Metric {
  return {
    name,
    kind: 'counter',
    help,
    labels: ['protocol'],
    read: ({ plane }) => [
      { labels: { protocol: 'amqp' }, value: plane.amqp[field] },
      { labels: { protocol: 'mqtt' }, value: plane.mqtt[field] },
    ],
  };
}

function perLink(name: string, help: string, value: (link: ConnectionObservation['links'][number]) => number): Metric {
  return {
    name,
    kind: 'gauge',
    help,
    labels: ['protocol', 'role'],
    *read({ connections }): Generator<Sample> {
      for (const protocol of PROTOCOLS) {
        const links = connections
          .filter((connection) => connection.protocol === protocol)
          .flatMap(({ links: own }) => own);
        for (const role of ['sender', 'receiver'] as const) {
          const sum = links.reduce((total, link) => (link.role === role ? total + value(link) : total), 0);
          yield { labels: { protocol, role }, value: sum };
        }
      }
    },
  };
}

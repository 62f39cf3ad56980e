/**
 * Metrics of addresses and jobs: those with a series of their own by name, the others together as `$other`. The label of a
 * job is `job_name`, since Prometheus itself calls what it scrapes `job`.
 */
import type { JobPhase } from '@millrace/controller';
import { OTHER } from './bounded-series.js';
import type { Metric, Sample } from './metric.js';
import type { AddressFigures, JobFigures, Snapshot } from './sources.js';

/** Name, what `AddressView.counters` calls it, and help. The first says how busy an address is. */
export const ADDRESS_COUNTERS = [
  ['millrace_address_messages_in_total', 'in', 'Messages that the address took.'],
  ['millrace_address_messages_out_total', 'out', 'Messages handed to receivers; a redelivery counts again.'],
  [
    'millrace_address_messages_dropped_total',
    'dropped',
    'Lost on purpose: dropOldest, a slow receiver of a multicast.',
  ],
  ['millrace_address_messages_rejected_total', 'rejected', 'Sends that were refused.'],
  ['millrace_address_messages_expired_total', 'expired', 'Messages whose time to live was over.'],
  ['millrace_address_messages_dead_lettered_total', 'deadLettered', 'Messages moved to the dead-letter address.'],
  ['millrace_address_messages_duplicate_total', 'duplicates', 'Not stored, as their id was in the window.'],
  ['millrace_address_read_failures_total', 'readFailures', 'Tries to read stored messages back from disk that failed.'],
] as const;

export const JOB_COUNTERS = [
  ['millrace_job_rows_in_total', 'rowsIn', 'Rows that the job read.'],
  ['millrace_job_rows_out_total', 'rowsOut', 'Rows that it sent.'],
  ['millrace_job_rows_late_total', 'rowsLate', 'Rows that came after their window was closed.'],
  ['millrace_job_rows_failed_total', 'rowsFailed', 'Rows that could not be decoded or computed.'],
] as const;

const JOB_PHASES: readonly JobPhase[] = ['Pending', 'Running', 'Paused', 'Failed'];

export const ADDRESS_METRICS: readonly Metric[] = [
  {
    name: 'millrace_addresses',
    kind: 'gauge',
    help: 'Addresses: `ready` and `not-ready` have a document, `undeclared` have none.',
    labels: ['state'],
    read: ({ addresses }) => {
      const all = [...addresses.named, ...addresses.others];
      const declared = all.filter(({ messagesLimit }) => messagesLimit > 0);
      const ready = declared.filter((address) => address.ready).length;
      return [
        { labels: { state: 'ready' }, value: ready },
        { labels: { state: 'not-ready' }, value: declared.length - ready },
        { labels: { state: 'undeclared' }, value: all.length - declared.length },
      ];
    },
  },
  ...ADDRESS_COUNTERS.map(([name, , help], index) => namedCounter('addresses', 'address', { name, help, index })),
  addressGauge(
    'millrace_address_messages_stored',
    'Messages stored now; of a topic, over its subscriptions.',
    (address) => address.stored,
  ),
  addressGauge('millrace_address_bytes_stored', 'Their content in bytes.', (address) => address.storedBytes),
  addressGauge(
    'millrace_address_messages_paged_out',
    'Of those, messages that lie on disk alone.',
    (address) => address.pagedOut,
  ),
  addressGauge('millrace_address_senders', 'Senders on it now.', (address) => address.senders),
  addressGauge('millrace_address_receivers', 'Receivers on it now.', (address) => address.receivers),
  addressGauge('millrace_address_full', '1 when it is full; for `$other`, how many are.', (address) =>
    Number(address.full),
  ),
  limitGauge('millrace_address_messages_limit', 'How many messages it may store.', (address) => address.messagesLimit),
  limitGauge('millrace_address_bytes_limit', 'How many bytes.', (address) => address.bytesLimit),
];

export const JOB_METRICS: readonly Metric[] = [
  {
    name: 'millrace_jobs',
    kind: 'gauge',
    help: 'Jobs by phase.',
    labels: ['phase'],
    read: ({ jobs }) => {
      const all = [...jobs.named, ...jobs.others];
      return JOB_PHASES.map((phase) => ({
        labels: { phase },
        value: all.filter(({ observation }) => observation.phase === phase).length,
      }));
    },
  },
  ...JOB_COUNTERS.map(([name, , help], index) => namedCounter('jobs', 'job_name', { name, help, index })),
  jobGauge('millrace_job_running', '1 when it runs; for `$other`, how many do.', ({ observation }) =>
    Number(observation.phase === 'Running'),
  ),
  jobGauge('millrace_job_backlog_messages', 'Messages that wait to be read.', ({ observation }) => observation.backlog),
  jobGauge('millrace_job_open_windows', 'Windows that are open.', ({ observation }) => observation.openWindows),
  jobGauge('millrace_job_state_rows', 'Rows of state.', ({ observation }) => observation.stateRows),
  {
    name: 'millrace_job_watermark_timestamp_seconds',
    kind: 'gauge',
    help: 'Up to when the job has seen everything; no sample before its first row. Not of `$other`.',
    labels: ['job_name'],
    *read({ jobs }) {
      for (const { name, observation } of jobs.named) {
        if (observation.watermark === undefined) continue;
        yield { labels: { job_name: name }, value: Date.parse(observation.watermark) / 1000 };
      }
    },
  },
];

/** Counters are in the order of their table. */
function namedCounter(
  of: 'addresses' | 'jobs',
  label: string,
  { name, help, index }: { readonly name: string; readonly help: string; readonly index: number },
): Metric {
  return {
    name,
    kind: 'counter',
    help,
    labels: [label],
    *read(snapshot: Snapshot): Generator<Sample> {
      const { named, others, otherCounters } = snapshot[of];
      for (const item of named) yield { labels: { [label]: item.name }, value: item.counters[index]! };
      const value = otherCounters[index]!;
      if (others.length > 0 || value !== 0) yield { labels: { [label]: OTHER }, value };
    },
  };
}

function addressGauge(name: string, help: string, value: (address: AddressFigures) => number): Metric {
  return {
    name,
    kind: 'gauge',
    help,
    labels: ['address'],
    read: (snapshot) => summed(snapshot.addresses, 'address', value),
  };
}

/** A limit of many together would say nothing. */
function limitGauge(name: string, help: string, value: (address: AddressFigures) => number): Metric {
  return {
    name,
    kind: 'gauge',
    help: `${help} Not of \`$other\`, nor without a document.`,
    labels: ['address'],
    *read({ addresses }) {
      for (const address of addresses.named) {
        if (value(address) > 0) yield { labels: { address: address.name }, value: value(address) };
      }
    },
  };
}

function jobGauge(name: string, help: string, value: (job: JobFigures) => number): Metric {
  return {
    name,
    kind: 'gauge',
    help,
    labels: ['job_name'],
    read: (snapshot) => summed(snapshot.jobs, 'job_name', value),
  };
}

function* summed<T extends { readonly name: string }>(
  { named, others }: { readonly named: readonly T[]; readonly others: readonly T[] },
  label: string,
  value: (item: T) => number,
): Generator<Sample> {
  for (const item of named) yield { labels: { [label]: item.name }, value: value(item) };
  if (others.length > 0)
    yield { labels: { [label]: OTHER }, value: others.reduce((sum, item) => sum + value(item), 0) };
}

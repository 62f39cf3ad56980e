/** `millrace top`: the busiest addresses, jobs and connections, by what they did between two looks. */
import type { AddressDocument, Client, Connection, JobDocument, Page } from '@millrace/contract';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import { pause, type Terminal } from '../terminal.js';
import { type Column, formatTable } from '../text/table.js';

export interface TopOptions extends ControlOptions {
  readonly interval: number;
  readonly rows: number;
  readonly output: 'table' | 'json' | 'jsonl';
  /** How many times; default: without end on a terminal, once elsewhere. */
  readonly count?: number;
}

/** So many of each are looked at: with more, those that have done most since the start. */
const LOOKED_AT = 500;

interface Look {
  readonly atMs: number;
  readonly addresses: readonly AddressDocument[];
  readonly jobs: readonly JobDocument[];
  readonly connections: readonly Connection[];
}

export interface AddressRates {
  readonly name: string;
  readonly stored: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  readonly senders: number;
  readonly receivers: number;
}

export interface JobRates {
  readonly name: string;
  readonly phase: string;
  readonly rowsInPerSecond: number;
  readonly rowsOutPerSecond: number;
  readonly backlog: number;
}

export interface ConnectionRates {
  readonly id: string;
  readonly protocol: string;
  readonly container: string;
  readonly deliveriesPerSecond: number;
  readonly links: number;
  readonly unsettled: number;
}

export interface Rates {
  readonly time: string;
  /** Over how long the rates are. */
  readonly seconds: number;
  readonly addresses: readonly AddressRates[];
  readonly jobs: readonly JobRates[];
  readonly connections: readonly ConnectionRates[];
}

const HOME_AND_CLEAR = '\u001b[H\u001b[J';

export async function top(terminal: Terminal, options: TopOptions): Promise<ExitCode> {
  const signal = terminal.interruption();
  const client = await openControlClient(terminal, options);
  const refreshes = terminal.outputIsTerminal && options.output === 'table';
  const times = options.count ?? (refreshes ? Number.POSITIVE_INFINITY : 1);
  let before = await look(client);
  for (let shown = 0; shown < times; shown += 1) {
    await pause(options.interval, signal);
    if (signal.aborted) return shown > 0 || refreshes ? EXIT_CODE.done : EXIT_CODE.interrupted;
    const now = await look(client);
    const rates = ratesBetween(before, now, options.rows);
    before = now;
    if (options.output !== 'table') await showData(terminal, rates, options.output);
    else terminal.data(`${refreshes ? HOME_AND_CLEAR : ''}${ratesText(rates, terminal.columns)}`);
  }
  return EXIT_CODE.done;
}

async function look(client: Client): Promise<Look> {
  const [addresses, jobs, connections] = await Promise.all([
    client.request<Page<AddressDocument>>('GET', `/v1/addresses?sort=-messagesIn&limit=${LOOKED_AT}`),
    client.request<Page<JobDocument>>('GET', `/v1/jobs?sort=-rowsIn&limit=${LOOKED_AT}`),
    client.request<Page<Connection>>('GET', `/v1/connections?sort=-deliveries&limit=${LOOKED_AT}`),
  ]);
  return { atMs: performance.now(), addresses: addresses.items, jobs: jobs.items, connections: connections.items };
}

function ratesBetween(before: Look, now: Look, rows: number): Rates {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  // A counter that fell is of one that was made anew, or a server that was started again: it began at 0.
  const rate = (old: number | undefined, value: number | undefined): number => {
    const grown = (value ?? 0) - (old ?? value ?? 0);
    return Math.round(((grown < 0 ? (value ?? 0) : grown) / seconds) * 10) / 10;
  };
  const addressBefore = new Map(before.addresses.map((address) => [address.metadata.uid, address.status.statistics]));
  const jobBefore = new Map(before.jobs.map((job) => [job.metadata.uid, job.status.statistics]));
  const connectionBefore = new Map(before.connections.map((connection) => [connection.id, deliveriesOf(connection)]));
  const addresses = now.addresses.map(({ metadata, status: { statistics } }): AddressRates => {
    const old = addressBefore.get(metadata.uid);
    return {
      name: metadata.name,
      stored: statistics?.stored ?? 0,
      inPerSecond: rate(old?.messagesIn, statistics?.messagesIn),
      outPerSecond: rate(old?.messagesOut, statistics?.messagesOut),
      senders: statistics?.senders ?? 0,
      receivers: statistics?.receivers ?? 0,
    };
  });
  const jobs = now.jobs.map(({ metadata, status: { phase, statistics } }): JobRates => {
    const old = jobBefore.get(metadata.uid);
    return {
      name: metadata.name,
      phase,
      rowsInPerSecond: rate(old?.rowsIn, statistics?.rowsIn),
      rowsOutPerSecond: rate(old?.rowsOut, statistics?.rowsOut),
      backlog: statistics?.backlog ?? 0,
    };
  });
  const connections = now.connections
    .filter(({ protocol }) => protocol !== 'job')
    .map((connection): ConnectionRates => {
      const { container, id, links, protocol } = connection;
      return {
        id,
        protocol,
        container,
        deliveriesPerSecond: rate(connectionBefore.get(id), deliveriesOf(connection)),
        links: links.length,
        unsettled: links.reduce((sum, { unsettled }) => sum + unsettled, 0),
      };
    });
  return {
    time: new Date().toISOString(),
    seconds: Math.round(seconds * 100) / 100,
    addresses: busiest(
      addresses,
      ({ inPerSecond, outPerSecond, stored }) => [inPerSecond + outPerSecond, stored],
      rows,
    ),
    jobs: busiest(jobs, ({ backlog, rowsInPerSecond }) => [rowsInPerSecond, backlog], rows),
    connections: busiest(connections, ({ deliveriesPerSecond, links }) => [deliveriesPerSecond, links], rows),
  };
}

function deliveriesOf({ links }: Connection): number {
  return links.reduce((sum, { deliveries }) => sum + deliveries, 0);
}

function busiest<T>(items: readonly T[], key: (item: T) => readonly [number, number], rows: number): readonly T[] {
  return [...items].sort((one, other) => key(other)[0] - key(one)[0] || key(other)[1] - key(one)[1]).slice(0, rows);
}

function number<Row>(title: string, value: (row: Row) => number): Column<Row> {
  return { title, value, align: 'right' };
}

const ADDRESSES: readonly Column<AddressRates>[] = [
  { title: 'ADDRESS', value: ({ name }) => name },
  number('STORED', ({ stored }) => stored),
  number('IN/S', ({ inPerSecond }) => inPerSecond),
  number('OUT/S', ({ outPerSecond }) => outPerSecond),
  number('SENDERS', ({ senders }) => senders),
  number('RECEIVERS', ({ receivers }) => receivers),
];

const JOBS: readonly Column<JobRates>[] = [
  { title: 'JOB', value: ({ name }) => name },
  { title: 'PHASE', value: ({ phase }) => phase },
  number('ROWS IN/S', ({ rowsInPerSecond }) => rowsInPerSecond),
  number('ROWS OUT/S', ({ rowsOutPerSecond }) => rowsOutPerSecond),
  number('BACKLOG', ({ backlog }) => backlog),
];

const CONNECTIONS: readonly Column<ConnectionRates>[] = [
  { title: 'CONNECTION', value: ({ id }) => id },
  { title: 'PROTOCOL', value: ({ protocol }) => protocol },
  { title: 'CONTAINER', value: ({ container }) => (container.length > 30 ? `${container.slice(0, 29)}…` : container) },
  number('MESSAGES/S', ({ deliveriesPerSecond }) => deliveriesPerSecond),
  number('LINKS', ({ links }) => links),
  number('UNSETTLED', ({ unsettled }) => unsettled),
];

function ratesText({ addresses, connections, jobs, seconds, time }: Rates, maxWidth: number | undefined): string {
  const parts = [`${time.slice(11, 19)} UTC, rates over the last ${seconds} s\n`];
  if (addresses.length > 0) parts.push(formatTable(ADDRESSES, addresses, { maxWidth }));
  if (jobs.length > 0) parts.push(formatTable(JOBS, jobs, { maxWidth }));
  if (connections.length > 0) parts.push(formatTable(CONNECTIONS, connections, { maxWidth }));
  if (parts.length === 1) parts.push('There is no address, no job and no client.\n');
  return parts.join('\n');
}

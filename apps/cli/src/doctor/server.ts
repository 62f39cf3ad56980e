/** The server that the other commands would ask: does it answer, is it ready, what needs attention, whose clock is right. */
import type { Client, ServerStatus } from '@millrace/contract';
import { reasonOf } from '../control/kinds.js';
import { printable } from '../text/table.js';
import { type Finding, fault, warning, well } from './finding.js';

const CLOCK_APART_MS = 5_000;
const TIMEOUT_MS = 5_000;
const ATTENTION_SHOWN = 10;

export interface ServerFindings {
  readonly findings: readonly Finding[];
  /** Where it listens on this machine. */
  readonly ports: ReadonlySet<number>;
}

export async function checkServer(client: Client, server: string): Promise<ServerFindings> {
  const check = 'server';
  const { ProblemError } = await import('@millrace/contract');
  let status: ServerStatus;
  try {
    status = await client.status();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { detail, status: code } = error.problem;
    const fix =
      code === 401 || code === 403
        ? 'MILLRACE_TOKEN, or millrace context add NAME --token-file F'
        : 'millrace serve, or --server with its URL';
    return { findings: [fault(check, detail, fix)], ports: new Set() };
  }
  const findings: Finding[] = [well(check, `Millrace ${status.version} at ${server}`)];
  findings.push(
    status.ready
      ? well('ready', 'all documents are with the planes')
      : fault('ready', 'documents are being brought to the planes', 'millrace status, in a moment'),
    storeFinding(status),
    ...(await attention(client, status)),
    await clockFinding(server),
  );
  return { findings, ports: new Set(status.endpoints.map(({ port }) => port)) };
}

function storeFinding({ store }: ServerStatus): Finding {
  if (store.kind === 'memory') {
    return warning('store', 'in memory: gone when the server ends', 'millrace serve --data <directory>');
  }
  const detail = printable(store.message ?? store.directory ?? '');
  if (store.state === 'open') return well('store', detail);
  if (store.state === 'full')
    return fault('store', detail, 'make room: receive or purge messages, or a larger data.limit');
  return fault('store', detail, 'see the log of the server, mend the disk, start the server again');
}

async function attention(client: Client, { addresses, jobs }: ServerStatus): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (addresses.ready < addresses.total) {
    for (const { metadata, status } of await client.addresses.list()) {
      const reason = reasonOf({ status });
      if (reason !== undefined) findings.push(notWell('address', metadata.name, reason));
    }
  }
  if (jobs.running < jobs.total) {
    for (const { metadata, status } of await client.jobs.list()) {
      if (status.phase === 'Failed') findings.push(notWell('job', metadata.name, reasonOf({ status }) ?? status.phase));
    }
  }
  if (findings.length > 0) return findings.slice(0, ATTENTION_SHOWN);
  return [
    well(
      'documents',
      `${addresses.ready} of ${addresses.total} addresses ready, ${jobs.running} of ${jobs.total} jobs running`,
    ),
  ];
}

function notWell(kind: 'address' | 'job', name: string, reason: string): Finding {
  return fault(`${kind} ${printable(name)}`, printable(reason), `millrace describe ${kind} ${printable(name)}`);
}

/** Windows by time, tokens and certificates all need clocks that agree. */
async function clockFinding(server: string): Promise<Finding> {
  const before = Date.now();
  const response = await fetch(`${server.replace(/\/+$/, '')}/healthz`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => undefined);
  await response?.body?.cancel();
  const theirs = Date.parse(response?.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return warning('clock', 'the server did not say its time', 'try again');
  // The header has whole seconds.
  const apart = Math.max(0, Math.abs(theirs + 500 - (before + Date.now()) / 2) - 500);
  if (apart <= CLOCK_APART_MS) return well('clock', `within ${CLOCK_APART_MS / 1000} s of the server's`);
  return warning('clock', `${Math.round(apart / 1000)} s from the server's`, 'set both by NTP');
}

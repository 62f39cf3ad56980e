/**
 * The main job, right across each kill: count, maximum, minimum and sum of each second, each result stored exactly once.
 * Nobody reads the results while servers are killed: a receiver that reads them once at the end sees what is stored.
 */
import { eventually, pause } from '../harness/commands.js';
import type { DurableServer } from '../harness/durable-server.js';
import { uniqueValue } from '../harness/known-windows.js';
import { protonReceiver, protonSender, type SendingClient } from './clients.js';
import { compareWindows, type Reading, type WindowResult } from './job-windows.js';
import type { Check, Workload } from './workload.js';

const WINDOW_MS = 1_000;
const PUBLISHERS = 4;

export interface JobLoadOptions {
  /** After a restart. Default: 10,000. */
  readonly runsWithinMs?: number;
  /** From the end of a window to its result, at most. Default: one window. */
  readonly resultWithinMs?: number;
  /** What `max` drops when it comes twice. Default: nothing. */
  readonly deduplication?: Readonly<Record<string, unknown>>;
}
const SQL = `INSERT INTO max
SELECT CAST(window.end AS STRING) AS window_end, count(*) AS readings, max(try_cast(body AS INT)) AS maximum,
       min(try_cast(body AS INT)) AS minimum, sum(try_cast(body AS INT)) AS total
FROM STREAM temperature
GROUP BY window(time, '1 second')`;

export class JobLoad implements Workload {
  readonly kind = 'jobs';
  private senders: SendingClient[] = [];
  private acceptedAtRestart: number[] = [];
  private results: WindowResult[] = [];
  private readonly options: JobLoadOptions;

  constructor(options: JobLoadOptions = {}) {
    this.options = options;
  }

  async start(server: DurableServer): Promise<void> {
    const { deduplication } = this.options;
    const queue = { type: 'queue', durability: 'always' };
    await server.put('addresses', 'temperature', queue);
    await server.put('addresses', 'max', deduplication === undefined ? queue : { ...queue, deduplication });
    await server.put('jobs', 'max-temperature', { sql: SQL });
    this.senders = Array.from({ length: PUBLISHERS }, (_, index) =>
      protonSender(server, {
        producer: `publisher-${index}`,
        address: 'temperature',
        ratePerSecond: 50 + 50 * index,
        window: 1,
        numbers: index,
      }),
    );
  }

  counts() {
    const accepted = this.senders.reduce((all, { ledger }) => all + ledger.accepted, 0);
    return { accepted, received: this.results.length };
  }

  killed(): void {
    this.acceptedAtRestart = this.senders.map(({ ledger }) => ledger.accepted);
  }

  waitsFor(): string | undefined {
    const idle = this.senders.find(({ ledger }, index) => ledger.accepted <= (this.acceptedAtRestart[index] ?? 0));
    return idle === undefined ? undefined : `${idle.ledger.name} has nothing accepted: ${idle.process.errors.trim()}`;
  }

  async afterRestart(server: DurableServer): Promise<Check[]> {
    const running = async () => {
      const { status, json } = await server.http('/v1/jobs/max-temperature');
      return status === 200 && (json as { status?: { phase?: string } }).status?.phase === 'Running';
    };
    const faults = await eventually('the job runs', running, this.options.runsWithinMs ?? 10_000).then(
      () => [],
      (error: Error) => [error.message],
    );
    return [{ name: 'the job runs', faults }];
  }

  async stopSending(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.finish()));
    // The last window ends by the clock.
    await pause(WINDOW_MS + (this.options.resultWithinMs ?? WINDOW_MS));
  }

  owed(): undefined {
    return undefined;
  }

  async finish(server: DurableServer, killedAt: readonly number[]) {
    const receiver = protonReceiver(server, {
      name: 'max',
      address: 'max',
      onBody: (body) => this.results.push(resultOf(body)),
    });
    await eventually('a result', () => this.results.length > 0, 5_000).catch(() => {});
    for (let seen = -1; seen !== this.results.length; await pause(700)) seen = this.results.length;
    await receiver.finish();
    const { windows, readings, uncertain, faults } = compareWindows(this.readings(killedAt), this.results, WINDOW_MS);
    const name = `main job: ${windows} windows, ${readings} readings, ${uncertain} near an edge or a kill`;
    return { checks: [{ name, faults }], comparisons: [] };
  }

  private readings(killedAt: readonly number[]): Reading[] {
    return this.senders.flatMap(({ ledger }, index) =>
      [...ledger.sent].map(([sequence, { at, acceptedAt }]) => ({
        value: uniqueValue(index, sequence),
        sentAt: at,
        acceptedAt,
        takenBefore: acceptedAt ?? killedAt.find((kill) => kill >= at) ?? at,
      })),
    );
  }
}

function resultOf(body: string): WindowResult {
  const { window_end, readings, maximum, minimum, total } = JSON.parse(body);
  return {
    // `2026-01-31 12:00:05` as SQL prints a timestamp, UTC.
    end: Date.parse(`${String(window_end).replace(' ', 'T')}Z`),
    readings: Number(readings),
    maximum: Number(maximum),
    minimum: Number(minimum),
    total: Number(total),
  };
}

/**
 * Holds what a destination (a queue, or one subscription of a topic) owes against what its receivers got.
 *
 * - lost: accepted, and never received. - invented: received, and never sent.
 * - A second copy needs a reason: the first was not settled when a server was killed, or settled within the last commit
 *   interval before; or its MQTT client wrote it twice (QoS 1). An exactly-once destination knows no reason.
 * - order: first copies of each producer rise. Where nothing is written twice and one receiver has the queue alone, all
 *   copies rise within one life of the receiver.
 */
import type { ProducerLedger, ReceiverLedger, Reception, Sent } from './ledger.js';

/** A settlement may be in a socket or in the open batch: at least so much, and at most, is called the last commit interval. */
const COMMIT_INTERVAL_MS = { least: 300, most: 3_000 } as const;

export interface Destination {
  readonly name: string;
  readonly producers: readonly ProducerLedger[];
  readonly receivers: readonly ReceiverLedger[];
  /** `once`: no message may come twice, whatever happens. */
  readonly guarantee: 'at-least-once' | 'once';
  /** Default: `rises`, where one receiver has it alone. */
  readonly order?: 'rises' | 'any';
}

export interface Comparison {
  readonly name: string;
  readonly accepted: number;
  /** Sent, and neither accepted nor refused before its connection was lost. */
  readonly inDoubt: number;
  readonly inDoubtReceived: number;
  readonly received: number;
  readonly duplicates: number;
  /** Second copies of which the server did not say that they may have been delivered before. */
  readonly unmarked: number;
  readonly faults: readonly string[];
}

/** A moment after which what was settled since `since` may come again. */
interface Break {
  readonly at: number;
  readonly since: number;
}

/**
 * The last commit interval before each kill. What a disk is slow with shows from outside: the oldest message that had no
 * answer yet waited for a commit, and so did what was settled since.
 */
function breaksOf({ producers, receivers }: Destination, kills: readonly number[]): Break[] {
  const { least, most } = COMMIT_INTERVAL_MS;
  const breaks = kills.map((at, index) => {
    const before = kills[index - 1] ?? 0;
    let oldest = at - least;
    for (const { sent } of producers) {
      for (const { at: sentAt, acceptedAt } of sent.values()) {
        const waits = sentAt > before && sentAt < at && (acceptedAt === undefined || acceptedAt > at);
        if (waits && sentAt < oldest) oldest = sentAt;
      }
    }
    return { at, since: Math.max(oldest, at - most) };
  });
  const left = receivers.flatMap(({ leftAt }) => leftAt.map((at) => ({ at, since: at - least })));
  return [...breaks, ...left];
}

export function compare(destination: Destination, kills: readonly number[]): Comparison {
  const breaks = breaksOf(destination, kills);
  const faults: string[] = [];
  const copies = copiesOf(destination, faults);
  let [accepted, inDoubt, inDoubtReceived, duplicates, unmarked] = [0, 0, 0, 0, 0];
  for (const producer of destination.producers) {
    for (const [sequence, sent] of producer.sent) {
      const key = `${producer.name}|${sequence}`;
      const got = copies.get(key) ?? [];
      copies.delete(key);
      const place = `${key} (${roundOf(sent, kills)})`;
      if (sent.acceptedAt !== undefined) {
        accepted += 1;
        if (got.length === 0) faults.push(`lost: ${place}`);
      } else if (sent.refused === undefined) {
        inDoubt += 1;
        if (got.length > 0) inDoubtReceived += 1;
      } else if (got.length > 0) faults.push(`refused with ${sent.refused} and received: ${place}`);
      duplicates += Math.max(0, got.length - 1);
      unmarked += got.slice(1).filter(({ again }) => again === false).length;
      const unexplained = unexplainedCopies(got, sent, { destination, breaks });
      if (unexplained !== undefined) faults.push(`doubled: ${place}, ${unexplained}`);
    }
  }
  for (const key of copies.keys()) faults.push(`invented: ${key}`);
  faults.push(...destination.receivers.flatMap((receiver) => orderFaults(receiver, destination)));
  const received = destination.receivers.reduce((sum, receiver) => sum + receiver.receptions.length, 0);
  return { name: destination.name, accepted, inDoubt, inDoubtReceived, received, duplicates, unmarked, faults };
}

function copiesOf(destination: Destination, faults: string[]): Map<string, Reception[]> {
  const copies = new Map<string, Reception[]>();
  for (const receiver of destination.receivers) {
    for (const body of receiver.strange) faults.push(`invented: ${JSON.stringify(body.slice(0, 60))}`);
    for (const reception of receiver.receptions) {
      const key = `${reception.producer}|${reception.sequence}`;
      const known = copies.get(key);
      if (known === undefined) copies.set(key, [reception]);
      else known.push(reception);
    }
  }
  for (const list of copies.values()) list.sort((a, b) => a.at - b.at);
  return copies;
}

const roundOf = (sent: Sent, killedAt: readonly number[]) => {
  const kills = killedAt.filter((time) => time < (sent.acceptedAt ?? sent.at)).length;
  const to = sent.acceptedAt === undefined ? 'in doubt' : `accepted ${Math.round(sent.acceptedAt - sent.at)} ms later`;
  return `sent after ${kills} kills, ${to}`;
};

/** @returns a sentence about the first copy that nothing explains */
function unexplainedCopies(
  got: readonly Reception[],
  sent: Sent,
  { destination: { guarantee }, breaks }: { readonly destination: Destination; readonly breaks: readonly Break[] },
): string | undefined {
  let rewritten = sent.writes - 1;
  for (let index = 1; index < got.length; index += 1) {
    const [before, after] = [got[index - 1]!, got[index]!];
    const settledAt = before.settledAt ?? Number.POSITIVE_INFINITY;
    const reason = breaks.some(({ at, since }) => at <= after.at && settledAt >= since);
    if (guarantee === 'once') return `${got.length} copies where each may come once`;
    if (reason) continue;
    rewritten -= 1;
    if (rewritten >= 0) continue;
    const since =
      before.settledAt === undefined ? 'not settled' : `settled ${Math.round(after.at - before.settledAt)} ms`;
    return `copy ${index + 1} came ${Math.round(after.at - before.at)} ms after the one before, which was ${since} before`;
  }
  return undefined;
}

function orderFaults(receiver: ReceiverLedger, { producers, receivers, order }: Destination): string[] {
  if (receivers.length > 1 || order === 'any') return [];
  const faults: string[] = [];
  const rewrites = new Map(producers.map(({ name, sent }) => [name, [...sent.values()].some((one) => one.writes > 1)]));
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  const newestOfLife = new Map<string, number>();
  for (const { producer, sequence, life } of receiver.receptions) {
    const key = `${producer}|${sequence}`;
    if (!seen.has(key) && sequence < (newest.get(producer) ?? -1)) {
      faults.push(`out of order: ${key} came after ${newest.get(producer)}`);
    }
    const inLife = `${producer}|${life}`;
    if (rewrites.get(producer) === false && sequence <= (newestOfLife.get(inLife) ?? -1)) {
      faults.push(`out of order: ${key} came after ${newestOfLife.get(inLife)} over the same connection`);
    }
    seen.add(key);
    newest.set(producer, Math.max(sequence, newest.get(producer) ?? -1));
    newestOfLife.set(inLife, sequence);
  }
  return faults;
}

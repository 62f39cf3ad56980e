/** Runs rows in alternating rounds, so that what else the machine does meets every peer alike. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from './generator.mjs';
import { jobDocuments, jobFaultsOf } from './job-rows.mjs';
import { benchDirectory, startMillrace, startMosquitto, startRhea } from './processes.mjs';
import { faultsOf } from './rows.mjs';
import { median, range } from './statistics.mjs';

/** @typedef {{ rounds: number, seconds: number, say: (text: string) => void }} Settings */

/** Medians of the numbers in `samples`; what went wrong is added up, not averaged. */
export function summarize(name, samples, faults) {
  const medians = { name, samples: samples.length };
  for (const [field, value] of Object.entries(samples[0] ?? {})) {
    if (typeof value === 'number') medians[field] = median(samples.map((sample) => sample[field]));
  }
  medians.faults = samples.reduce((sum, sample) => sum + faults(sample), 0);
  for (const field of ['lost', 'lost_acknowledged', 'jobs_wrong', 'unread']) {
    if (field in medians) medians[field] = samples.reduce((sum, sample) => sum + sample[field], 0);
  }
  const rate = 'recv_per_s' in medians ? 'recv_per_s' : 'events_per_s';
  if (samples.length > 0) medians.range = range(samples.map((sample) => sample[rate]));
  return medians;
}

function measuredRow(row, medians, samples, errors) {
  const own = medians.find((entry) => entry.name === 'millrace');
  const peer = medians.find((entry) => entry.name !== 'millrace');
  const verdicts = own === undefined ? [] : row.bars.map((bar) => bar(own, peer ?? { name: 'no peer' }));
  return { name: row.name, title: row.title, medians, samples, verdicts, errors };
}

async function sampleOf(row, peer, settings) {
  const generator = row.protocol === 'mqtt' ? 'mqttgen' : 'amqpgen';
  const address = row.protocol === 'amqp' ? ['-a', 'bench'] : [];
  return generate(generator, [
    ...['-p', String(peer.ports[row.protocol]), '-T', String(peer.pid), '-L', `${peer.name} ${row.name}`],
    ...['-w', String(Math.min(1.5, settings.seconds)), '-t', String(settings.seconds)],
    ...address,
    ...row.arguments,
  ]);
}

/** @returns the measured rows and the versions of the peers */
export async function measureMessaging(rows, settings) {
  const peers = [await startMillrace({ apply: [join(benchDirectory, 'documents/messaging.yaml')] })];
  try {
    if (rows.some((row) => row.protocol === 'mqtt')) peers.push(await startMosquitto());
    if (rows.some((row) => row.protocol === 'amqp')) peers.push(await startRhea());
    const samples = new Map();
    const errors = new Map(rows.map((row) => [row.name, []]));
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const row of rows) {
        for (const peer of peers.filter((candidate) => row.protocol in candidate.ports)) {
          settings.say(`round ${round}/${settings.rounds}  ${row.title}  ${peer.name}`);
          const key = `${row.name} ${peer.name}`;
          try {
            samples.set(key, [...(samples.get(key) ?? []), await sampleOf(row, peer, settings)]);
          } catch (error) {
            errors.get(row.name).push(`${peer.name}: ${peer.ended ?? error.message}`);
          }
        }
      }
    }
    const measured = rows.map((row) => {
      const named = peers
        .map((peer) => ({ peer: peer.name, samples: samples.get(`${row.name} ${peer.name}`) ?? [] }))
        .filter((entry) => entry.samples.length > 0);
      const medians = named.map((entry) => summarize(entry.peer, entry.samples, (sample) => faultsOf(row, sample)));
      return measuredRow(row, medians, named, errors.get(row.name));
    });
    return { measured, versions: peers.map((peer) => peer.version) };
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

/** One server for each set of documents, pinned to one processor; the generator has the other. */
export async function measureJobs(rows, settings) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const samples = new Map(rows.map((row) => [row.name, []]));
  const errors = new Map(rows.map((row) => [row.name, []]));
  try {
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const set of new Set(rows.map((row) => row.documents))) {
        const due = rows.filter((row) => row.documents === set);
        await jobRound(due, jobDocuments(set, directory), { ...settings, round, samples, errors });
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  return rows.map((row) => {
    const taken = samples.get(row.name);
    const medians = taken.length === 0 ? [] : [summarize('millrace', taken, jobFaultsOf)];
    return measuredRow(row, medians, [{ peer: 'millrace', samples: taken }], errors.get(row.name));
  });
}

/** One round of the rows that share a set of documents. What fails is noted at the row it failed in. */
async function jobRound(rows, file, { round, samples, errors, ...settings }) {
  let server;
  let current = rows[0];
  try {
    server = await startMillrace({ apply: [file], processor: 0 });
    for (const row of rows) {
      current = row;
      settings.say(`round ${round}/${settings.rounds}  ${row.title}`);
      samples.get(row.name).push(await jobSampleOf(row, server, settings));
    }
  } catch (error) {
    errors.get(current.name).push(server?.ended ?? error.message);
  } finally {
    await server?.stop();
  }
}

async function jobSampleOf(row, server, settings) {
  const args = (seconds) => [
    ...['-p', String(server.ports.mqtt), '-T', String(server.pid), '-L', row.name, '-t', String(seconds)],
    ...row.arguments,
  ];
  // One second unmeasured: the code of this row's way is then compiled.
  await generate('jobgen', args(1), { processor: 1 });
  return generate('jobgen', args(settings.seconds * (row.secondsFactor ?? 1)), { processor: 1 });
}

/** Start to ready, and memory when nothing happens. */
export async function measureStart(settings, { starts = 10, idleMs = 5_000 } = {}) {
  const readyMs = [];
  const rssMb = [];
  for (let start = 1; start <= starts; start += 1) {
    settings.say(`start ${start}/${starts}`);
    const server = await startMillrace();
    readyMs.push(server.readyMs);
    if (start <= settings.rounds) {
      await new Promise((resolve) => setTimeout(resolve, idleMs));
      rssMb.push(server.rssMb);
    }
    await server.stop();
  }
  const own = { name: 'millrace', ready_ms: median(readyMs), rss_mb: median(rssMb), faults: 0 };
  const verdicts = [
    { wanted: 'ready in ≤ 400 ms', came: `${own.ready_ms.toFixed(0)} ms`, met: own.ready_ms <= 400 },
    { wanted: 'idle RSS ≤ 80 MB', came: `${own.rss_mb.toFixed(0)} MB`, met: own.rss_mb <= 80 },
  ];
  return {
    name: 'start',
    title: 'process start → ready, idle RSS',
    medians: [own],
    samples: [{ readyMs, rssMb }],
    verdicts,
    errors: [],
  };
}

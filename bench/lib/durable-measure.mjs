/** Runs the durable rows in alternating rounds; every store lies in one temporary directory, on one file system. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, startArtemis, startPersistentMosquitto, startRabbit } from './durable-peers.mjs';
import { durableFaultsOf } from './durable-rows.mjs';
import { generate } from './generator.mjs';
import { summarize } from './measure.mjs';
import { benchDirectory, startMillrace } from './processes.mjs';

const STARTS = { artemis: startArtemis, rabbitmq: startRabbit, mosquitto: startPersistentMosquitto };
const ONE_IN_FLIGHT = 1_000;
const BACKGROUND_SECONDS = 3;

/** RabbitMQ's plugin names a queue that exists so, and wants a user. */
const addressAt = (peer) => (peer.name === 'rabbitmq' ? ['-a', '/amq/queue/bench', '-m', 'PLAIN'] : ['-a', 'bench']);
const at = (peer, protocol) => [
  ...['-p', String(peer.ports[protocol]), '-T', String(peer.pid), '-L', peer.name],
  ...(protocol === 'amqp' ? addressAt(peer) : []),
];
const timed = (settings) => ['-w', String(Math.min(1.5, settings.seconds)), '-t', String(settings.seconds)];

/** By kind of row: one sample of one peer. */
const SAMPLES = {
  messages: (row, peer, settings) =>
    generate(row.protocol === 'mqtt' ? 'mqttgen' : 'amqpgen', [
      ...at(peer, row.protocol),
      ...timed(settings),
      ...row.arguments,
    ]),
  one: async (_row, peer, settings) => {
    if (peer.name === 'disk') {
      // What a batch of one message takes in the journal, about.
      return generate('syncgen', ['-f', join(settings.directory, 'sync'), '-s', '200', '-n', String(ONE_IN_FLIGHT)]);
    }
    const count = ['-n', String(ONE_IN_FLIGHT)];
    const sample = await generate('amqpgen', [...at(peer, 'amqp'), '-u', '-d', '-R', '0', '-W', '1', '-A', ...count]);
    await generate('amqpgen', [...at(peer, 'amqp'), '-u', '-S', '0', ...count]);
    return sample;
  },
  beside: async (_row, peer, settings) => {
    const steady = () => generate('mqttgen', [...at(settings.millrace, 'mqtt'), ...timed(settings), '-r', '1000']);
    if (peer.name === 'alone') return steady();
    const seconds = settings.seconds + BACKGROUND_SECONDS;
    const flood = generate('amqpgen', [...at(peer, 'amqp'), '-u', '-d', '-w', '0.5', '-t', String(seconds)]);
    const sample = await steady();
    const { recv_per_s: floodRate } = await flood;
    return { ...sample, flood_per_s: floodRate };
  },
  drain: async (_row, peer, settings) => {
    const count = ['-n', String(settings.quick ? 100_000 : 1_000_000)];
    const stored = await generate('amqpgen', [...at(peer, 'amqp'), '-u', '-d', '-R', '0', '-W', '10000', ...count]);
    const drained = await generate('amqpgen', [...at(peer, 'amqp'), '-u', '-S', '0', ...count]);
    // How long they had waited is no latency.
    const { p50_us: _p50, p99_us: _p99, p999_us: _p999, ...figures } = drained;
    return { ...figures, stored_per_s: stored.recv_per_s, refused: stored.refused + drained.refused };
  },
};

/** Starts the brokers that the rows want. Who cannot be there is named with the reason. */
async function startPeers(rows, settings) {
  const peers = new Map();
  const absent = [];
  for (const name of new Set(rows.flatMap((row) => row.beside))) {
    if (name === 'disk' || name === 'alone') peers.set(name, { name, version: undefined, stop: async () => {} });
    else {
      const why = settings.quick ? `${name} is not measured with --quick` : missing(name);
      if (why !== undefined) absent.push(why);
      else {
        settings.say(`starting ${name}`);
        peers.set(name, await STARTS[name](settings.directory));
      }
    }
  }
  return { peers, absent };
}

/** @returns the measured rows, the versions of the peers, and why some were not measured */
export async function measureDurable(rows, options) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const settings = { ...options, directory };
  const apply = [join(benchDirectory, 'documents/durable.yaml')];
  const started = [];
  try {
    settings.millrace = await startMillrace({ apply, data: join(directory, 'millrace') });
    started.push(settings.millrace);
    const { peers, absent } = await startPeers(rows, settings);
    started.push(...peers.values());
    const samples = new Map();
    const errors = new Map(rows.map((row) => [row.name, []]));
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const row of rows) {
        const measured = [settings.millrace, ...row.beside.map((name) => peers.get(name)).filter((peer) => peer)];
        for (const peer of measured) {
          settings.say(`round ${round}/${settings.rounds}  durable: ${row.title}  ${peer.name}`);
          const key = `${row.name} ${peer.name}`;
          try {
            samples.set(key, [...(samples.get(key) ?? []), await SAMPLES[row.kind](row, peer, settings)]);
          } catch (error) {
            errors.get(row.name).push(`${peer.name}: ${peer.ended ?? error.message}`);
          }
        }
      }
    }
    const versions = started.map(({ version }) => version).filter((version) => version !== undefined);
    return { measured: rows.map((row) => measuredRow(row, samples, errors)), versions, absent };
  } finally {
    for (const peer of started) await peer.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function measuredRow(row, samples, errors) {
  const named = ['millrace', ...row.beside]
    .map((name) => ({ peer: name, samples: samples.get(`${row.name} ${name}`) ?? [] }))
    .filter((entry) => entry.samples.length > 0);
  const medians = named.map((entry) => summarize(entry.peer, entry.samples, durableFaultsOf));
  const [own, others] = [
    medians.find(({ name }) => name === 'millrace'),
    medians.filter(({ name }) => name !== 'millrace'),
  ];
  const verdicts = own === undefined ? [] : row.bars.map((bar) => bar(own, others));
  return { name: row.name, title: row.title, medians, samples: named, verdicts, errors: errors.get(row.name) };
}

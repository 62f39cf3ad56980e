/**
 * The rows of durable messages, as lib/rows.mjs has those in memory. `samples` names who is measured beside Millrace: brokers
 * (lib/durable-peers.mjs), or `disk`, a bare write and fdatasync of the same bytes on the same file system.
 */
const perSecond = (rate) => `${Math.round(rate).toLocaleString('en')}/s`;

const atLeast = (rate) => (own) => ({
  wanted: `≥ ${perSecond(rate)}`,
  came: perSecond(own.recv_per_s),
  met: own.recv_per_s >= rate,
});

/** Those that wait for the disk, as Millrace does. */
const timesFastest = (factor) => (own, others) => {
  const fastest = others.filter(({ name }) => name !== 'mosquitto').sort((a, b) => b.recv_per_s - a.recv_per_s)[0];
  return {
    wanted: `≥ ${factor} × the faster of Artemis and RabbitMQ`,
    came:
      fastest === undefined
        ? 'neither was measured'
        : `${(own.recv_per_s / fastest.recv_per_s).toFixed(1)} × ${fastest.name}`,
    met: fastest !== undefined && own.recv_per_s >= factor * fastest.recv_per_s,
  };
};

const atMostTimes = (field, factor, other) => (own, others) => {
  const base = others.find(({ name }) => name === other);
  return {
    wanted: `${field.slice(0, 3)} ≤ ${factor} × ${other}`,
    came: base === undefined ? 'not measured' : `${(own[field] / base[field]).toFixed(2)} ×`,
    met: base !== undefined && own[field] <= factor * base[field],
  };
};

const nothingLost = (own) => ({
  wanted: 'nothing lost, refused or out of order',
  came: own.faults === 0 ? 'nothing' : `${own.faults} faults`,
  met: own.faults === 0,
});

export const durableRows = [
  {
    name: 'durable-amqp',
    title: 'AMQP unsettled, one queue',
    kind: 'messages',
    protocol: 'amqp',
    beside: ['artemis', 'rabbitmq'],
    arguments: ['-u', '-d'],
    bars: [atLeast(400_000), timesFastest(10), nothingLost],
  },
  {
    name: 'durable-mqtt',
    title: 'MQTT QoS 1 to a kept session, window 100',
    kind: 'messages',
    protocol: 'mqtt',
    beside: ['artemis', 'rabbitmq', 'mosquitto'],
    arguments: ['-q', '1', '-W', '100', '-C', '2000', '-k'],
    bars: [atLeast(250_000), nothingLost],
  },
  {
    name: 'durable-one',
    title: 'AMQP unsettled, one message in flight: sent to accepted',
    kind: 'one',
    protocol: 'amqp',
    beside: ['disk', 'artemis', 'rabbitmq'],
    bars: [atMostTimes('p50_us', 1.3, 'disk'), nothingLost],
  },
  {
    name: 'durable-beside',
    title: 'MQTT QoS 0 at 1,000/s beside a durable AMQP flood',
    kind: 'beside',
    protocol: 'mqtt',
    beside: ['alone'],
    bars: [atMostTimes('p99_us', 2, 'alone'), nothingLost],
  },
  {
    name: 'durable-drain',
    title: 'reading stored messages',
    kind: 'drain',
    protocol: 'amqp',
    beside: [],
    bars: [atLeast(300_000), nothingLost],
  },
];

/** What counts as a fault of one run. */
export function durableFaultsOf(sample) {
  return (sample.lost ?? 0) + (sample.bad ?? 0) + (sample.dups ?? 0) + (sample.gaps ?? 0) + (sample.refused ?? 0);
}

/**
 * The rows of the report: what is run, against whom, and the bar. A bar is a function from the medians of this row to
 * the list of its parts, each with what was wanted, what came out, and whether that meets it.
 */

/** At least `factor` times the peer's messages a second. */
const timesPeer = (factor) => (own, peer) => ({
  wanted: `≥ ${factor} × ${peer.name}`,
  came: `${(own.recv_per_s / peer.recv_per_s).toFixed(1)} ×`,
  met: own.recv_per_s >= factor * peer.recv_per_s,
});
const atLeast = (rate) => (own) => ({
  wanted: `≥ ${rate.toLocaleString('en')}/s`,
  came: `${Math.round(own.recv_per_s).toLocaleString('en')}/s`,
  met: own.recv_per_s >= rate,
});
const processorAtMost = (microseconds) => (own) => ({
  wanted: `≤ ${microseconds} µs CPU`,
  came: `${own.cpu_us_per_recv.toFixed(2)} µs`,
  met: own.cpu_us_per_recv <= microseconds,
});
const latencyAtMost = (field, factor) => (own, peer) => ({
  wanted: `${field.slice(0, 3)} ≤ ${factor} × ${peer.name}`,
  came: `${(own[field] / peer[field]).toFixed(2)} ×`,
  met: own[field] <= factor * peer[field],
});
const nothingLost = (own) => ({
  wanted: 'nothing lost, doubled or out of order',
  came: own.faults === 0 ? 'nothing' : `${own.faults} faults`,
  met: own.faults === 0,
});
const none = [];

/** A flat-out run of QoS 0 keeps few enough messages under way that no peer has to drop one. */
export const messagingRows = [
  {
    name: 'mqtt-qos0',
    title: 'MQTT QoS 0, 1:1',
    protocol: 'mqtt',
    arguments: ['-q', '0', '-C', '2000'],
    bars: [timesPeer(8), processorAtMost(1.2), nothingLost],
  },
  {
    name: 'mqtt-qos1',
    title: 'MQTT QoS 1, 1:1, window 100',
    protocol: 'mqtt',
    arguments: ['-q', '1', '-W', '100', '-C', '2000'],
    bars: [timesPeer(6), nothingLost],
  },
  {
    name: 'mqtt-fan-in',
    title: 'MQTT QoS 0, 50 publishers, 1 subscriber',
    protocol: 'mqtt',
    arguments: ['-q', '0', '-P', '50', '-C', '2000'],
    bars: [timesPeer(8), processorAtMost(1.2), nothingLost],
  },
  {
    name: 'mqtt-fan-out',
    title: 'MQTT QoS 0, 1 publisher, 50 subscribers',
    protocol: 'mqtt',
    arguments: ['-q', '0', '-S', '50', '-C', '200'],
    bars: [timesPeer(8), processorAtMost(1.2), nothingLost],
  },
  {
    name: 'mqtt-ping-pong',
    title: 'MQTT QoS 1, 50 publishers, one under way each',
    protocol: 'mqtt',
    arguments: ['-q', '1', '-P', '50', '-W', '1', '-C', '2000'],
    bars: [nothingLost],
  },
  {
    name: 'mqtt-latency',
    title: 'MQTT QoS 1 at 1,000/s',
    protocol: 'mqtt',
    arguments: ['-q', '1', '-r', '1000'],
    bars: [latencyAtMost('p50_us', 1.3), latencyAtMost('p99_us', 2), nothingLost],
  },
  {
    name: 'amqp-presettled',
    title: 'AMQP pre-settled, one queue',
    protocol: 'amqp',
    arguments: [],
    bars: [timesPeer(20), atLeast(700_000), nothingLost],
  },
  {
    name: 'amqp-unsettled',
    title: 'AMQP unsettled, one queue',
    protocol: 'amqp',
    arguments: ['-u'],
    bars: [timesPeer(20), atLeast(700_000), nothingLost],
  },
  {
    name: 'amqp-links',
    title: 'AMQP unsettled, 20 + 20 links, one under way each',
    protocol: 'amqp',
    // Competing receivers share the queue, so a receiver sees gaps in each sender's sequence: that is no fault here.
    arguments: ['-u', '-S', '20', '-R', '20', '-W', '1'],
    competing: true,
    bars: none,
  },
  {
    name: 'amqp-latency',
    title: 'AMQP unsettled at 1,000/s',
    protocol: 'amqp',
    arguments: ['-u', '-r', '1000'],
    bars: [nothingLost],
  },
];

/** What counts as a fault of one run. */
export function faultsOf(row, sample) {
  return sample.lost + sample.bad + (sample.dups ?? 0) + (row.competing ? 0 : sample.gaps);
}

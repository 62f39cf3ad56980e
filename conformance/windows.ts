/** See windows.mjs. */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { pause, runWell } from './harness/commands.js';
import {
  type Comparison,
  compareTotals,
  compareWindows,
  openPublisher,
  receiveWindows,
  sendKnownReadings,
  untilCounted,
  WINDOW_MS,
  windowDocuments,
} from './harness/known-windows.js';
import { MILLRACE, Server } from './harness/server.js';

const { values } = parseArgs({
  options: {
    publishers: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '30' },
    burst: { type: 'string', default: '5' },
    'pause-seconds': { type: 'string', default: '0' },
  },
});
const publisherCount = Number(values.publishers);
const windowCount = Math.max(2, Math.round(Number(values.seconds) / (WINDOW_MS / 1000)));
const pauseSeconds = Number(values['pause-seconds']);
const say = (text: string) => process.stderr.write(`${text}\n`);

/** Pauses the job in the middle of the sending, as a user would. */
async function pauseJob(server: Server): Promise<void> {
  if (pauseSeconds === 0) return;
  await pause(WINDOW_MS * 1.3);
  await runWell(process.execPath, [MILLRACE, 'pause', 'max-temperature', '--server', server.httpUrl]);
  say(`job paused for ${pauseSeconds} s`);
  await pause(pauseSeconds * 1000);
  await runWell(process.execPath, [MILLRACE, 'resume', 'max-temperature', '--server', server.httpUrl]);
  say('job resumed');
}

function line(comparison: Comparison): string {
  const { end, expected, got, uncertain, faults } = comparison;
  const cells = [
    new Date(end - WINDOW_MS).toISOString().slice(11, 19),
    String(expected.readings),
    String(got?.readings ?? '–'),
    expected.readings === 0 ? '–' : String(expected.maximum),
    String(got?.maximum ?? '–'),
    uncertain === 0 ? '' : `${uncertain} near the edge`,
    faults.length === 0 ? 'equal' : `WRONG: ${faults.join(', ')}`,
  ];
  const widths = [9, 10, 10, 12, 12, 0, 0];
  return cells.map((cell, at) => cell.padStart(widths[at]!)).join(' ');
}

const server = await Server.start({ documents: windowDocuments });
try {
  say(`${publisherCount} publishers, half AMQP and half MQTT; ${windowCount} windows of ${WINDOW_MS / 1000} s`);
  const publishers = await Promise.all(
    Array.from({ length: publisherCount }, (_, at) => openPublisher(server, at % 2 === 0 ? 'amqp' : 'mqtt')),
  );
  const { results, close } = receiveWindows(server);
  const [readings] = await Promise.all([
    sendKnownReadings(publishers, { windows: windowCount, burst: Number(values.burst), bursts: 12, silentEvery: 4 }),
    pauseJob(server),
  ]);
  await untilCounted(readings, results);
  const comparisons = compareWindows(readings, results);
  console.log('   window       sent    counted      maximum      result');
  for (const comparison of comparisons) console.log(line(comparison));
  const faults = [...compareTotals(readings, results), ...comparisons.flatMap((comparison) => comparison.faults)];
  for (const fault of compareTotals(readings, results)) console.log(fault);
  const uncertain = comparisons.filter((comparison) => comparison.uncertain > 0).length;
  const load = loadavg()[0]?.toFixed(2);
  const verdict = faults.length === 0 ? 'every window equal, nothing lost' : `${faults.length} faults`;
  console.log(
    `${verdict}: ${readings.length} readings, ${comparisons.length} windows, ${uncertain} with readings near an edge; ` +
      `load average ${load} on ${cpus().length} processors`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
  for (const publisher of publishers) publisher.close();
  close();
} finally {
  await server.stop();
}
process.exit();

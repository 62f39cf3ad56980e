/** The rows of the main job: which documents the server starts with, how it is loaded, and the bar. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchDirectory } from './processes.mjs';

const documents = (name) => join(benchDirectory, 'documents', name);

/** A hundred jobs that all read one topic; each names itself in its results. */
function writeHundredJobs(directory) {
  const parts = ['readings', 'results'].map(
    (name) => `apiVersion: millrace.dev/v1\nkind: Address\nmetadata: { name: ${name} }\nspec: { type: topic }\n`,
  );
  for (let job = 0; job < 100; job += 1) {
    parts.push(`apiVersion: millrace.dev/v1
kind: Job
metadata: { name: job-${job} }
spec:
  sql: |
    INSERT INTO results
    SELECT CAST(window.end AS STRING) AS window_end, '${job}' AS job, count(*) AS readings,
           sum(try_cast(body AS INT)) AS total, max(try_cast(body AS INT)) AS maximum
    FROM STREAM readings
    GROUP BY window(time, '1 second')
`);
  }
  const file = join(directory, 'hundred-jobs.yaml');
  writeFileSync(file, parts.join('---\n'));
  return file;
}

/** Sets of documents by name. `directory` takes what is generated. */
export function jobDocuments(name, directory) {
  if (name === 'hundred-jobs') return writeHundredJobs(directory);
  return documents(`${name}.yaml`);
}

const eventsAtLeast = (rate) => (own) => ({
  wanted: `≥ ${rate.toLocaleString('en')} events/s`,
  came: `${Math.round(own.events_per_s).toLocaleString('en')}/s`,
  // A steady rate is offered at exactly the bar; the generator's last millisecond must not decide.
  met: own.events_per_s >= rate * 0.995,
});
const everythingCounted = (own) => ({
  wanted: 'nothing lost',
  came:
    own.faults === 0
      ? 'nothing'
      : `${own.lost} readings missing, ${own.jobs_wrong} jobs wrong, ${own.unread} connections not read again`,
  met: own.faults === 0,
});
const acknowledgedCounted = (own) => ({
  wanted: 'nothing lost after PUBACK',
  came:
    own.lost_acknowledged === 0 && own.unread === 0
      ? 'nothing'
      : `${own.lost_acknowledged} readings, ${own.unread} connections not read again`,
  met: own.faults === 0,
});
const resultWithin = (milliseconds) => (own) => ({
  wanted: `result p99 ≤ ${milliseconds} ms`,
  came: `${(own.p99_us / 1000).toFixed(1)} ms`,
  met: own.p99_us <= milliseconds * 1000,
});

export const jobRows = [
  {
    name: 'job-main',
    title: 'main job, QoS 0, flat out, one core',
    documents: 'main-job',
    arguments: ['-a', 'temperature', '-q', '0'],
    bars: [eventsAtLeast(500_000), everythingCounted],
  },
  {
    name: 'job-main-50',
    title: 'main job, QoS 0, flat out from 50 connections, one core',
    documents: 'main-job',
    arguments: ['-a', 'temperature', '-q', '0', '-P', '50'],
    bars: [everythingCounted],
  },
  {
    name: 'job-main-qos1',
    title: 'main job, QoS 1, flat out, one core',
    documents: 'main-job',
    arguments: ['-a', 'temperature', '-q', '1', '-P', '10', '-W', '1000'],
    bars: [acknowledgedCounted],
  },
  {
    name: 'job-devices',
    title: 'GROUP BY 1,000 devices, QoS 0, 50 connections, flat out, one core',
    documents: 'devices',
    arguments: ['-D', '1000', '-P', '50', '-q', '0'],
    bars: [eventsAtLeast(300_000), everythingCounted],
  },
  {
    name: 'job-hundred',
    title: '100 jobs on one topic, QoS 0 at 25,000/s, one core',
    documents: 'hundred-jobs',
    arguments: ['-a', 'readings', '-q', '0', '-J', '100', '-r', '25000'],
    bars: [eventsAtLeast(20_000), everythingCounted],
  },
  {
    name: 'job-hundred-flat',
    title: '100 jobs on one topic, QoS 1, flat out, one core',
    documents: 'hundred-jobs',
    arguments: ['-a', 'readings', '-q', '1', '-J', '100', '-W', '1000'],
    bars: [acknowledgedCounted],
  },
  {
    name: 'job-latency-idle',
    title: 'result after the window’s end, 10 readings/s',
    documents: 'main-job',
    arguments: ['-a', 'temperature', '-q', '1', '-r', '10'],
    secondsFactor: 3,
    bars: [resultWithin(5), everythingCounted],
  },
  {
    name: 'job-latency-load',
    title: 'result after the window’s end, 200,000 readings/s',
    documents: 'main-job',
    arguments: ['-a', 'temperature', '-q', '0', '-r', '200000'],
    secondsFactor: 2,
    bars: [resultWithin(5), everythingCounted],
  },
];

/**
 * Peaks are sent in the middle half of a window of one second: which window has them is known only while the server takes
 * what is sent within the quarter that is left. Counts and sums must be right however far behind it is.
 */
const PEAK_MARGIN_US = 250_000;

export function jobFaultsOf(sample) {
  const maximaWrong = sample.max_us < PEAK_MARGIN_US ? sample.maxima_wrong : 0;
  return Math.abs(sample.lost) + sample.jobs_wrong + sample.early + maximaWrong + sample.unread;
}

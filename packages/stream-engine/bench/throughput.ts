/**
 * Rows a second through whole jobs, from the bytes of bodies to closed windows, and what a small batch costs.
 * Run: npx tsx --conditions=source packages/stream-engine/bench/throughput.ts [name…]
 */
import { loadavg } from 'node:os';
import { checkJob } from '@millrace/sql';
import { compileJob, type InputBatch, type Job } from '../src/index.js';

const MEASURE_MS = 1000;

function jobOf(sql: string): Job {
  const { plan, diagnostics } = checkJob(sql);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return compileJob(plan, { onError: 'fail' });
}

interface Shape {
  readonly rows: number;
  readonly addresses: number;
  readonly body: (row: number) => string;
  /** Between two rows. */
  readonly stepMs: number;
}

/** The same rows again and again, later each time. */
class Feed {
  private readonly batch: InputBatch;
  private readonly shape: Shape;
  private readonly ids: readonly Int32Array[];
  private round = 0;
  private nowMs = 1_700_000_000_000;

  constructor(job: Job, shape: Shape) {
    this.shape = shape;
    const { rows, addresses } = shape;
    const bodies = Array.from({ length: rows }, (_, row) => Buffer.from(shape.body(row)));
    const offsets = new Int32Array(rows + 1);
    bodies.forEach((body, row) => {
      offsets[row + 1] = offsets[row]! + body.length;
    });
    // As many batches as it takes for each address to come once.
    this.ids = Array.from({ length: Math.ceil(addresses / rows) }, (_, part) =>
      Int32Array.from({ length: rows }, (_row, row) => ((part * rows + row) * 7919) % addresses),
    );
    this.batch = {
      count: rows,
      times: new Float64Array(rows),
      body: { bytes: Buffer.concat(bodies), offsets, nulls: undefined },
      addresses: this.ids[0],
      addressNames: Array.from({ length: addresses }, (_, index) => `devices/device-${index}/temperature`),
      others: new Map(job.columns.map((name) => [name, []])),
    };
  }

  next(): InputBatch {
    const { times } = this.batch;
    const { stepMs } = this.shape;
    let now = this.nowMs;
    for (let row = 0; row < times.length; row++) {
      times[row] = Math.floor(now);
      now += stepMs;
    }
    this.nowMs = now;
    this.round++;
    return { ...this.batch, addresses: this.ids[this.round % this.ids.length] };
  }
}

function measure(name: string, job: Job, shape: Shape): void {
  const feed = new Feed(job, shape);
  const round = (): void => {
    job.process(feed.next());
    job.takeOutputs();
  };
  for (let warm = 0; warm < 2_000_000 / shape.rows; warm++) round();
  let batches = 0;
  let elapsed = 0;
  const started = performance.now();
  while (elapsed < MEASURE_MS) {
    for (let repeat = 0; repeat < 64; repeat++) round();
    batches += 64;
    elapsed = performance.now() - started;
  }
  const rows = batches * shape.rows;
  const perBatch = (elapsed * 1000) / batches;
  console.log(
    `${name.padEnd(52)} ${(rows / elapsed / 1000).toFixed(1).padStart(7)} M rows/s ${perBatch.toFixed(2).padStart(9)} µs a batch of ${shape.rows}`,
  );
}

const MAX = `INSERT INTO max
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('window_start', CAST(window.start AS STRING), 'readings', CAST(count(*) AS STRING)) AS properties
FROM STREAM temperature GROUP BY window(time, '5 seconds')`;
const BY_ADDRESS = `INSERT INTO t
SELECT address AS device, max(try_cast(body AS INT)) AS highest, count(*) AS readings
FROM STREAM \`devices/+/temperature\` GROUP BY window(time, '5 seconds'), address`;
const AVERAGE = `INSERT INTO t SELECT avg(celsius) AS average FROM STREAM s GROUP BY window(time, '5 seconds')`;
const BY_DEVICE = `INSERT INTO t SELECT device, max(at) AS last, avg(celsius) AS average
FROM STREAM s GROUP BY window(time, '5 seconds'), device`;

function schemaJob(format: 'json' | 'csv', sql: string): Job {
  const columns = [
    { name: 'device', type: { name: 'STRING' } },
    { name: 'celsius', type: { name: 'DOUBLE' } },
    { name: 'at', type: { name: 'TIMESTAMP' } },
  ] as const;
  const { plan, diagnostics } = checkJob(sql, { catalogue: { columns: { s: columns }, schemas: { s: { format } } } });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return compileJob(plan, { onError: 'fail' });
}

/** The bar: JSON.parse of the same bodies and one look at the value, without any job. */
function measureParse(body: (row: number) => string): void {
  const bodies = Array.from({ length: 4096 }, (_, row) => Buffer.from(body(row)));
  let sum = 0;
  let rows = 0;
  const started = performance.now();
  while (performance.now() - started < 2 * MEASURE_MS) {
    for (const bytes of bodies) sum += (JSON.parse(bytes.toString('utf8')) as { celsius: number }).celsius;
    rows += bodies.length;
  }
  const elapsed = performance.now() - started;
  if (!(sum > 0)) throw new Error('nothing was parsed');
  console.log(`${'JSON.parse alone'.padEnd(52)} ${(rows / elapsed / 1000).toFixed(1).padStart(7)} M rows/s`);
}

const integer = (row: number): string => String((row * 31) % 100);

const BENCHES: Readonly<Record<string, () => void>> = {
  max: () =>
    measure('max, count of try_cast INT', jobOf(MAX), { rows: 4096, addresses: 1, body: integer, stepMs: 0.001 }),
  address: () =>
    measure('GROUP BY address, 1,000', jobOf(BY_ADDRESS), {
      rows: 4096,
      addresses: 1000,
      body: integer,
      stepMs: 0.001,
    }),
  manyAddresses: () =>
    measure('GROUP BY address, 100,000', jobOf(BY_ADDRESS), {
      rows: 4096,
      addresses: 100_000,
      body: integer,
      stepMs: 0.001,
    }),
  text: () =>
    measure('GROUP BY body, 1,000 texts', jobOf(BY_ADDRESS.replaceAll('address', 'body')), {
      rows: 4096,
      addresses: 1,
      body: (row) => `device-${(row * 7919) % 1000}`,
      stepMs: 0.001,
    }),
  double: () =>
    measure(
      'avg of try_cast DOUBLE',
      jobOf(MAX.replace('max(try_cast(body AS INT))', 'avg(try_cast(body AS DOUBLE))')),
      {
        rows: 4096,
        addresses: 1,
        body: (row) => `${(row * 31) % 100}.${row % 10}`,
        stepMs: 0.001,
      },
    ),
  json: () =>
    measure(
      'avg of get_json_object',
      jobOf(MAX.replace('max(try_cast(body AS INT))', "avg(CAST(get_json_object(body, '$.celsius') AS DOUBLE))")),
      {
        rows: 4096,
        addresses: 1,
        body: (row) => `{"device":"device-${row % 100}","celsius":${(row * 31) % 100}.5,"at":"2026-01-01T00:00:00Z"}`,
        stepMs: 0.001,
      },
    ),
  schema: () => {
    const body = (row: number): string =>
      `{"device":"device-${row % 100}","celsius":${(row * 31) % 100}.5,"at":"2026-01-01T00:00:0${row % 10}Z"}`;
    const shape = { rows: 4096, addresses: 1, body, stepMs: 0.001 };
    measure('avg of a column out of JSON', schemaJob('json', AVERAGE), shape);
    measure('by device and event time, 3 columns out of JSON', schemaJob('json', BY_DEVICE), shape);
    const csv = (row: number): string => `device-${row % 100},${(row * 31) % 100}.5,2026-01-01T00:00:0${row % 10}Z`;
    measure('avg of a column out of CSV', schemaJob('csv', AVERAGE), { ...shape, body: csv });
    measure('by device and event time, 3 columns out of CSV', schemaJob('csv', BY_DEVICE), { ...shape, body: csv });
    measureParse(body);
  },
  forward: () =>
    measure(
      'filter and forward, one in ten',
      jobOf(`INSERT INTO t SELECT body, address FROM STREAM \`d/+\` WHERE CAST(body AS INT) >= 90`),
      {
        rows: 4096,
        addresses: 1000,
        body: integer,
        stepMs: 0.001,
      },
    ),
  small20: () => measure('max, small batches', jobOf(MAX), { rows: 20, addresses: 1, body: integer, stepMs: 0.05 }),
  small200: () => measure('max, small batches', jobOf(MAX), { rows: 200, addresses: 1, body: integer, stepMs: 0.05 }),
  smallAddress: () =>
    measure('GROUP BY address, small batches', jobOf(BY_ADDRESS), {
      rows: 20,
      addresses: 1000,
      body: integer,
      stepMs: 0.05,
    }),
  many20: () => measureMany(100, 20),
  many200: () => measureMany(100, 200),
};

/** Jobs of several kinds over the same topic take each batch in turn: nothing stays in the caches, call sites see many shapes. */
function measureMany(jobCount: number, rows: number): void {
  const texts = [
    MAX,
    BY_ADDRESS,
    BY_ADDRESS.replace("'5 seconds'", "'10 seconds', '2 seconds'"),
    'INSERT INTO t SELECT body, address FROM STREAM `d/+` WHERE CAST(body AS INT) > 98',
    MAX.replace('max(try_cast(body AS INT))', 'avg(CAST(body AS DOUBLE) * 1.8D + 32)'),
  ];
  const jobs = Array.from({ length: jobCount }, (_, index) => jobOf(texts[index % texts.length]!));
  const shape = { rows, addresses: 1000, body: integer, stepMs: 0.05 };
  const feed = new Feed(jobs[1]!, shape);
  const round = (): void => {
    const batch = feed.next();
    for (const job of jobs) {
      job.process(batch);
      job.takeOutputs();
    }
  };
  for (let warm = 0; warm < 200_000 / (rows * jobCount) + 50; warm++) round();
  let rounds = 0;
  let elapsed = 0;
  const started = performance.now();
  while (elapsed < MEASURE_MS) {
    round();
    rounds++;
    elapsed = performance.now() - started;
  }
  const perBatch = (elapsed * 1000) / (rounds * jobCount);
  const share = (perBatch * jobCount * 20_000) / rows / 1e6;
  console.log(
    `${`${jobCount} jobs, 20,000 events/s in batches of ${rows}`.padEnd(52)} ${perBatch.toFixed(2).padStart(8)} µs a batch, ${(share * 100).toFixed(0)} % of a core`,
  );
}

const wanted = process.argv.slice(2);
console.log(`Node ${process.version}, load ${loadavg()[0]!.toFixed(2)}`);
for (const [name, bench] of Object.entries(BENCHES)) if (wanted.length === 0 || wanted.includes(name)) bench();
console.log(`load ${loadavg()[0]!.toFixed(2)}`);

/**
 * Known values at known times, and what each window must therefore hold.
 *
 * The server says when a reading counts (`time`), so the test may not guess. It need not: a reading was accepted after it
 * was sent and before its acknowledgement came, all by one machine's clock. When both lie in the same window, the window
 * of the reading is certain. Publishers therefore send well inside the windows and leave their edges empty; a reading
 * whose acknowledgement still came after the edge (a machine that stood still) is counted as uncertain, and only then are
 * the two windows that it may belong to compared by bounds. Every value is unique, so the sum tells a lost and a doubled
 * reading apart that would leave the count right.
 */
import mqtt, { type MqttClient } from 'mqtt';
import rhea, { type Connection, type Delivery, type EventContext, type Sender } from 'rhea';
import { event, eventually, pause } from './commands.js';
import { documents, job, queue, type Server } from './server.js';

export const WINDOW_MS = 5_000;

export const windowDocuments = documents(
  queue('temperature'),
  queue('max'),
  job(
    'max-temperature',
    `INSERT INTO max
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('window_start', CAST(window.start AS STRING), 'window_end', CAST(window.end AS STRING),
           'readings', CAST(count(*) AS STRING), 'minimum', CAST(min(try_cast(body AS INT)) AS STRING),
           'total', CAST(sum(try_cast(body AS INT)) AS STRING)) AS properties
FROM STREAM temperature
GROUP BY window(time, '5 seconds')`,
  ),
);

export interface Reading {
  readonly value: number;
  readonly sentAt: number;
  acknowledgedAt: number;
}

export interface WindowResult {
  readonly start: number;
  readonly end: number;
  readonly maximum: number;
  readonly minimum: number;
  readonly readings: number;
  readonly total: number;
}

export interface Publisher {
  readonly protocol: 'amqp' | 'mqtt';
  send(value: number): Promise<void>;
  close(): void;
}

/**
 * A unique number for each publisher and sequence, spread over all of INT so that maxima come from anywhere. Not a multiple
 * of both: then the next reading of one publisher and the one before of another would have the same sum as these two.
 */
export function uniqueValue(publisher: number, sequence: number): number {
  // 2^31 - 1 is prime and 5 divides not what is one below it, so that no two numbers have the same fifth power.
  const prime = 2_147_483_647n;
  const base = (BigInt(publisher * 1_000_000 + sequence + 1) * 1_103_515_245n) % prime;
  const square = (base * base) % prime;
  return Number((((square * square) % prime) * base) % prime);
}

export async function openPublisher(
  server: Server,
  protocol: 'amqp' | 'mqtt',
  address = 'temperature',
): Promise<Publisher> {
  return protocol === 'amqp' ? openAmqp(server, address) : openMqtt(server, address);
}

async function openMqtt(server: Server, address: string): Promise<Publisher> {
  const client: MqttClient = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0 });
  return {
    protocol: 'mqtt',
    send: async (value) => {
      await client.publishAsync(address, String(value), { qos: 1 });
    },
    close: () => void client.endAsync(true),
  };
}

async function openAmqp(server: Server, address: string): Promise<Publisher> {
  const connection: Connection = rhea
    .create_container()
    .connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
  const sender: Sender = connection.open_sender(address);
  const waiting = new Map<Delivery, { resolve(): void; reject(error: Error): void }>();
  for (const outcome of ['accepted', 'rejected', 'released', 'modified']) {
    sender.on(outcome, ({ delivery }: EventContext) => {
      if (delivery === undefined) return;
      const waiter = waiting.get(delivery);
      waiting.delete(delivery);
      if (outcome === 'accepted') waiter?.resolve();
      else waiter?.reject(new Error(`a reading was ${outcome}`));
    });
  }
  await event(sender, 'sendable');
  return {
    protocol: 'amqp',
    send: async (value) => {
      while (!sender.sendable()) await event(sender, 'sendable', 60_000);
      const delivery = sender.send({ body: String(value) });
      await new Promise<void>((resolve, reject) => waiting.set(delivery, { resolve, reject }));
    },
    close: () => void connection.close(),
  };
}

/** What a receiver of the job's results has so far, in order. */
export function receiveWindows(server: Server, address = 'max'): { results: WindowResult[]; close(): void } {
  const connection = rhea.create_container().connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
  const results: WindowResult[] = [];
  connection.open_receiver(address).on('message', ({ message }: EventContext) => {
    const properties = message?.application_properties ?? {};
    results.push({
      start: instant(String(properties.window_start)),
      end: instant(String(properties.window_end)),
      maximum: Number(message?.body),
      minimum: Number(properties.minimum),
      readings: Number(properties.readings),
      total: Number(properties.total),
    });
  });
  return { results, close: () => void connection.close() };
}

/** `2026-01-31 12:00:05` as SQL prints a timestamp, UTC → milliseconds. */
function instant(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}

export interface SendOptions {
  readonly windows: number;
  /** Readings that one publisher sends at once, and how often in a window. */
  readonly burst: number;
  readonly bursts: number;
  /** Every so manieth window nothing is sent: it must not give a result. 0: never. */
  readonly silentEvery: number;
}

/** Sends in bursts between 10 % and 70 % of each window, and resolves when every acknowledgement has come. */
export async function sendKnownReadings(publishers: readonly Publisher[], options: SendOptions): Promise<Reading[]> {
  const readings: Reading[] = [];
  const sequences = publishers.map(() => 0);
  const acknowledgements: Promise<void>[] = [];
  const sendOne = async (publisher: Publisher, at: number) => {
    const value = uniqueValue(at, sequences[at]!++);
    const reading = { value, sentAt: Date.now(), acknowledgedAt: Number.POSITIVE_INFINITY };
    readings.push(reading);
    await publisher.send(value);
    reading.acknowledgedAt = Date.now();
  };
  const first = (Math.floor(Date.now() / WINDOW_MS) + 1) * WINDOW_MS;
  for (let window = 0; window < options.windows; window += 1) {
    if (options.silentEvery > 0 && window % options.silentEvery === options.silentEvery - 1) continue;
    for (let burst = 0; burst < options.bursts; burst += 1) {
      const at = first + window * WINDOW_MS + WINDOW_MS * (0.1 + (0.6 * burst) / options.bursts);
      await pause(Math.max(0, at - Date.now()));
      for (const [index, publisher] of publishers.entries()) {
        for (let count = 0; count < options.burst; count += 1) acknowledgements.push(sendOne(publisher, index));
      }
    }
  }
  await Promise.all(acknowledgements);
  return readings;
}

export interface Comparison {
  readonly end: number;
  readonly expected: { readonly readings: number; readonly maximum: number };
  readonly got: WindowResult | undefined;
  /** Readings that may belong to this window or its neighbour. 0: everything about the window is certain. */
  readonly uncertain: number;
  readonly faults: readonly string[];
}

/** One line for each window that should be or is there. */
export function compareWindows(readings: readonly Reading[], results: readonly WindowResult[]): Comparison[] {
  const certain = new Map<number, number[]>();
  const uncertain = new Map<number, number[]>();
  const endOf = (time: number) => (Math.floor(time / WINDOW_MS) + 1) * WINDOW_MS;
  const add = (windows: Map<number, number[]>, end: number, value: number) => {
    const values = windows.get(end);
    if (values === undefined) windows.set(end, [value]);
    else values.push(value);
  };
  for (const { value, sentAt, acknowledgedAt } of readings) {
    if (endOf(sentAt) === endOf(acknowledgedAt)) add(certain, endOf(sentAt), value);
    else for (let end = endOf(sentAt); end <= endOf(acknowledgedAt); end += WINDOW_MS) add(uncertain, end, value);
  }
  const ends = new Set([...certain.keys(), ...uncertain.keys(), ...results.map((result) => result.end)]);
  return [...ends]
    .sort((a, b) => a - b)
    .map((end) =>
      compareWindow(end, { certain: certain.get(end) ?? [], uncertain: uncertain.get(end) ?? [] }, results),
    );
}

function compareWindow(
  end: number,
  values: { readonly certain: readonly number[]; readonly uncertain: readonly number[] },
  results: readonly WindowResult[],
): Comparison {
  const { certain, uncertain } = values;
  const maximum = certain.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const found = results.filter((result) => result.end === end);
  const got = found[0];
  const faults: string[] = [];
  if (found.length > 1) faults.push(`came ${found.length} times`);
  if (got === undefined) {
    if (certain.length > 0) faults.push('missing');
  } else if (uncertain.length > 0) {
    if (got.readings < certain.length || got.readings > certain.length + uncertain.length) faults.push('count');
    if (got.maximum < maximum) faults.push('maximum');
  } else if (certain.length === 0) {
    faults.push('nothing was sent');
  } else {
    if (got.start !== end - WINDOW_MS) faults.push('bounds');
    if (got.readings !== certain.length) faults.push('count');
    if (got.maximum !== maximum) faults.push('maximum');
    if (got.minimum !== certain.reduce((least, value) => Math.min(least, value), maximum)) faults.push('minimum');
    if (got.total !== certain.reduce((sum, value) => sum + value, 0)) faults.push('sum');
  }
  return { end, expected: { readings: certain.length, maximum }, got, uncertain: uncertain.length, faults };
}

/** Nothing lost and nothing doubled, whatever windows the readings fell in; and results in the order of their windows. */
export function compareTotals(readings: readonly Reading[], results: readonly WindowResult[]): string[] {
  const faults: string[] = [];
  const count = results.reduce((sum, result) => sum + result.readings, 0);
  if (count !== readings.length) faults.push(`${readings.length} readings were sent, ${count} counted`);
  const sent = readings.reduce((sum, reading) => sum + reading.value, 0);
  const total = results.reduce((sum, result) => sum + result.total, 0);
  if (total !== sent) faults.push(`the sum of all readings is ${sent}, the windows' sums add up to ${total}`);
  if (results.some((result, at) => at > 0 && result.end <= results[at - 1]!.end))
    faults.push('the results came out of order');
  return faults;
}

/** Waits until all readings are counted and one more window could have brought something that must not come. */
export async function untilCounted(
  readings: readonly Reading[],
  results: readonly WindowResult[],
  timeoutMs = 30_000,
): Promise<void> {
  const counted = () => results.reduce((sum, result) => sum + result.readings, 0);
  await eventually('every reading counted', () => counted() >= readings.length, timeoutMs).catch(() => {});
  await pause(WINDOW_MS + 500);
}

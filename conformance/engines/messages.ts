/** What is sent: the same each time, with the odd cases among it. Times of acceptance are the server's. */
import { type AmqpMessage, type AmqpSender, connect, dataBody, Typed, valueBody } from '@millrace/amqp';

export interface Sent {
  readonly address: string;
  readonly message: AmqpMessage;
}

/** Event times of readings: synthetic, so that windows over them are the same in each run. */
const MEASURED_MS = Date.UTC(2026, 0, 1, 12, 0, 0);
/** Behind all windows: closes them. */
const LAST_MEASURED_MS = MEASURED_MS + 86_400_000;

const ODD_BODIES = ['no number', ' 7 ', '-3', '2147483648', '', '1e3', 'ignore', '007', 'Grüße 😀', '0'];
const ODD_CELSIUS = ['21', '-0.5', '1e2', '"NaN"', 'null', '21.50', '"Infinity"'];
const ODD_POSITIONS = ['{"x":1,"y":[ 2.50, "a" ]}', '"B \\"7\\""', 'null', '12', '[]', 'true', '"\\u00e9\\n"'];
const SITES = ['north', 'south east', '"with ""quotes"', '', ' blank ', '"a,b"', 'Zürich'];

function temperature(index: number): Sent {
  const body = index % 9 === 4 ? ODD_BODIES[Math.floor(index / 9) % ODD_BODIES.length]! : String((index * 37) % 45);
  return {
    address: 'temperature',
    message: {
      header: { durable: index % 3 !== 0, priority: index % 5 === 0 ? 7 : 4 },
      properties: {
        messageId: `t-${index}`,
        subject: index % 11 === 0 ? undefined : `hall-${index % 3}`,
        correlationId: `c-${index % 4}`,
        contentType: 'text/plain',
        replyTo: index % 7 === 0 ? 'answers' : undefined,
      },
      applicationProperties: { line: String(index % 2), number: new Typed('int', index), unit: 'C' },
      body: index % 2 === 0 ? valueBody(body) : dataBody(Buffer.from(body)),
    },
  };
}

function device(index: number): Sent {
  const address = `devices/${1 + (index % 2)}/temperature`;
  // As the messages of MQTT devices have it: the connector knows a concrete topic by nothing else.
  return { address, message: { properties: { to: address }, body: valueBody(String(15 + ((index * 13) % 20))) } };
}

function reading(index: number): Sent {
  // Out of order by less than the delay of 20 s.
  const measured = new Date(MEASURED_MS + index * 700 - (index % 6) * 1500).toISOString();
  const celsius =
    index % 5 === 2 ? ODD_CELSIUS[Math.floor(index / 5) % ODD_CELSIUS.length]! : `${(index * 7) % 40}.${index % 10}`;
  const members = [
    `"device":"d-${index % 4}"`,
    `"celsius":${celsius}`,
    ...(index % 8 === 3 ? [] : [`"humidity":${(index * 3) % 100}`]),
    `"counter":${9007199254740993n + BigInt(index) * 90071992547409n}`,
    `"price":${index % 6 === 0 ? `"1,00${index % 10}.505"` : `${index}.${index % 10}5`}`,
    ...(index % 10 === 9 ? [] : [`"ok":${index % 3 === 0}`]),
    `"position":${ODD_POSITIONS[index % ODD_POSITIONS.length]}`,
    `"tags":["a",${index}]`,
    `"measured":"${index % 4 === 0 ? measured.replace('Z', '+00:00') : measured}"`,
  ];
  const turned = index % 3 === 0 ? members.toReversed() : members;
  return {
    address: 'readings',
    message: {
      properties: { messageId: `r-${index}` },
      body: valueBody(`{${turned.join(index % 2 === 0 ? ',' : ' , ')}}`),
    },
  };
}

/** Behind the rest: it moves the watermark over the event time past all windows. */
function lastReading(): Sent {
  const body = `{"device":"last","measured":"${new Date(LAST_MEASURED_MS).toISOString()}"}`;
  return { address: 'readings', message: { properties: { messageId: 'r-last' }, body: valueBody(body) } };
}

function meter(index: number): Sent {
  const kwh = index % 7 === 5 ? '' : `${index}.${String((index * 7) % 1000).padStart(3, '0')}`;
  const body = `M-${index % 5},${kwh},${index % 9 === 8 ? '' : index % 3},${SITES[index % SITES.length]}`;
  return { address: 'meters', message: { body: valueBody(body) } };
}

const ROUNDS = 240;

/** Sends all within about `spreadMs`. */
export async function sendAll(port: number, spreadMs: number): Promise<number> {
  const connection = await connect({ host: '127.0.0.1', port });
  const senders = new Map<string, AmqpSender>();
  let count = 0;
  const send = async ({ address, message }: Sent): Promise<void> => {
    const sender = senders.get(address) ?? (await connection.openSender(address));
    senders.set(address, sender);
    const outcome = await sender.send(message);
    if (outcome.kind !== 'accepted') throw new Error(`a message to ${address} was ${outcome.kind}`);
    count++;
  };
  const began = Date.now();
  for (let round = 0; round < ROUNDS; round++) {
    for (const sent of [temperature(round), device(round), reading(round), meter(round)]) await send(sent);
    const wait = began + (round * spreadMs) / ROUNDS - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
  await send(lastReading());
  await connection.close();
  return count;
}

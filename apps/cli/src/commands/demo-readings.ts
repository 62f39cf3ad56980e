/** The publisher of the demo: a simulated temperature every 200 ms, until it is told to stop. */
import type { BrokerUrl } from '../messaging/broker-url.js';
import { InFlight } from '../messaging/in-flight.js';
import type { MessageSender } from '../messaging/message.js';
import { openSender } from '../messaging/open.js';
import { simulateTemperatures } from '../simulation/temperatures.js';
import { pause } from '../terminal.js';

const READING_INTERVAL_MS = 200;
const UNDER_WAY_MAX = 100;

export interface DemoReadings {
  readonly counts: Pick<InFlight, 'accepted' | 'refused'>;
  /** Resolves when it has stopped and each outcome is known. @throws CommandError when the connection is lost */
  readonly sent: Promise<undefined>;
  stop(): void;
  close(): Promise<void>;
}

/** @param over stops it as well */
export async function startReadings(broker: BrokerUrl, seed: number, over: AbortSignal): Promise<DemoReadings> {
  const sender = await openSender(broker, { address: 'temperature', qos: 1 });
  const stop = new AbortController();
  const either = AbortSignal.any([over, stop.signal]);
  const counts = new InFlight(UNDER_WAY_MAX, either);
  const sent = sendReadings(sender, { counts, seed, over: either });
  // When something else fails first, nobody looks at the sender's failure any more.
  sent.catch(() => {});
  return { counts, sent, stop: () => stop.abort(), close: () => sender.close() };
}

async function sendReadings(
  sender: MessageSender,
  work: { readonly counts: InFlight; readonly seed: number; readonly over: AbortSignal },
): Promise<undefined> {
  const temperatures = simulateTemperatures(work.seed);
  while (!work.over.aborted) {
    const body = String(temperatures.next());
    work.counts.add(sender.send({ body, properties: {}, durable: false }));
    await pause(READING_INTERVAL_MS, work.over);
    await work.counts.room();
  }
  await work.counts.drained();
}

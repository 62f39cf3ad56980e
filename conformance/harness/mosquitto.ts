/** mosquitto_pub and mosquitto_sub as a user types them. */
import { type CommandResult, Running, runWell } from './commands.js';
import type { Server } from './server.js';

export type Version = 'mqttv311' | 'mqttv5';

export async function publish(server: Server, topic: string, ...more: readonly string[]): Promise<CommandResult> {
  return runWell('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(server.mqttPort), '-t', topic, ...more]);
}

/** Publishes each body as one message, in order, over one connection. */
export async function publishLines(
  server: Server,
  topic: string,
  lines: readonly string[],
  ...more: readonly string[]
): Promise<void> {
  await runWell('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(server.mqttPort), '-t', topic, '-l', ...more], {
    input: `${lines.join('\n')}\n`,
  });
}

/** A subscriber that has its SUBACK: what is published from now on reaches it. mosquitto_sub buffers a pipe, so stdbuf gives it lines. */
export async function subscribe(server: Server, filter: string, ...more: readonly string[]): Promise<Running> {
  const args = ['-h', '127.0.0.1', '-p', String(server.mqttPort), '-t', filter, '-d', ...more];
  const running = new Running('stdbuf', ['-oL', 'mosquitto_sub', '-F', 'MESSAGE %t|%q|%r|%p', ...args]);
  return running.until('SUBACK', ({ stdout, stderr }) => /received SUBACK|Subscribed \(mid/.test(stdout + stderr));
}

export interface Received {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly body: string;
}

/** What a subscriber of this harness has received so far. */
export function received(running: Running): Received[] {
  return running.lines
    .filter((line) => line.startsWith('MESSAGE '))
    .map((line) => {
      const [topic = '', qos = '', retain = '', ...body] = line.slice('MESSAGE '.length).split('|');
      return { topic, qos: Number(qos), retain: retain === '1', body: body.join('|') };
    });
}

export const receivedBodies = (running: Running): string[] => received(running).map((message) => message.body);

export async function untilReceived(running: Running, count: number, timeoutMs = 20_000): Promise<Received[]> {
  await running.until(`${count} messages`, () => received(running).length >= count, timeoutMs);
  return received(running);
}

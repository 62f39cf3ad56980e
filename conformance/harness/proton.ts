/** Python Proton (Debian's python3-qpid-proton), driven through conformance/clients/proton_client.py: JSON lines out. */
import { join } from 'node:path';
import { type CommandOptions, Running, run } from './commands.js';
import { ROOT, type Server } from './server.js';

/** The interpreter that Debian's package belongs to. */
const PYTHON = '/usr/bin/python3';
const CLIENT = join(ROOT, 'conformance/clients/proton_client.py');

export interface ProtonMessage {
  readonly body: unknown;
  readonly bodyType: string;
  readonly bodyLength: number;
  readonly address: string | null;
  readonly subject: string | null;
  readonly durable: boolean;
  readonly deliveryCount: number;
  readonly firstAcquirer: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
}

function argumentsOf(server: Server, command: string, target: string, more: readonly string[]): string[] {
  return [CLIENT, command, `127.0.0.1:${server.amqpPort}`, target, ...more];
}

/** Runs one command of the client; each line of its output is one object. */
export async function proton(
  server: Server,
  command: string,
  target: string,
  more: readonly string[] = [],
  options: CommandOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the command
): Promise<any[]> {
  const { code, stdout, stderr } = await run(PYTHON, argumentsOf(server, command, target, more), options);
  if (code !== 0) throw new Error(`proton ${command} ${target} ended with ${code}: ${stderr.trim()}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export async function protonSend(
  server: Server,
  target: string,
  lines: readonly string[],
  ...more: readonly string[]
): Promise<string[]> {
  const answers = await proton(server, 'send', target, more, { input: `${lines.join('\n')}\n` });
  return answers.map((answer) => answer.outcome);
}

export async function protonReceive(
  server: Server,
  source: string,
  count: number,
  ...more: readonly string[]
): Promise<ProtonMessage[]> {
  return proton(server, 'receive', source, ['--count', String(count), ...more], { timeoutMs: 40_000 });
}

/** A receiver in the background that has its link. */
export async function protonReceiver(server: Server, source: string, ...more: readonly string[]): Promise<Running> {
  const running = new Running(PYTHON, argumentsOf(server, 'receive', source, more));
  return running.until('an attached link', ({ stderr }) => stderr.includes('attached'));
}

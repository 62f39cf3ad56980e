/** Other people's clients that live through kills, each with its ledger: Python Proton, mosquitto_pub and mosquitto_sub. */
import { join } from 'node:path';
import type { DurableServer } from '../harness/durable-server.js';
import { ROOT } from '../harness/server.js';
import { ProducerLedger, ReceiverLedger } from './ledger.js';
import { LineProcess } from './line-process.js';

const PYTHON = '/usr/bin/python3';
const PROTON_CLIENT = join(ROOT, 'conformance/clients/kill_client.py');
/** MQTT packet identifiers are 1 to 65,535 and start again [MQTT-2.2.1]. */
const PACKET_IDS = 65_535;

export interface SendingClient {
  readonly ledger: ProducerLedger;
  readonly process: LineProcess;
  /** Sends no more, and ends when all it sent is answered. */
  finish(): Promise<void>;
}

export interface ReceivingClient {
  readonly ledger: ReceiverLedger;
  readonly process: LineProcess;
  finish(): Promise<void>;
}

export interface SenderOptions {
  readonly producer: string;
  readonly address: string;
  readonly ratePerSecond: number;
  /** Bytes of each body. Default: mostly 100, some of 3,000 and 70,000. */
  readonly size?: number;
}

export interface ProtonSenderOptions extends SenderOptions {
  /** Messages in flight. Default: 100. */
  readonly window?: number;
  /** Bodies are numbers, unique for each base. */
  readonly numbers?: number;
  /** `drop`: what was in doubt is not sent again. `resend`: it is, with its message-id. Default: `drop`. */
  readonly inDoubt?: 'drop' | 'resend';
}

/** Proton, unsettled and durable. */
export function protonSender(server: DurableServer, options: ProtonSenderOptions): SendingClient {
  const ledger = new ProducerLedger(options.producer);
  const args = ['send', `127.0.0.1:${server.amqpPort}`, options.address, '--producer', options.producer];
  args.push('--rate', String(options.ratePerSecond), '--window', String(options.window ?? 100));
  if (options.size !== undefined) args.push('--size', String(options.size));
  if (options.inDoubt === 'resend') args.push('--resend');
  if (options.numbers !== undefined) args.push('--numbers', String(options.numbers));
  const process = new LineProcess(PYTHON, [PROTON_CLIENT, ...args], (line) => {
    const [event, first = '', second = ''] = line.split(' ');
    if (event === 'S') ledger.wrote(Number(first), Number(second) * 1000);
    else if (event === 'A') ledger.accept(Number(first), Number(second) * 1000);
    else if (event === 'X') ledger.refuse(Number(first), second);
  });
  return { ledger, process, finish: () => process.finish() };
}

export interface ProtonReceiverOptions {
  readonly name: string;
  readonly address: string;
  /** Messages that are settled together. Default: 50. */
  readonly hold?: number;
  /** A durable subscription of this container and link. */
  readonly durable?: { readonly container: string; readonly link: string };
  /** A ledger to go on with. */
  readonly ledger?: ReceiverLedger;
  /** Takes the bodies in place of the ledger. */
  readonly onBody?: (body: string) => void;
}

export function protonReceiver(server: DurableServer, options: ProtonReceiverOptions): ReceivingClient {
  const ledger = options.ledger ?? new ReceiverLedger(options.name);
  const args = ['receive', `127.0.0.1:${server.amqpPort}`, options.address, '--hold', String(options.hold ?? 50)];
  if (options.durable !== undefined) {
    args.push('--container', options.durable.container, '--name', options.durable.link);
  }
  const process = new LineProcess(PYTHON, [PROTON_CLIENT, ...args], (line) => {
    switch (line[0]) {
      case 'C':
        ledger.connected = true;
        break;
      case 'D':
        ledger.disconnect();
        break;
      case 'T':
        ledger.settle(Number(line.slice(2)) * 1000);
        break;
      case 'R': {
        const [, time = '', deliveryCount, ...body] = line.split(' ');
        const facts = { at: Number(time) * 1000, again: Number(deliveryCount) > 0 };
        if (options.onBody === undefined) ledger.receive(body.join(' '), facts);
        else options.onBody(body.join(' '));
      }
    }
  });
  return { ledger, process, finish: () => process.finish() };
}

function mosquitto(program: string, server: DurableServer, args: readonly string[], onLine: (line: string) => void) {
  const where = ['-h', '127.0.0.1', '-p', String(server.mqttPort)];
  // mosquitto's clients buffer a pipe: stdbuf gives it line by line.
  return new LineProcess('stdbuf', ['-oL', program, ...where, '-d', ...args], onLine);
}

/**
 * mosquitto_pub that reads lines. It repeats what was not acknowledged when it connects again, with QoS 2 from the state
 * that its session had: the session is kept (-c).
 */
export function mosquittoPublisher(
  server: DurableServer,
  options: SenderOptions & { readonly qos: 1 | 2; readonly version?: 'mqttv311' | 'mqttv5' },
): SendingClient {
  const ledger = new ProducerLedger(options.producer);
  const session = options.qos === 2 ? ['-c'] : [];
  const args = ['-t', options.address, '-q', String(options.qos), '-i', options.producer, ...session, '-l'];
  if (options.version !== undefined) args.push('-V', options.version);
  const lineAt = new Map<number, number>();
  let newest = 0;
  const sequenceOf = (packetId: number) => {
    const turns = Math.round((newest - (packetId - 1)) / PACKET_IDS);
    const sequence = packetId - 1 + turns * PACKET_IDS;
    newest = Math.max(newest, sequence);
    return sequence;
  };
  const process = mosquitto('mosquitto_pub', server, args, (line) => {
    const written = /sending PUBLISH \(d\d, q\d, r\d, m(\d+)/.exec(line);
    if (written !== null) {
      const sequence = sequenceOf(Number(written[1]));
      ledger.wrote(sequence, lineAt.get(sequence) ?? Date.now());
      lineAt.delete(sequence);
    }
    const answered = /received PUB(?:ACK|COMP) \(Mid: (\d+), RC:(\d+)/.exec(line);
    if (answered === null) return;
    const [, packetId, code] = answered;
    // 0x80 and above are refusals (MQTT 5 §2.4); 0x10 says that nobody subscribes.
    if (Number(code) < 0x80) ledger.accept(sequenceOf(Number(packetId)), Date.now());
    else ledger.refuse(sequenceOf(Number(packetId)), `0x${Number(code).toString(16)}`);
  });
  let sequence = 0;
  let due = 0;
  const timer = setInterval(() => {
    due += options.ratePerSecond / 100;
    for (; due >= 1; due -= 1) {
      const head = `${options.producer}|${sequence}|`;
      const size = options.size ?? mixedSize(sequence);
      lineAt.set(sequence, Date.now());
      process.write(head + 'x'.repeat(size - head.length));
      sequence += 1;
    }
  }, 10);
  return {
    ledger,
    process,
    finish: () => {
      clearInterval(timer);
      return process.finish();
    },
  };
}

/** Mostly 100 bytes; some need several reads. As clients/kill_client.py has it. */
const mixedSize = (sequence: number) => (sequence % 997 === 996 ? 70_000 : sequence % 101 === 100 ? 3_000 : 100);

export interface SubscriberOptions {
  readonly name: string;
  readonly filter: string;
  readonly qos: 1 | 2;
  /** `kept`: the session outlives its connection. */
  readonly session: 'clean' | 'kept';
  /** A ledger to go on with, for a subscriber that was away. */
  readonly ledger?: ReceiverLedger;
}

/** mosquitto_sub acknowledges each message as it comes; with QoS 2 it shows it once its PUBREL is there. */
export function mosquittoSubscriber(server: DurableServer, options: SubscriberOptions): ReceivingClient {
  const ledger = options.ledger ?? new ReceiverLedger(options.name);
  const session = options.session === 'kept' ? ['-c'] : [];
  const args = ['-t', options.filter, '-q', String(options.qos), '-i', options.name, ...session, '-F', 'M %U %p'];
  const process = mosquitto('mosquitto_sub', server, args, (line) => {
    if (line.startsWith('M ')) {
      const [, time = '', body = ''] = line.split(' ', 3);
      const at = Number(time) * 1000;
      ledger.receive(body.slice(0, 80), { at, settledAt: at });
    } else if (line.endsWith('sending CONNECT')) ledger.disconnect();
    else if (line.endsWith('received SUBACK')) ledger.connected = true;
  });
  return { ledger, process, finish: () => process.stop() };
}

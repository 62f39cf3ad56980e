/**
 * Wills (MQTT 5 §3.1.3): two clients a round leave one each and are killed, one while the server lives, so that its will
 * waits for its delay, and one together with the server. Both wills are owed to a durable subscription.
 */
import { pause } from '../harness/commands.js';
import type { DurableServer } from '../harness/durable-server.js';
import { protonReceiver, type ReceivingClient } from './clients.js';
import { compare, type Destination } from './compare.js';
import { ProducerLedger } from './ledger.js';
import { LineProcess } from './line-process.js';
import type { Check, Workload } from './workload.js';

const DELAY_SECONDS = 2;
const TOPIC = 'kill/wills';

export class WillLoad implements Workload {
  readonly kind = 'wills';
  private readonly ledger = new ProducerLedger('wills');
  private receiver: ReceivingClient | undefined;
  private next = 0;
  /** Clients that are connected; those that are killed with the server. */
  private readonly staying = new Set<LineProcess>();
  private opening = 0;
  private stopping = false;

  async start(server: DurableServer): Promise<void> {
    await server.put('addresses', TOPIC, { type: 'topic', durability: 'always' });
    this.receiver = protonReceiver(server, {
      name: 'wills',
      address: TOPIC,
      durable: { container: 'wills', link: 'wills' },
    });
    while (!this.receiver.ledger.connected) await pause(20);
    this.openTwo(server);
  }

  counts() {
    return { accepted: this.ledger.accepted, received: this.receiver?.ledger.receptions.length ?? 0 };
  }

  killed(): void {
    for (const client of this.staying) client.kill();
    this.staying.clear();
  }

  async afterRestart(server: DurableServer): Promise<Check[]> {
    if (!this.stopping) this.openTwo(server);
    return [];
  }

  waitsFor(): string | undefined {
    if (this.opening > 0) return 'clients with wills are not connected';
    return this.receiver?.ledger.connected ? undefined : 'the receiver of wills is not connected';
  }

  async stopSending(): Promise<void> {
    this.stopping = true;
    this.killed();
    await pause(DELAY_SECONDS * 1000);
  }

  owed(): string | undefined {
    const got = new Set(this.receiver?.ledger.receptions.map(({ sequence }) => sequence));
    const missing = [...this.ledger.sent].find(
      ([sequence, { acceptedAt }]) => acceptedAt !== undefined && !got.has(sequence),
    );
    return missing === undefined ? undefined : `will ${missing[0]}`;
  }

  async finish(_server: DurableServer, killedAt: readonly number[]) {
    await this.receiver?.finish();
    const destination: Destination = {
      name: 'wills',
      producers: [this.ledger],
      receivers: this.receiver === undefined ? [] : [this.receiver.ledger],
      guarantee: 'at-least-once',
      // Delays end when they end.
      order: 'any',
    };
    const comparison = compare(destination, killedAt);
    return { checks: [{ name: 'wills', faults: comparison.faults }], comparisons: [comparison] };
  }

  private openTwo(server: DurableServer): void {
    this.open(server, 'dies first');
    this.open(server, 'dies with the server');
  }

  private open(server: DurableServer, fate: 'dies first' | 'dies with the server'): void {
    const sequence = this.next++;
    const args = ['-oL', 'mosquitto_sub', '-h', '127.0.0.1', '-p', String(server.mqttPort), '-d', '-V', 'mqttv5'];
    args.push('-i', `will-${sequence}`, '-c', '-x', '600', '-t', 'kill/nothing', '-q', '1');
    args.push('--will-topic', TOPIC, '--will-payload', `wills|${sequence}|`, '--will-qos', '1');
    args.push('-D', 'will', 'will-delay-interval', String(DELAY_SECONDS));
    this.ledger.wrote(sequence, Date.now());
    this.opening += 1;
    let isOpen = false;
    const client = new LineProcess('stdbuf', args, (line) => {
      if (isOpen || !line.includes('received SUBACK')) return;
      isOpen = true;
      this.opening -= 1;
      this.ledger.accept(sequence, Date.now());
      if (fate === 'dies first') client.kill();
      else this.staying.add(client);
    });
  }
}

/**
 * Retained messages, set and removed by mosquitto_pub one after the other. After a restart a new subscriber must get what
 * the last acknowledged publication left on each topic; the one that was under way may have been done or not.
 */
import { pause, run } from '../harness/commands.js';
import type { DurableServer } from '../harness/durable-server.js';
import type { Check, Workload } from './workload.js';

const TOPICS = 5;
const PAUSE_MS = 40;

interface Known {
  answered: number | undefined;
  underWay: { readonly value: number | undefined } | undefined;
}

export class RetainedLoad implements Workload {
  readonly kind = 'retained';
  private readonly known = new Map<string, Known>();
  private running = Promise.resolve();
  private underWay = Promise.resolve();
  private stopping = false;
  /** From a kill until what is there was looked at. */
  private paused = false;
  private published = 0;
  private publishedAtRestart = 0;
  private seen = 0;

  async start(server: DurableServer): Promise<void> {
    this.running = this.run(server);
  }

  counts() {
    return { accepted: this.published, received: this.seen };
  }

  killed(): void {
    this.publishedAtRestart = this.published;
    this.paused = true;
  }

  waitsFor(): string | undefined {
    return this.published > this.publishedAtRestart ? undefined : 'no retained message could be published';
  }

  async stopSending(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  owed(): undefined {
    return undefined;
  }

  async afterRestart(server: DurableServer): Promise<Check[]> {
    // A publisher that was under way ends by itself: it has no connection, or is done with the new server.
    await this.underWay;
    const where = ['-h', '127.0.0.1', '-p', String(server.mqttPort)];
    const args = [...where, '-t', 'kill/retained/+', '--retained-only', '-W', '1', '-F', '%t %p'];
    const { stdout } = await run('mosquitto_sub', args);
    const found = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]));
    const faults: string[] = [];
    for (const [topic, { answered, underWay }] of this.known) {
      const value = found.get(topic);
      const got = value === undefined ? undefined : Number(value);
      const possible = underWay === undefined ? [answered] : [answered, underWay.value];
      if (!possible.includes(got)) {
        const wanted = possible.map((one) => one ?? 'nothing').join(' or ');
        faults.push(`${topic} holds ${got ?? 'nothing'}, should hold ${wanted}`);
      }
      this.known.set(topic, { answered: got, underWay: undefined });
      this.seen += 1;
    }
    this.paused = false;
    return [{ name: 'retained messages', faults }];
  }

  async finish(server: DurableServer) {
    const [{ faults } = { faults: [] }] = await this.afterRestart(server);
    return {
      checks: [{ name: `retained messages: ${this.published} publications acknowledged`, faults }],
      comparisons: [],
    };
  }

  private async run(server: DurableServer): Promise<void> {
    const where = ['-h', '127.0.0.1', '-p', String(server.mqttPort), '-q', '1', '-r'];
    for (let value = 1; !this.stopping; await pause(PAUSE_MS)) {
      if (this.paused) continue;
      const topic = `kill/retained/${value % TOPICS}`;
      const answered = this.known.get(topic)?.answered;
      const removes = answered !== undefined && value % 7 === 0;
      const next = removes ? undefined : value;
      this.known.set(topic, { answered, underWay: { value: next } });
      const content = removes ? ['-n'] : ['-m', String(value)];
      this.underWay = this.publish([...where, '-t', topic, ...content], () => {
        this.known.set(topic, { answered: next, underWay: undefined });
        this.published += 1;
      });
      await this.underWay;
      value += 1;
    }
  }

  /** mosquitto_pub ends with 0 only when its message was acknowledged. */
  private async publish(args: readonly string[], acknowledged: () => void): Promise<void> {
    const code = await run('mosquitto_pub', args, { timeoutMs: 10_000 }).then(
      (result) => result.code,
      () => 1,
    );
    if (code === 0) acknowledged();
    // Unanswered, and the server still lives: what it did is looked at after the next kill.
    else this.paused = true;
  }
}

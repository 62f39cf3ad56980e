/** The real broker with jobs on it, on a journal whose commits fail or wait as the test says. */
import { Broker, Message, MessageFormat, type Producer } from '@millrace/broker';
import { type Journal, JournalError } from '@millrace/journal';
import type { Catalogue } from '@millrace/sql';
import { vi } from 'vitest';
import { EmbeddedProcessingPlane } from '../../src/jobs/processing-plane.js';
import { EmbeddedMessageAccess } from '../../src/message-access.js';
import { planOf } from './job-fixture.js';

/** Each commit is reported two milliseconds after it was asked for. */
export class FailingJournal implements Journal {
  readonly durable = false;
  failures = 0;
  /** Whether the n-th commit, from 1, fails. Default: every third. */
  fails: (commit: number) => boolean = (commit) => commit % 3 === 0;
  private commits = 0;
  private appended = 0;

  append(): number {
    return ++this.appended;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    const fails = this.fails(++this.commits);
    if (fails) this.failures += 1;
    const error = fails ? new JournalError('no space left') : undefined;
    setTimeout(() => done(error), 2);
  }
}

const SENDER = { settled: () => {}, capacityChanged: () => {}, addressDeleted: () => {} };

export class Plant {
  readonly journal = new FailingJournal();
  readonly faults: unknown[] = [];
  readonly broker: Broker;
  readonly access: EmbeddedMessageAccess;
  readonly plane: EmbeddedProcessingPlane;

  /** @param journal in place of the one that fails */
  constructor(journal?: Journal) {
    this.broker = new Broker({
      journal: journal ?? this.journal,
      now: Date.now,
      scheduleCommit: () => setImmediate(() => this.broker.commitPending()),
    });
    this.access = new EmbeddedMessageAccess(this.broker);
    this.plane = new EmbeddedProcessingPlane({
      access: this.access,
      otherReceivers: () => 0,
      onFault: (error) => this.faults.push(error),
    });
  }

  async deploy(sql: string, name = 'job', catalogue: Catalogue = {}): Promise<void> {
    await this.plane.deploy(name, { sql, onError: 'fail', paused: false }, planOf(sql, catalogue));
  }

  producer(address: string): Producer {
    const producer = this.broker.openProducer(address, SENDER, { undeclared: 'topic' });
    if (typeof producer === 'string') throw new Error(producer);
    return producer;
  }

  /** Sends messages that nobody waits to hear of. */
  send(address: string, ...messages: readonly Message[]): void {
    const producer = this.producer(address);
    for (const message of messages) {
      message.address = address;
      if (producer.send(message, -1) !== 'accepted') throw new Error(producer.refusal);
    }
    producer.close();
  }

  /** What lies in a queue, as the digits and colons at the end of each message. */
  stored(queue: string): string[] {
    const browsed = this.broker.browse(queue, { limit: 100_000 }) ?? [];
    return browsed.map(
      ({ message }) => /[\d:]+$/.exec(message.bytes.toString('latin1', message.split, message.end))![0],
    );
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.broker.tick(Date.now());
      vi.advanceTimersByTime(Math.min(left, 100));
    }
    this.broker.tick(Date.now());
  }
}

/** As from an MQTT client without properties. */
export function text(body: string | number): Message {
  return message(MessageFormat.mqtt, Buffer.from(String(body)));
}

export function message(format: Message['format'], bytes: Buffer): Message {
  const made = new Message();
  made.format = format;
  made.bytes = bytes;
  made.end = bytes.length;
  return made;
}

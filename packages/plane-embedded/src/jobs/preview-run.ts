/**
 * A query over what is stored and what comes, for a moment and for one person: it browses a queue, and listens to a topic beside
 * its other subscribers. It takes nothing, sends nothing and keeps nothing. A little at a time, since it runs on the broker's
 * thread for no other reason than curiosity.
 */
import { type Broker, type Consumer, type Delivery, type Message, Outcome, type Subscription } from '@millrace/broker';
import type { Preview, PreviewEvents, PreviewOptions, PreviewProgress } from '@millrace/controller';
import type { QueryPlan } from '@millrace/sql';
import { compileJob, type Job } from '@millrace/stream-engine';
import { AddressNames } from '../address-names.js';
import { BatchBuilder } from '../batch-builder.js';
import { openRefusal } from '../commit-refusal.js';
import { RowReader } from '../translate/row-from-message.js';
import { describeFailure, describeRunning } from './job-status.js';

/** Messages of one slice. */
const SLICE_MESSAGES = 512;
const SLICE_BYTES = 1024 * 1024;
/** How often the clock is looked at: windows end by it when nothing comes. */
const TICK_MS = 200;

export class PreviewRun implements Preview, Consumer {
  private readonly broker: Broker;
  private readonly plan: QueryPlan;
  private readonly options: PreviewOptions;
  private readonly events: PreviewEvents;
  private readonly job: Job;
  private readonly rows: RowReader;
  private readonly names = new AddressNames();
  private batch: BatchBuilder;
  private readonly subscription: Subscription;
  private readonly timer: NodeJS.Timeout;
  private taken = 0;
  private unreadable = 0;
  private paused = false;
  private stopped = false;
  private scheduled = false;
  private isSourceGone = false;

  /** @throws PlaneRefusal when the source cannot be looked into, JobError for a regular expression that cannot be used */
  constructor(broker: Broker, plan: QueryPlan, options: PreviewOptions, events: PreviewEvents) {
    this.broker = broker;
    this.plan = plan;
    this.options = options;
    this.events = events;
    // Its rows are looked at and never sent: they go nowhere, and need not have the shape of a message.
    this.job = compileJob({ ...plan, target: 'preview', body: 'column' }, { onError: options.onError });
    this.rows = new RowReader(this.job.columns);
    this.batch = new BatchBuilder(this.job.columns, this.names.list);
    const subscription = this.subscribe();
    if (typeof subscription === 'string') throw openRefusal(subscription, plan.source.address);
    this.subscription = subscription;
    this.timer = setInterval(() => this.schedule(), TICK_MS);
    subscription.wake();
  }

  capacity(): number {
    if (this.stopped || this.paused || this.batch.contentBytes >= SLICE_BYTES) return 0;
    return Math.min(SLICE_MESSAGES - this.batch.count, this.options.messagesMax - this.taken);
  }

  deliver(message: Message, delivery: Delivery | undefined): void {
    if (delivery === undefined) return;
    this.taken += 1;
    const { batch } = this;
    const row = batch.addRow(message.time, delivery);
    batch.contentBytes += message.end - message.start;
    if (batch.addresses !== undefined) batch.addresses[row] = this.names.idOf(message.address);
    try {
      this.rows.read(message, delivery, batch, row);
    } catch {
      batch.removeLastRow();
      this.unreadable += 1;
    }
    // Of a topic it is this subscription's own copy; of a queue this does nothing.
    delivery.settle(Outcome.accepted);
    this.schedule();
  }

  closed(): void {
    this.isSourceGone = true;
    this.schedule();
  }

  progress(): PreviewProgress {
    const { counters, watermarkMs, openWindows } = this.job;
    const { address } = this.plan.source;
    const { message } = describeRunning({
      source: address,
      target: '',
      rowsIn: counters.rowsIn,
      backlog: this.batch.count + (this.isSourceGone ? 0 : this.subscription.backlog()),
      nextWindowEndMs: this.job.nextWindowEndMs(),
      nowMs: this.broker.nowMs,
      refusal: undefined,
      sourceGone: this.isSourceGone,
      recovering: false,
    });
    return {
      rowsIn: counters.rowsIn,
      rowsOut: counters.rowsOut,
      rowsLate: counters.rowsLate,
      rowsFailed: counters.rowsFailed + this.unreadable,
      watermark: watermarkMs === undefined ? undefined : new Date(watermarkMs).toISOString(),
      openWindows,
      message,
    };
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.schedule();
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    clearInterval(this.timer);
    if (!this.isSourceGone) this.subscription.close();
  }

  private subscribe(): ReturnType<Broker['subscribe']> {
    const { address } = this.plan.source;
    if (this.broker.address(address)?.settings.type === 'queue') {
      const after = this.options.from === 'new' ? (this.broker.lastId(address) ?? 0) : 0;
      return this.broker.subscribe(address, this, { settles: 'explicit', browse: true, after });
    }
    if (this.broker.address(address)?.settings.type === 'anycast') return 'not-allowed';
    return this.broker.subscribe(address, this, { settles: 'explicit', whenFull: 'dropOldest' });
  }

  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.slice();
    });
  }

  private slice(): void {
    if (this.stopped) return;
    const { batch, job } = this;
    try {
      if (batch.count > 0) job.process(batch);
      batch.clear();
      if (!this.isSourceGone && !this.paused) this.subscription.wake();
      // The clock counts when nothing waits: a backlog has a time of its own.
      const isDrained = batch.count === 0 && (this.isSourceGone || this.subscription.backlog() === 0);
      if (isDrained && !this.paused) job.advance(this.broker.nowMs);
      const rows = job.takeOutputs();
      if (rows.length > 0) this.events.rows(rows.map(({ row }) => row));
    } catch (error) {
      const { message } = describeFailure(error, this.plan.sql);
      this.end('failed', message);
      return;
    }
    if (this.isSourceGone) this.end('source-gone', `the address ${this.plan.source.address} was deleted`);
    else if (this.taken >= this.options.messagesMax && batch.count === 0) {
      this.end('limit', `${this.taken} messages were looked at`);
    }
  }

  private end(reason: 'limit' | 'source-gone' | 'failed', message: string): void {
    if (this.stopped) return;
    this.stop();
    this.events.ended(reason, message);
  }
}

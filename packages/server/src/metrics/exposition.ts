/**
 * The text that Prometheus reads. Loaded at the first scrape: a server that nobody scrapes pays nothing. Event-loop delay
 * and garbage collection are measured from then on.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ADDRESS_METRICS, JOB_METRICS } from './document-metrics.js';
import type { Metric } from './metric.js';
import { CONNECTION_METRICS, SERVER_METRICS, STORE_METRICS } from './server-metrics.js';
import { Snapshots } from './snapshot.js';
import type { MetricsSources, Snapshot } from './sources.js';

export const METRIC_GROUPS: readonly (readonly [string, readonly Metric[]])[] = [
  ['Server', SERVER_METRICS],
  ['Listeners, connections and links', CONNECTION_METRICS],
  ['Addresses', ADDRESS_METRICS],
  ['Jobs', JOB_METRICS],
  ['What is stored', STORE_METRICS],
];

export class Exposition {
  readonly contentType: string;
  private readonly registry = new Registry();
  private readonly snapshots: Snapshots;
  private snapshot: Snapshot | undefined;
  /** Two scrapes at once are one after the other: they share what is remembered. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(sources: MetricsSources) {
    this.snapshots = new Snapshots(sources);
    this.contentType = this.registry.contentType;
    collectDefaultMetrics({ register: this.registry });
    for (const [, metrics] of METRIC_GROUPS) for (const metric of metrics) this.register(metric);
  }

  text(): Promise<string> {
    const text = this.last.then(() => this.scrape());
    this.last = text.catch(() => {});
    return text;
  }

  private async scrape(): Promise<string> {
    this.snapshot = await this.snapshots.take();
    try {
      return await this.registry.metrics();
    } finally {
      this.snapshot = undefined;
    }
  }

  private register({ name, help, kind, labels, read }: Metric): void {
    const samples = () => (this.snapshot === undefined ? [] : read(this.snapshot));
    const common = { name, help, labelNames: labels, registers: [this.registry] };
    if (kind === 'gauge') {
      const metric: Gauge = new Gauge({
        ...common,
        collect: () => {
          metric.reset();
          // Without labels the library puts a 0 in place of what was taken away.
          if (labels.length === 0) metric.remove();
          for (const sample of samples()) metric.set(sample.labels, sample.value);
        },
      });
      return;
    }
    const metric: Counter = new Counter({
      ...common,
      collect: () => {
        metric.reset();
        if (labels.length === 0) metric.remove();
        for (const sample of samples()) metric.inc(sample.labels, sample.value);
      },
    });
  }
}

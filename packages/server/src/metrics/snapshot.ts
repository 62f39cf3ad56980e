/** Reads everything once. Counters are plain integers that the planes keep anyway: nothing is counted for a scrape. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PlaneFigures } from '@millrace/plane-embedded';
import { BoundedSeries } from './bounded-series.js';
import { ADDRESS_COUNTERS, JOB_COUNTERS } from './document-metrics.js';
import type { AddressFigures, JobFigures, MetricsSources, Snapshot } from './sources.js';

/** So many are looked at before others get their turn: less than a millisecond. */
const ADDRESSES_A_TURN = 200;

/** What has to be remembered from scrape to scrape. */
export class Snapshots {
  private readonly sources: MetricsSources;
  private readonly addresses = new BoundedSeries(ADDRESS_COUNTERS.length);
  private readonly jobs = new BoundedSeries(JOB_COUNTERS.length);

  constructor(sources: MetricsSources) {
    this.sources = sources;
  }

  /** With many addresses the messages get their turn in between: the numbers are then some ms apart. */
  async take(): Promise<Snapshot> {
    const { sources } = this;
    const { controller } = sources;
    const plane = sources.figures();
    const limits = sources.limits();
    const declared = new Set(controller.names('Address'));
    const addresses: AddressFigures[] = [];
    for (const view of plane.addresses) {
      addresses.push(addressOf(view, declared.has(view.name), controller));
      if (addresses.length % ADDRESSES_A_TURN === 0) await nextTurn();
    }
    return {
      sources,
      plane,
      store: sources.store(),
      connections: controller.messaging.observeConnections(),
      addresses: this.addresses.update(addresses, limits.addresses),
      jobs: this.jobs.update(jobsOf(sources), limits.jobs),
    };
  }
}

function addressOf(
  view: PlaneFigures['addresses'][number],
  declared: boolean,
  controller: MetricsSources['controller'],
): AddressFigures {
  return {
    name: view.name,
    counters: ADDRESS_COUNTERS.map(([, field]) => view.counters[field]),
    stored: view.stored,
    storedBytes: view.bytes,
    pagedOut: view.pagedOut,
    senders: view.senders,
    receivers: view.receivers,
    full: view.full,
    ready: declared && controller.isAddressReady(view.name),
    messagesLimit: declared ? view.settings.limits.messages : 0,
    bytesLimit: declared ? view.settings.limits.bytes : 0,
  };
}

function jobsOf({ controller }: MetricsSources): readonly JobFigures[] {
  return controller.names('Job').flatMap((name) => {
    const observation = controller.processing.observe(name);
    if (observation === undefined) return [];
    return [{ name, observation, counters: JOB_COUNTERS.map(([, field]) => observation[field]) }];
  });
}

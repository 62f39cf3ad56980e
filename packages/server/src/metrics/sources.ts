/** What is read at a scrape, once for all metrics of it. */

import type { StoreStatus } from '@millrace/contract';
import type { ConnectionObservation, Controller, JobObservation } from '@millrace/controller';
import type { PlaneFigures } from '@millrace/plane-embedded';
import type { Bounded } from './bounded-series.js';
import type { HttpRequests } from './http-requests.js';
import type { SeriesLimits } from './series-limits.js';

export interface MetricsSources {
  readonly version: string;
  readonly controller: Controller;
  /** Undefined for planes that count elsewhere. */
  readonly figures: () => PlaneFigures;
  readonly store: () => StoreStatus;
  readonly storeLimitBytes: number | undefined;
  /** Of the server's certificate; undefined without TLS. */
  readonly certificateValidTo: () => Date | undefined;
  readonly requests: HttpRequests;
  readonly limits: () => SeriesLimits;
}

export interface AddressFigures {
  readonly name: string;
  /** In the order of ADDRESS_COUNTERS. */
  readonly counters: readonly number[];
  readonly stored: number;
  readonly storedBytes: number;
  readonly pagedOut: number;
  readonly senders: number;
  readonly receivers: number;
  readonly full: boolean;
  readonly ready: boolean;
  /** 0: without a document, and so without limits of its own. */
  readonly messagesLimit: number;
  readonly bytesLimit: number;
}

export interface JobFigures {
  readonly name: string;
  /** In the order of JOB_COUNTERS. */
  readonly counters: readonly number[];
  readonly observation: JobObservation;
}

export interface Snapshot {
  readonly sources: MetricsSources;
  readonly plane: PlaneFigures;
  readonly store: StoreStatus;
  readonly connections: readonly ConnectionObservation[];
  readonly addresses: Bounded<AddressFigures>;
  readonly jobs: Bounded<JobFigures>;
}

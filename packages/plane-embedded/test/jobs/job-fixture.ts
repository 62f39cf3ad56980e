/** A plane with one scripted source, on timers that the test moves. */
import type { JobSpec } from '@millrace/contract';
import type { JobObservation } from '@millrace/controller';
import { type Catalogue, checkJob, type JobPlan } from '@millrace/sql';
import { vi } from 'vitest';
import { EmbeddedProcessingPlane } from '../../src/jobs/processing-plane.js';
import { ScriptedAccess } from './scripted-access.js';

/** A multiple of 5 seconds. */
export const START = Date.UTC(2026, 10, 24, 10, 0, 0);

/** `count:max` of each 5 seconds, with the window's start in seconds since START as the subject. */
export const MAXIMA = `
  INSERT INTO max
  SELECT concat_ws(':', CAST(count(*) AS STRING), CAST(max(CAST(body AS INT)) AS STRING)) AS body,
         CAST(unix_timestamp(window.start) - ${START / 1000} AS STRING) AS subject
  FROM STREAM temperature
  GROUP BY window(time, '5 seconds')`;

export class JobFixture {
  readonly access = new ScriptedAccess();
  readonly faults: unknown[] = [];
  otherReceivers = 0;
  plane = this.open();

  /** Timers, setImmediate and the clock stand still at START until `pass`. */
  static begin(): JobFixture {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
    return new JobFixture();
  }

  /** As when the process ends and begins: what was committed is there, and jobs are deployed again by whoever did it. */
  restart(): void {
    this.plane.close();
    this.plane = this.open();
  }

  end(): void {
    this.plane.close();
    vi.useRealTimers();
    if (this.faults.length > 0) throw this.faults[0];
  }

  async deploy(sql: string = MAXIMA, spec: Partial<JobSpec> = {}): Promise<void> {
    await this.plane.deploy('job', { sql, onError: 'fail', paused: false, ...spec }, planOf(sql));
  }

  /** Lets that much time pass. Default: enough for what is due now; a setImmediate in a timer takes the test's clock 1 ms. */
  pass(ms = 2): void {
    vi.advanceTimersByTime(ms);
  }

  /** Messages accepted at START + `seconds`. */
  send(seconds: number, ...bodies: readonly (string | number)[]): void {
    this.access.send(...bodies.map((body) => ({ time: START + seconds * 1000, body: String(body) })));
  }

  get status(): JobObservation {
    const observation = this.plane.observe('job');
    if (observation === undefined) throw new Error('there is no job');
    return observation;
  }

  private open(): EmbeddedProcessingPlane {
    return new EmbeddedProcessingPlane({
      access: this.access,
      otherReceivers: () => this.otherReceivers,
      onFault: (error) => this.faults.push(error),
    });
  }

  /** `start=count:max` of each window stored. */
  get windows(): readonly string[] {
    return this.access.stored.map(({ subject, body }) => `${subject}=${String(body)}`);
  }
}

export function planOf(sql: string, catalogue: Catalogue = {}): JobPlan {
  const { plan, diagnostics } = checkJob(sql, { catalogue });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
}

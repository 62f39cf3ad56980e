/** What was found → the status of a document. Pure: the reconcilers find, this says. */
import type { AddressStatistics, AddressStatus, JobStatistics, JobStatus } from '@millrace/contract';
import type { ConditionFinding } from './conditions.js';
import type { AddressObservation } from './ports/messaging-plane.js';
import type { JobObservation } from './ports/processing-plane.js';

/** Why something is not as wished. */
export interface Obstacle {
  readonly reason: string;
  readonly message: string;
  /** True: waiting does not help, someone must change something. */
  readonly permanent: boolean;
}

const ACCEPTED: ConditionFinding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };

export function addressFindings(
  observation: AddressObservation | undefined,
  obstacle: Obstacle | undefined,
): readonly ConditionFinding[] {
  if (obstacle !== undefined) {
    const accepted: ConditionFinding = obstacle.permanent
      ? { type: 'Accepted', status: 'False', reason: obstacle.reason, message: obstacle.message }
      : ACCEPTED;
    return [accepted, { type: 'Ready', status: 'False', reason: obstacle.reason, message: obstacle.message }];
  }
  if (observation === undefined) {
    const message = 'the messaging plane does not have it yet';
    return [ACCEPTED, { type: 'Ready', status: 'False', reason: 'Declaring', message }];
  }
  const { ready, reason, message } = observation;
  return [ACCEPTED, { type: 'Ready', status: ready ? 'True' : 'False', reason, message }];
}

export function addressPhase(findings: readonly ConditionFinding[]): AddressStatus['phase'] {
  if (holds(findings, 'Ready')) return 'Ready';
  return holds(findings, 'Accepted') ? 'Pending' : 'Failed';
}

export function addressStatistics(observation: AddressObservation): AddressStatistics {
  const { ready: _ready, reason: _reason, message: _message, duplicates = 0, ...statistics } = observation;
  return { ...statistics, duplicates };
}

/** What the reconciler of jobs knows beside what the plane shows. */
export interface JobFinding {
  /** The document itself cannot be run. */
  readonly refused: Obstacle | undefined;
  /** Addresses it needs that are not there. */
  readonly missing: readonly string[];
  /** The plane did not do what was asked. */
  readonly obstacle: Obstacle | undefined;
}

export function jobFindings(finding: JobFinding, observation: JobObservation | undefined): readonly ConditionFinding[] {
  const { refused, missing, obstacle } = finding;
  if (refused !== undefined) {
    const { reason, message } = refused;
    return [
      { type: 'Accepted', status: 'False', reason, message },
      { type: 'Ready', status: 'False', reason, message },
    ];
  }
  if (missing.length > 0) {
    const waiting = { status: 'False', reason: 'WaitingForAddress', message: waitingMessage(missing) } as const;
    return [ACCEPTED, { type: 'AddressesReady', ...waiting }, { type: 'Ready', ...waiting }];
  }
  const addresses: ConditionFinding = { type: 'AddressesReady', status: 'True', reason: 'Declared', message: '' };
  if (obstacle !== undefined) {
    const { reason, message } = obstacle;
    return [ACCEPTED, addresses, { type: 'Ready', status: 'False', reason, message }];
  }
  return [ACCEPTED, addresses, readyFinding(observation)];
}

function readyFinding(observation: JobObservation | undefined): ConditionFinding {
  if (observation === undefined) {
    return {
      type: 'Ready',
      status: 'False',
      reason: 'Deploying',
      message: 'the processing plane does not have it yet',
    };
  }
  const { phase, reason, message } = observation;
  const running = phase === 'Running';
  return { type: 'Ready', status: running ? 'True' : 'False', reason: reason === '' ? phase : reason, message };
}

export function jobPhase(finding: JobFinding, observation: JobObservation | undefined): JobStatus['phase'] {
  if (finding.refused !== undefined || finding.obstacle?.permanent === true) return 'Failed';
  if (finding.missing.length > 0 || finding.obstacle !== undefined) return 'Pending';
  return observation?.phase ?? 'Pending';
}

export function jobStatistics(observation: JobObservation): JobStatistics {
  const { rowsIn, rowsOut, rowsLate, rowsFailed, backlog, watermark, openWindows, stateRows } = observation;
  const counts = { rowsIn, rowsOut, rowsLate, rowsFailed, backlog, openWindows, stateRows };
  return watermark === undefined ? counts : { ...counts, watermark };
}

function waitingMessage(missing: readonly string[]): string {
  const names = missing.join(' and ');
  return missing.length === 1
    ? `waiting for address ${names}: the job goes on by itself when it is declared`
    : `waiting for addresses ${names}: the job goes on by itself when they are declared`;
}

function holds(findings: readonly ConditionFinding[], type: string): boolean {
  return findings.some((finding) => finding.type === type && finding.status === 'True');
}

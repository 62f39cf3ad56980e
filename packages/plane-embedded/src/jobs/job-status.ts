/** A job's state in words: what it waits for, why it failed. */
import type { JobObservation } from '@millrace/controller';
import { JobError, StateError } from '@millrace/stream-engine';

export interface RunningFacts {
  readonly source: string;
  readonly target: string;
  readonly rowsIn: number;
  readonly backlog: number;
  readonly nextWindowEndMs: number | undefined;
  readonly nowMs: number;
  readonly refusal: Error | undefined;
  readonly sourceGone: boolean;
  readonly recovering: boolean;
}

export function describeRunning(facts: RunningFacts): Pick<JobObservation, 'phase' | 'reason' | 'message'> {
  const { source, refusal, nextWindowEndMs, backlog } = facts;
  if (refusal !== undefined) {
    const message = `results wait: ${refusal.message}; it is tried again until it works`;
    return { phase: 'Running', reason: 'ResultsRefused', message };
  }
  if (facts.recovering) return { phase: 'Running', reason: 'Recovering', message: 'its state is being read back' };
  if (facts.sourceGone) return { phase: 'Running', reason: 'SourceGone', message: `the address ${source} was deleted` };
  if (backlog > 0) return { phase: 'Running', reason: 'CatchingUp', message: `${backlog} messages wait to be read` };
  if (nextWindowEndMs !== undefined) {
    const end = new Date(nextWindowEndMs).toISOString();
    const seconds = Math.max(0, (nextWindowEndMs - facts.nowMs) / 1000).toFixed(1);
    return { phase: 'Running', reason: 'WindowOpen', message: `the window that ends at ${end} closes in ${seconds} s` };
  }
  if (facts.rowsIn === 0) {
    return { phase: 'Running', reason: 'NothingArrived', message: `nothing has arrived on ${source} yet` };
  }
  return { phase: 'Running', reason: 'Idle', message: `all that arrived on ${source} is computed` };
}

/** @param refusal why the last results do not get through yet */
export function describePaused(refusal: Error | undefined): Pick<JobObservation, 'phase' | 'reason' | 'message'> {
  const message = 'what arrives waits at its source';
  if (refusal === undefined) return { phase: 'Paused', reason: 'Paused', message };
  return {
    phase: 'Paused',
    reason: 'ResultsRefused',
    message: `${message}; its last results wait: ${refusal.message}; it is tried again until it works`,
  };
}

export function describeSource(source: string, otherReceivers: number): readonly string[] {
  if (otherReceivers === 0) return [];
  const receivers = otherReceivers === 1 ? 'one other receiver' : `${otherReceivers} other receivers`;
  return [`it competes with ${receivers} on the queue ${source}: each message goes to one of them`];
}

export function describeUnreadable(count: number, last: string): readonly string[] {
  if (count === 0) return [];
  const messages =
    count === 1 ? '1 message is no row of the schema and is' : `${count} messages are no rows of the schema and are`;
  return [`${messages} among the dead letters, with the reason; the last: ${last}`];
}

export function describeFailure(error: unknown, sql: string): { readonly reason: string; readonly message: string } {
  if (error instanceof StateError) {
    const message = `${error.message}; it reads and writes nothing until that is mended, or it is deleted and applied anew`;
    return { reason: 'StateUnreadable', message };
  }
  if (!(error instanceof JobError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { reason: 'InternalError', message: `a fault in the engine: ${message}` };
  }
  if (error.condition === 'STATE_LIMIT_EXCEEDED') return { reason: 'StateLimitExceeded', message: error.message };
  const { span, row } = error;
  const place = span === undefined ? '' : ` in ${sql.slice(span.start, span.end)}`;
  const example = row === undefined ? '' : `; the row was ${row}`;
  const message = `${error.message}${place}${example}; onError: skip passes over such rows`;
  return { reason: 'ExpressionFailed', message };
}

/** A job's state on Spark in words: what it waits for, why it failed. Pure. */
import type { JobObservation } from '@millrace/controller';
import type { Failure } from './failures.js';
import type { JobLoop } from './job-loop.js';
import type { QueueFacts } from './settings.js';

type Words = Pick<JobObservation, 'phase' | 'reason' | 'message'>;

export function describeJob(loop: JobLoop, link: { readonly isConnected: boolean; readonly problem: Failure }): Words {
  const { state, wish, note } = loop;
  if (state.kind === 'failed') return { phase: 'Failed', reason: state.reason, message: state.message };
  if (!link.isConnected)
    return { phase: 'Pending', ...link.problem, message: notConnected(link.problem.message, wish) };
  if (wish === 'pause') return describePause(state.kind === 'paused');
  if (loop.isAsWished) return withNote(describeRunning(loop), note);
  if (state.kind === 'waiting') {
    return { phase: 'Pending', reason: state.reason, message: `${state.message}; it is begun again by itself` };
  }
  return { phase: 'Pending', reason: 'Starting', message: 'its query is being started on Spark' };
}

function notConnected(message: string, wish: JobLoop['wish']): string {
  return wish === 'pause' ? `${message}; the job is paused on Spark as soon as it is reached` : message;
}

function describePause(isPaused: boolean): Words {
  if (isPaused) return { phase: 'Paused', reason: 'Paused', message: 'what arrives waits at its source' };
  return { phase: 'Paused', reason: 'Pausing', message: 'its query is being stopped on Spark' };
}

function describeRunning({ counts, definition }: JobLoop): Words {
  const { address } = definition.plan.source;
  // What is sent before may be in a later window than its sender thinks.
  if (!counts.source.wasConnected) {
    const { problem } = counts.source;
    const message = problem === undefined ? 'its source is being connected' : `its source is not connected: ${problem}`;
    return { phase: 'Pending', reason: 'ConnectingSource', message };
  }
  if (counts.source.problem !== undefined) {
    const message = `Spark has no connection with the broker: ${counts.source.problem}; it is tried again until it works`;
    return { phase: 'Running', reason: 'BrokerNotReachable', message };
  }
  if (counts.backlog > 0) {
    return { phase: 'Running', reason: 'CatchingUp', message: `${counts.backlog} messages wait to be computed` };
  }
  if (counts.stateRows > 0) {
    const message = `a window is open; Spark keeps ${counts.stateRows} rows of state`;
    return { phase: 'Running', reason: 'WindowOpen', message };
  }
  if (counts.rowsIn === 0) {
    return { phase: 'Running', reason: 'NothingArrived', message: `nothing has arrived on ${address} yet` };
  }
  return { phase: 'Running', reason: 'Idle', message: `all that arrived on ${address} is computed` };
}

function withNote(words: Words, note: string | undefined): Words {
  return note === undefined ? words : { ...words, message: `${words.message}; ${note}` };
}

export function warningsOf(
  { counts, definition, isAsWished }: JobLoop,
  queue: QueueFacts | undefined,
): readonly string[] {
  const warnings: string[] = [];
  if (isAsWished && queue !== undefined && queue.receivers > 1) {
    const others = queue.receivers === 2 ? 'one other receiver' : `${queue.receivers - 1} other receivers`;
    const { address } = definition.plan.source;
    warnings.push(`it competes with ${others} on the queue ${address}: each message goes to one of them`);
  }
  if (counts.source.timeIs === 'arrived') {
    warnings.push('the broker does not say when it accepted a message: time is when each arrived at Spark');
  }
  return warnings;
}

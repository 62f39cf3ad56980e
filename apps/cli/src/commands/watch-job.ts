/** Watches a job that others wait for: a silence is to be explained. */
import type { Client, Condition, JobDocument } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import { pause } from '../terminal.js';

const INTERVAL_MS = 1000;

/**
 * Looks every second until the signal.
 * @returns undefined at the signal, or an error with the reason as soon as the job has failed
 */
export async function watchJob(client: Client, name: string, signal: AbortSignal): Promise<CommandError | undefined> {
  while (!signal.aborted) {
    const job = await client.jobs.get(name);
    if (job.status.phase === 'Failed') return failureOf(job);
    await pause(INTERVAL_MS, signal);
  }
  return undefined;
}

function failureOf(job: JobDocument): CommandError {
  const faults = job.status.conditions.filter((condition) => condition.status !== 'True');
  return new CommandError(`the job ${job.metadata.name} has failed`, { where: faults.map(describeCondition) });
}

function describeCondition(condition: Condition): string {
  return `${condition.reason}: ${condition.message}`;
}

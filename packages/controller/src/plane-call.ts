/** A request to a plane, as REST has to answer it: what the plane refuses, and its silence, are problems. */
import { type ProblemDetail, ProblemError, type ProblemSlug, problemError } from '@millrace/contract';
import { PlaneRefusal } from './ports/messaging-plane.js';
import type { Timers } from './timers.js';

const SLUGS: Readonly<Record<PlaneRefusal['reason'], ProblemSlug>> = {
  Unsupported: 'not-supported',
  WouldLoseMessages: 'would-lose-messages',
  NotFound: 'not-found',
  Conflict: 'conflict',
  Full: 'address-full',
  Invalid: 'invalid-document',
};

export interface PlanePatience {
  readonly timers: Timers;
  readonly timeoutMs: number;
}

/** @throws ProblemError also for what the plane threw */
export async function callPlane<T>(what: string, call: () => Promise<T>, patience: PlanePatience): Promise<T> {
  try {
    return await withPatience(what, call, patience);
  } catch (error) {
    throw problemOfPlane(what, error);
  }
}

/** A plane that never answers must not hold up what waits behind it. @throws what the plane throws, or ProblemError */
export async function withPatience<T>(what: string, call: () => Promise<T>, patience: PlanePatience): Promise<T> {
  let cancel = () => {};
  const silence = new Promise<never>((_, reject) => {
    cancel = patience.timers.after(patience.timeoutMs, () => {
      const { timeoutMs } = patience;
      reject(problemError('timed-out', `the plane was asked to ${what} and did not answer within ${timeoutMs} ms`));
    });
  });
  try {
    return await Promise.race([call(), silence]);
  } finally {
    cancel();
  }
}

function problemOfPlane(what: string, error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof PlaneRefusal) {
    const details: ProblemDetail[] = [{ pointer: error.pointer, code: error.reason, detail: error.message }];
    return problemError(SLUGS[error.reason], error.message, details);
  }
  const reason = error instanceof Error ? error.message : String(error);
  const problem = problemError('plane-unavailable', `cannot ${what}: ${reason}`);
  problem.cause = error;
  return problem;
}
